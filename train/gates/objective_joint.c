#include "train/gates/objective_joint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "infer/pool/made_gates.h"
#include "train/gates/gates_pool.h"
#include "train/run_data.h"

/* One linear. */
typedef struct JointModule {
  Tensor gates, one, zero; /* [experts, d_in], [1, d_in] */
  LowRank *expert;         /* [experts]; NULL: nobody covers the linear */
  Routed routed;
} JointModule;

typedef struct JointParts {
  Pool *pool;
  JointModule *module; /* [modules] */
  int modules;
  char data[HASH_HEX];
  int64_t examples;
} JointParts;

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: preparing the run");
}

static const GatesSettings *settings_of(const Objective *o) {
  return (const GatesSettings *)o->settings; /* which stand first in them */
}

static void close_joint(Objective *o) {
  JointParts *own = o->own;
  if (!own) return;
  for (int i = 0; own->module && i < own->modules; i++) {
    JointModule *m = &own->module[i];
    tensor_destroy(&m->gates);
    tensor_destroy(&m->one);
    tensor_destroy(&m->zero);
    free(m->expert);
  }
  free(own->module);
  pool_close(own->pool);
  free(own);
}

/* ---- opening ---- */

static Status check_expert(const Pool *pool, int e, Error *err) {
  const PoolEntry *entry = pool_entry(pool, e);
  if (pool_kind(pool, e) != PEFT_LORA)
    return error_set(err, STATUS_MISMATCH,
                     "expert '%s': is an %s; gates.way joint learns through LoRAs alone, share "
                     "through both",
                     entry->name, peft_type_title(pool_kind(pool, e)));
  if (!entry->hash[POOL_GATE][0])
    return error_set(err, STATUS_INPUT,
                     "expert '%s': has no gates, and gates.way joint goes on from those that are "
                     "there; make them by gates.way share, and set them (skein pool set --gates)",
                     entry->name);
  if (pool_gate_form(pool, e) == GATE_RAW) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH, "expert '%s': its gates are %s, and only raw ones learn",
                   entry->name, gate_form_name(pool_gate_form(pool, e)));
}

static Status fill_row(Tensor *t, int64_t d, float value, Error *err) {
  TRY(tensor_create(t, 1, d, false, err));
  for (int64_t i = 0; i < d; i++) t->data[i] = value;
  return STATUS_OK;
}

static Status read_expert(JointParts *own, int e, int module, Error *err) {
  JointModule *m = &own->module[module];
  float *row = m->gates.data + e * m->gates.cols;
  bool has;
  memset(row, 0, (size_t)m->gates.cols * sizeof *row);
  TRY(pool_vector(own->pool, VECTOR_GATE, e, module, row, &has, err));
  return pool_factor(own->pool, e, module, &m->expert[e], err);
}

static Status open_module(Objective *o, const Module *module, Error *err) {
  JointParts *own = o->own;
  JointModule *m = &own->module[module->id];
  int experts = pool_count(own->pool);
  if (pool_max_rank(own->pool, module->id) == 0) return STATUS_OK;
  TRY(tensor_create(&m->gates, experts, module->d_in, true, err));
  TRY(fill_row(&m->one, module->d_in, 1, err));
  TRY(fill_row(&m->zero, module->d_in, 0, err));
  m->expert = calloc((size_t)experts, sizeof *m->expert);
  if (!m->expert) return no_memory(err);
  for (int e = 0; e < experts; e++) TRY(read_expert(own, e, module->id, err));
  m->routed = (Routed){.expert = m->expert,
                       .experts = experts,
                       .top_k = (int)settings_of(o)->top_k,
                       .gates = &m->gates,
                       .one = &m->one,
                       .zero = &m->zero};
  o->adapters.slot[module->id] = (Adapter){.kind = &adapter_routed, .routed = &m->routed};
  return objective_add(o, &m->gates, module->name, ".gates", err);
}

/* Of what is learnt from, only what the gates say of it. */
static Status look_at_data(Objective *o, Error *err) {
  JointParts *own = o->own;
  const DataSettings *d = &o->settings->data;
  const ExampleKeys keys = {.input = d->input_key, .target = d->target_key};
  ExampleSet *set;
  TRY(run_data_train(&set, d, &keys, o->on.base.tokenizer, err));
  memcpy(own->data, examples_hash(set), HASH_HEX);
  own->examples = examples_count(set);
  examples_close(set);
  return STATUS_OK;
}

