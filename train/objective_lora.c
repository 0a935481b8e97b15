/* train lora: the factors A and B of a new expert on a frozen base: y = W u + (alpha / r) B A u
 * (LoRA, arXiv 2106.09685), started as PHATGOOSE starts its experts (infer/adapter/lora.h). */
#include "train/objective.h"
#include "train/run_options.h"

/* clang-format off: tables */
static const Option OPTIONS[] = {
    PATH("base", base, true, "Hugging Face T5 directory"),
    INT("lora.rank", lora.rank, "16", 1, SIZE_MOST, "rank r of the factors"),
    REAL("lora.alpha", lora.alpha, "1", 0, 1e6, "the update is scaled by alpha / r"),
    LIST("lora.targets", lora.targets, "all-linear", "all-linear, or a list such as [q, v]"),
    CHOICE("lora.dtype", lora.dtype, "f32", "f32|f16|bf16", "storage of the saved factors"),
    DATA_OPTIONS,
    RUN_OPTIONS,
    TRAIN_OPTIONS,
};

/* Experts' steps in the code of each: PHATGOOSE (arXiv 2402.05859), GLIDER (arXiv 2410.07172). */
static const RecipeRow RECIPES[] = {
    {RECIPE_PHATGOOSE, "1000", "5e-3", "constant", "0.06", "1024", NULL},
    {RECIPE_GLIDER, "1500", "3e-3", "linear", "0.02", "128", NULL},
};
/* clang-format on */

static Status open_lora(Objective *o, const char *dir, bool resume, Error *err) {
  (void)dir, (void)resume;
  const RunSettings *s = o->settings;
  TRY(foundation_open(&o->on, s->base, NULL, err));
  const Modules *modules = &o->on.base.model->modules;
  Lora *lora = NULL;
  TRY(lora_new(&lora, modules, (int)s->lora.rank, (float)s->lora.alpha, s->lora.targets,
               (uint64_t)s->train.seed, err));
  o->own = lora;
  TRY(lora_adapters(lora, &o->adapters, err));
  TRY(objective_reserve(o, 2 * modules->count, err));
  for (int i = 0; i < modules->count; i++) {
    LoraFactor *f = &lora->factor[i];
    if (!lora_covers(lora->factor, i)) continue;
    TRY(objective_add(o, &f->a, modules->module[i].name, ".lora_A.weight", err));
    TRY(objective_add(o, &f->b, modules->module[i].name, ".lora_B.weight", err));
  }
  return STATUS_OK;
}

static void close_lora(Objective *o) {
  lora_close(o->own);
}

static Status save_lora(const Objective *o, const char *dir, int64_t steps, Error *err) {
  (void)steps;
  const RunSettings *s = o->settings;
  return lora_save(o->own, &o->on.base.model->modules, dir, s->base, (Dtype)s->lora.dtype, err);
}

const ObjectiveKind objective_lora = {
    .name = "lora",
    .result = "adapter_model.safetensors",
    .option = OPTIONS,
    .options = LENGTH(OPTIONS),
    .recipe = RECIPES,
    .recipes = LENGTH(RECIPES),
    .passes = 2,
    .open = open_lora,
    .close = close_lora,
    .save = save_lora,
};
