/* train ia3: the vectors of a new (IA)3 on a frozen base, from ones, by the losses of T-Few (Liu et
 * al. 2022, arXiv 2205.05638): what W multiplies, or what comes of it, is rescaled element by
 * element (autograd/op/adapter.h). */
#include "train/choice_loss.h"
#include "train/objective.h"
#include "train/run_options.h"

/* clang-format off: tables */
static const Option OPTIONS[] = {
    PATH("base", base, true, "Hugging Face T5 directory"),
    LIST("ia3.targets", ia3.targets, "k,v,wo", "all-linear, or a list such as [k, v, wo]"),
    LIST("ia3.feedforward", ia3.feedforward, "wo",
         "those whose inputs are rescaled; of the others it is outputs"),
    CHOICE("ia3.dtype", ia3.dtype, "f32", "f32|f16|bf16", "storage of the saved vectors"),
    REAL("loss.language", loss.language, "1", 0, 1e6, "weight of the right choice's tokens"),
    REAL("loss.choice", loss.choice, "1", 0, 1e6,
         "weight of choosing the right choice by length-normalised scores; 0: off"),
    REAL("loss.unlikely", loss.unlikely, "1", 0, 1e6,
         "weight of making the other choices unlikely; with loss.choice 0 they are unread"),
    REAL("loss.length_norm", loss.length_norm, "1", 0, 10,
         "scores are divided by tokens to this power"),
    BOOL("loss.count_masked", loss.count_masked, "false",
         "add the constant that T-Few's code makes of masked tokens; nothing is learnt from it"),
    TEXT("data.choices_key", data.choices_key, "choices", "JSON key of the list of choices"),
    TEXT("data.label_key", data.label_key, "label", "JSON key of the right one's index"),
    CHOICE("train.optimizer", train.optimizer, "adafactor", "adamw|adafactor",
           "update rule; weight_decay is of both, beta2 of adamw"),
    BOOL("train.scale_parameter", train.scale_parameter, "true",
         "adafactor: steps in proportion to the size of the vectors"),
    DATA_OPTIONS,
    RUN_OPTIONS,
    TRAIN_OPTIONS,
};

static const char *const TFEW[] = {"data.max_input", "256", "data.max_target", "256", NULL};

/* The few-shot runs of the paper's code (r-three/t-few: configs/ia3.json and the data sets'). */
static const RecipeRow RECIPES[] = {
    {RECIPE_TFEW, "1000", "3e-3", "linear", "0.06", "8", TFEW},
};
/* clang-format on */

/* A weight that nothing is weighed against would change nothing, or not what it seems to. */
static Status check_losses(const LossSettings *l, Error *err) {
  bool compares = choice_loss_compares(l);
  if (compares || (l->language >= 1 && l->language <= 1)) return STATUS_OK;
  return error_set(err, STATUS_USAGE,
                   "loss.language: is %g, but loss.choice and loss.unlikely are 0; want 1 of the "
                   "only loss there is",
                   l->language);
}

static Status open_ia3(Objective *o, const char *dir, bool resume, Error *err) {
  (void)dir, (void)resume;
  const RunSettings *s = o->settings;
  TRY(check_losses(&s->loss, err));
  TRY(foundation_open(&o->on, s->base, NULL, err));
  const Modules *modules = &o->on.base.model->modules;
  Ia3 *ia3 = NULL;
  TRY(ia3_new(&ia3, modules, s->ia3.targets, s->ia3.feedforward, err));
  o->own = ia3;
  TRY(ia3_adapters(ia3, &o->adapters, err));
  TRY(objective_reserve(o, modules->count, err));
  for (int i = 0; i < modules->count; i++) {
    if (!ia3_covers(ia3->vector, i)) continue;
    TRY(objective_add(o, &ia3->vector[i].l, modules->module[i].name, ".ia3_l", err));
  }
  return STATUS_OK;
}

static void close_ia3(Objective *o) {
  ia3_close(o->own);
}

static Status save_ia3(const Objective *o, const char *dir, int64_t steps, Error *err) {
  (void)steps;
  const RunSettings *s = o->settings;
  return ia3_save(o->own, &o->on.base.model->modules, dir, s->base, (Dtype)s->ia3.dtype, err);
}

static ChoiceUse ia3_choices(const RunSettings *s) {
  return choice_loss_compares(&s->loss) ? CHOICES_ALL : CHOICES_RIGHT;
}

/* Without a comparison an example is its right choice, and the loss the ordinary one. */
static BatchLoss ia3_loss(const RunSettings *s) {
  return choice_loss_compares(&s->loss) ? choice_loss(&s->loss) : (BatchLoss){0};
}

const ObjectiveKind objective_ia3 = {
    .name = "ia3",
    .result = "adapter_model.safetensors",
    .option = OPTIONS,
    .options = LENGTH(OPTIONS),
    .recipe = RECIPES,
    .recipes = LENGTH(RECIPES),
    .choices = ia3_choices,
    .loss = ia3_loss,
    .passes = 2,
    .open = open_ia3,
    .close = close_ia3,
    .save = save_ia3,
};