static Status open_joint(Objective *o, const char *dir, bool resume, Error *err) {
  (void)dir, (void)resume;
  JointParts *own = o->own = calloc(1, sizeof *own);
  if (!own) return no_memory(err);
  TRY(gates_pool_open(settings_of(o), &o->on.base, o->on.base_hash, &own->pool, err));
  TRY(pool_fingerprint(own->pool, o->on.expert_hash, err));
  for (int e = 0; e < pool_count(own->pool); e++) TRY(check_expert(own->pool, e, err));
  TRY(look_at_data(o, err));
  const Modules *modules = &o->on.base.model->modules;
  own->modules = o->adapters.count = modules->count;
  own->module = calloc((size_t)modules->count, sizeof *own->module);
  o->adapters.slot = calloc((size_t)modules->count, sizeof *o->adapters.slot);
  if (!own->module || !o->adapters.slot) return no_memory(err);
  TRY(objective_reserve(o, modules->count, err));
  for (int i = 0; i < modules->count; i++) TRY(open_module(o, &modules->module[i], err));
  if (o->params > 0) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "%s: has no experts", pool_dir(own->pool));
}

/* ---- saving ---- */

/* The rows of an expert as its gates. */
static Status take_gate(const Objective *o, int e, Gate **gate, Error *err) {
  const JointParts *own = o->own;
  TRY(gate_blank(gate, &o->on.base.model->modules, err));
  for (int i = 0; i < own->modules; i++) {
    const Tensor *all = &own->module[i].gates;
    Tensor *one = &(*gate)->vector[i];
    if (!pool_covers(own->pool, e, i)) continue;
    TRY(tensor_create(one, 1, all->cols, false, err));
    memcpy(one->data, all->data + e * all->cols, (size_t)all->cols * sizeof *one->data);
  }
  return STATUS_OK;
}

static Status write_gate(const Objective *o, int e, const char *path, int64_t steps, Error *err) {
  const JointParts *own = o->own;
  GateInfo info = {
      .steps = steps, .seed = (uint64_t)o->settings->train.seed, .maker.way = GATE_JOINT};
  if (o->state) info.extended = extensions_from(&o->state->extended);
  memcpy(info.base, o->on.base_hash, HASH_HEX);
  memcpy(info.expert, pool_entry(own->pool, e)->fingerprint, HASH_HEX);
  memcpy(info.maker.data, own->data, HASH_HEX);
  snprintf(info.recipe, sizeof info.recipe, "%s", recipe_name(o->settings->recipe));
  Gate *gate = NULL;
  Status status = take_gate(o, e, &gate, err);
  if (status == STATUS_OK) status = gate_save(gate, &o->on.base.model->modules, path, &info, err);
  gate_close(gate);
  return status;
}

static Status save_expert(const Objective *o, int e, const char *dir, int64_t steps, MadeGate *made,
                          Error *err) {
  const JointParts *own = o->own;
  const PoolEntry *entry = pool_entry(own->pool, e);
  char *folder = made_gates_dir(dir, entry->name), *path = made_gates_path(dir, entry->name);
  Status status = folder && path ? dir_make(folder, err) : no_memory(err);
  if (status == STATUS_OK) status = write_gate(o, e, path, steps, err);
  if (status == STATUS_OK) status = hash_file(path, made->file, err);
  free(folder);
  free(path);
  made->examples = own->examples;
  strcpy(made->name, entry->name);
  memcpy(made->fingerprint, entry->fingerprint, HASH_HEX);
  return status;
}

static Status save_joint(const Objective *o, const char *dir, int64_t steps, Error *err) {
  const JointParts *own = o->own;
  MadeGates made = {.maker.way = GATE_JOINT, .count = pool_count(own->pool)};
  memcpy(made.maker.data, own->data, HASH_HEX);
  memcpy(made.base, o->on.base_hash, HASH_HEX);
  made.gate = calloc((size_t)made.count, sizeof *made.gate);
  Status status = made.gate ? STATUS_OK : no_memory(err);
  for (int e = 0; e < made.count && status == STATUS_OK; e++)
    status = save_expert(o, e, dir, steps, &made.gate[e], err);
  if (status == STATUS_OK) status = made_gates_write(&made, dir, err);
  made_gates_free(&made);
  return status;
}

const ObjectiveKind objective_joint = {
    .name = "gates",
    .result = MADE_GATES,
    .passes = 2,
    .open = open_joint,
    .close = close_joint,
    .save = save_joint,
};
