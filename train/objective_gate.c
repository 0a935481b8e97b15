/* train gate: one sigmoid gate a covered linear, behind which a frozen expert adds to a frozen base
 * (PHATGOOSE, arXiv 2402.05859): with sigma(v . u) (alpha / r) B A u, or what an
 * (IA)3 changes (autograd/op/adapter.h), v = 0 at the start. */
#include <stdlib.h>
#include <string.h>

#include "data/file/path.h"
#include "train/objective.h"
#include "train/report.h"
#include "train/run_options.h"

/* clang-format off: tables */
static const Option OPTIONS[] = {
    PATH("base", base, true, "Hugging Face T5 directory"),
    PATH("expert", expert, true, "PEFT directory of a LoRA or (IA)3 trained on that base"),
    DATA_OPTIONS,
    RUN_OPTIONS,
    TRAIN_OPTIONS,
};

/* The gates' steps in the code of each: PHATGOOSE (arXiv 2402.05859), GLIDER (arXiv 2410.07172),
 * MTTL (Arrow, arXiv 2405.11157). */
static const RecipeRow RECIPES[] = {
    {RECIPE_PHATGOOSE, "100", "5e-3", "constant", "0.06", "1024", NULL},
    {RECIPE_GLIDER, "200", "3e-3", "linear", "0.02", "128", NULL},
    {RECIPE_MTTL, "100", "1e-3", "constant", "0.1", "4", NULL},
};
/* clang-format on */

typedef struct GateParts {
  Gate *gate;
  GateStats *stats;    /* [modules.count] filled by every forward */
  GateVerdict verdict; /* of the report */
} GateParts;

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: preparing the run");
}

static GatedExpert gated_expert(const Objective *o) {
  const GateParts *own = o->own;
  return (GatedExpert){o->on.base.model, &o->on.expert, own->gate, &o->adapters, own->stats};
}

static Status open_gate(Objective *o, const char *dir, bool resume, Error *err) {
  (void)dir, (void)resume;
  TRY(foundation_open(&o->on, o->settings->base, o->settings->expert, err));
  const Modules *modules = &o->on.base.model->modules;
  GateParts *own = o->own = calloc(1, sizeof *own);
  if (!own) return no_memory(err);
  TRY(gate_new(&own->gate, &o->on.expert, modules, err));
  TRY(gate_adapters(own->gate, &o->on.expert, &o->adapters, err));
  own->stats = calloc((size_t)modules->count, sizeof *own->stats);
  if (!own->stats) return no_memory(err);
  TRY(objective_reserve(o, modules->count, err));
  for (int i = 0; i < modules->count; i++) {
    if (own->gate->vector[i].rows == 0) continue;
    o->adapters.slot[i].gate.stats = &own->stats[i];
    TRY(objective_add(o, &own->gate->vector[i], modules->module[i].name, ".gate", err));
  }
  return STATUS_OK;
}

static void close_gate(Objective *o) {
  GateParts *own = o->own;
  if (!own) return;
  gate_close(own->gate);
  free(own->stats);
  free(own);
}

static Status save_gate(const Objective *o, const char *dir, int64_t steps, Error *err) {
  const GateParts *own = o->own;
  GateInfo info = {.steps = steps,
                   .seed = (uint64_t)o->settings->train.seed,
                   .verdict = own->verdict,
                   .maker = o->settings->maker};
  if (o->state) info.extended = extensions_from(&o->state->extended);
  memcpy(info.base, o->on.base_hash, HASH_HEX);
  memcpy(info.expert, o->on.expert_hash, HASH_HEX);
  snprintf(info.recipe, sizeof info.recipe, "%s", recipe_name(o->settings->recipe));
  char *path = path_join(dir, o->kind->result);
  if (!path) return no_memory(err);
  Status status = gate_save(own->gate, &o->on.base.model->modules, path, &info, err);
  free(path);
  return status;
}

static void forget_statistics(const Objective *o) {
  const GateParts *own = o->own;
  memset(own->stats, 0, (size_t)o->on.base.model->modules.count * sizeof *own->stats);
}

static void describe_gates(const Objective *o, MetricsRow *row) {
  GatedExpert g = gated_expert(o);
  report_groups(&g, row->openness, row->gate_norm);
  row->gated = true;
}

static Status report_gates(const Objective *o, const Probe *probe, Stepper *s, const char *dir,
                           int64_t steps, char **text, Error *err) {
  GatedExpert g = gated_expert(o);
  GateParts *own = o->own;
  GateReport report;
  TRY(report_make(&report, &g, probe, s, dir, steps, err));
  own->verdict = report.verdict.word;
  if (o->state) report.extended = o->state->extended;
  return report_save(&report, dir, text, err);
}

const ObjectiveKind objective_gate = {
    .name = "gate",
    .result = "gate.safetensors",
    .option = OPTIONS,
    .options = LENGTH(OPTIONS),
    .recipe = RECIPES,
    .recipes = LENGTH(RECIPES),
    .passes = 2,
    .open = open_gate,
    .close = close_gate,
    .save = save_gate,
    .begin_step = forget_statistics,
    .describe_step = describe_gates,
    .report = report_gates,
};
