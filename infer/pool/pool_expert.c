#include "infer/pool/pool_expert.h"

#include <stdint.h>
#include <stdlib.h>

#include "data/file/path.h"
#include "infer/adapter/values.h"

static const char *const SUFFIX[POOL_VECTORS] = {
    [VECTOR_GATE] = GATE_SUFFIX,
    [VECTOR_ACTIVATION_MEAN] = "mean",
    [VECTOR_ACTIVATION_ABSOLUTE] = "absolute",
};

/* A factor that is not where the file has it was copied. */
static void free_ready(Tensor *ready, const Tensor *stored) {
  if (ready->store != stored->store) tensor_destroy(ready);
}

void pool_expert_close(PoolExpert *e) {
  for (int i = 0; e->ready && i < e->file.lora.count; i++) {
    free_ready(&e->ready[i].a, &e->file.lora.factor[i].a);
    free_ready(&e->ready[i].b, &e->file.lora.factor[i].b);
  }
  for (int i = 0; e->ready && i < e->file.ia3.count; i++)
    free_ready(&e->ready[i].l, &e->file.ia3.vector[i].l);
  free(e->ready);
  for (int k = 0; k < POOL_VECTORS; k++) free(e->vector[k]);
  vector_file_close(&e->gate);
  vector_file_close(&e->activation);
  expert_file_close(&e->file);
  *e = (PoolExpert){0};
}

/* Opening. */

static Status locate_vectors(PoolExpert *e, VectorFile *f, const Modules *modules, PoolVector kind,
                             Error *err) {
  e->vector[kind] = calloc((size_t)modules->count, sizeof *e->vector[kind]);
  if (!e->vector[kind]) return error_set(err, STATUS_RUN, "%s: out of memory", f->path);
  for (int i = 0; i < modules->count; i++) {
    if (!expert_file_covers(&e->file, i)) continue;
    TRY(vector_file_locate(f, &modules->module[i], SUFFIX[kind], &e->vector[kind][i], err));
  }
  return STATUS_OK;
}

/* The vectors [first, last] of the file, and nothing beside them. */
static Status open_vectors(PoolExpert *e, VectorFile *f, const char *base, const Modules *modules,
                           PoolVector first, PoolVector last, Error *err) {
  TRY(vector_file_check_owner(f, base, e->entry->fingerprint, e->entry->name, err));
  for (int k = (int)first; k <= (int)last; k++)
    TRY(locate_vectors(e, f, modules, (PoolVector)k, err));
  return vector_file_check_used(f, err);
}

static Status open_adapter(PoolExpert *e, const PoolSource *source, const Modules *modules,
                           Error *err) {
  e->ready = calloc((size_t)modules->count, sizeof *e->ready);
  if (!e->ready) return error_set(err, STATUS_RUN, "%s: out of memory", source->adapter);
  return expert_file_open(&e->file, source->adapter, modules, err);
}

static Status open_gate(PoolExpert *e, const char *base, const char *path, const Modules *modules,
                        Error *err) {
  TRY(vector_file_open(&e->gate, path, GATE_FORMAT, err));
  TRY(gate_info_read(&e->gate, &e->gate_info, err));
  return open_vectors(e, &e->gate, base, modules, VECTOR_GATE, VECTOR_GATE, err);
}

/* The gates and activations, which say whose they are. */
static Status open_beside(PoolExpert *e, const char *base, const PoolSource *source,
                          const Modules *modules, Error *err) {
  if (source->gate) TRY(open_gate(e, base, source->gate, modules, err));
  if (!source->activation) return STATUS_OK;
  TRY(vector_file_open(&e->activation, source->activation, ACTIVATION_FORMAT, err));
  return open_vectors(e, &e->activation, base, modules, VECTOR_ACTIVATION_MEAN,
                      VECTOR_ACTIVATION_ABSOLUTE, err);
}

static Status open_known(PoolExpert *e, const PoolEntry *entry, const char *base,
                         const PoolSource *source, const Modules *modules, Error *err) {
  *e = (PoolExpert){.entry = entry};
  Status status = open_adapter(e, source, modules, err);
  if (status == STATUS_OK) status = open_beside(e, base, source, modules, err);
  if (status != STATUS_OK) pool_expert_close(e);
  return status;
}

Status pool_expert_open_new(PoolExpert *e, PoolEntry *entry, const char *base,
                            const PoolSource *source, const Modules *modules, Error *err) {
  *e = (PoolExpert){.entry = entry};
  Status status = open_adapter(e, source, modules, err);
  if (status == STATUS_OK) status = pool_expert_fingerprint(e, modules, entry->fingerprint, err);
  if (status == STATUS_OK) status = open_beside(e, base, source, modules, err);
  if (status != STATUS_OK) pool_expert_close(e);
  return status;
}

Status pool_expert_open_listed(PoolExpert *e, const PoolManifest *m, int i, const Modules *modules,
                               Error *err) {
  const PoolEntry *entry = &m->entry[i];
  char *gate = manifest_path(m, i, POOL_GATE);
  char *activation = manifest_path(m, i, POOL_ACTIVATION);
  char *dir = manifest_expert_dir(m, i);
  PoolSource source = {dir, entry->hash[POOL_GATE][0] ? gate : NULL,
                       entry->hash[POOL_ACTIVATION][0] ? activation : NULL};
  *e = (PoolExpert){0};
  Status status = dir && gate && activation
                      ? open_known(e, entry, m->base, &source, modules, err)
                      : error_set(err, STATUS_RUN, "%s: out of memory", m->dir);
  free(gate);
  free(activation);
  free(dir);
  return status;
}

/* Ranks and alphas of a LoRA; an (IA)3 has none. */
static void describe_lora(const LoraFile *f, PoolEntry *entry) {
  bool first = true;
  for (int i = 0; i < f->count; i++) {
    const LoraFactor *factor = &f->factor[i];
    if (!lora_covers(f->factor, i)) continue;
    double alpha = (double)factor->alpha;
    if (first || factor->a.rows < entry->rank_min) entry->rank_min = factor->a.rows;
    if (first || factor->a.rows > entry->rank_max) entry->rank_max = factor->a.rows;
    if (first || alpha < entry->alpha_min) entry->alpha_min = alpha;
    if (first || alpha > entry->alpha_max) entry->alpha_max = alpha;
    first = false;
  }
}

void pool_expert_describe(const PoolExpert *e, PoolEntry *entry) {
  entry->kind = e->file.kind;
  entry->modules = expert_file_covered(&e->file);
  entry->unverified = e->gate_info.unverified;
  entry->maker = e->gate_info.maker;
  describe_lora(&e->file.lora, entry);
}

/* Reading. */

static Status make_ready(Tensor *ready, const Tensor *stored, const char *path, const char *name,
                         Error *err) {
  bool in_place = stored->dtype == DTYPE_F32 && (uintptr_t)stored->store % sizeof(float) == 0;
  if (!in_place) return values_copy(ready, stored, path, name, err);
  Tensor view = tensor_view(stored->store, DTYPE_F32, stored->rows, stored->cols);
  TRY(values_check(&view, path, name, err));
  *ready = view;
  return STATUS_OK;
}

static Status read_factor(PoolExpert *e, const Module *module, PoolPart *ready, Error *err) {
  const LoraFactor *stored = &e->file.lora.factor[module->id];
  const char *path = e->file.lora.path;
  char *a = lora_tensor_name(module->name, 'A'), *b = lora_tensor_name(module->name, 'B');
  Tensor ready_a = {0};
  Status status = a && b ? make_ready(&ready_a, &stored->a, path, a, err)
                         : error_set(err, STATUS_RUN, "%s: out of memory", path);
  if (status == STATUS_OK) status = make_ready(&ready->b, &stored->b, path, b, err);
  if (status == STATUS_OK) {
    ready->a = ready_a;
  } else {
    free_ready(&ready_a, &stored->a);
  }
  free(a);
  free(b);
  return status;
}

static Status read_rescale(PoolExpert *e, const Module *module, PoolPart *ready, Error *err) {
  const char *path = e->file.ia3.path;
  char *name = ia3_file_tensor_name(&e->file.ia3, module);
  Status status = name ? make_ready(&ready->l, &e->file.ia3.vector[module->id].l, path, name, err)
                       : error_set(err, STATUS_RUN, "%s: out of memory", path);
  free(name);
  return status;
}

bool pool_expert_is_read(const PoolExpert *e, int module) {
  return e->ready[module].a.rows > 0 || e->ready[module].l.rows > 0 ||
         !expert_file_covers(&e->file, module);
}

Status pool_expert_adapter(PoolExpert *e, const Module *module, Adapter *out, Error *err) {
  PoolPart *ready = &e->ready[module->id];
  if (e->file.kind == PEFT_IA3) {
    if (ready->l.rows == 0) TRY(read_rescale(e, module, ready, err));
    *out = adapter_rescaling(&ready->l, e->file.ia3.vector[module->id].input);
    return STATUS_OK;
  }
  if (ready->a.rows == 0) TRY(read_factor(e, module, ready, err));
  *out = adapter_of((LowRank){&ready->a, &ready->b, e->file.lora.factor[module->id].scale});
  return STATUS_OK;
}

/* Reads every part, so that what is ready is all there is. */
static Status read_all(PoolExpert *e, const Modules *modules, Error *err) {
  Adapter read;
  for (int i = 0; i < modules->count; i++) {
    if (expert_file_covers(&e->file, i))
      TRY(pool_expert_adapter(e, &modules->module[i], &read, err));
  }
  return expert_file_unchanged(&e->file, err);
}

static Status lora_parts_hash(const PoolExpert *e, const Modules *modules, char hex[HASH_HEX],
                              Error *err) {
  LoraFactor *factor = calloc((size_t)modules->count, sizeof *factor);
  if (!factor) return error_set(err, STATUS_RUN, "%s: out of memory", e->file.lora.path);
  for (int i = 0; i < modules->count; i++) {
    factor[i] = (LoraFactor){e->ready[i].a, e->ready[i].b, .scale = e->file.lora.factor[i].scale};
  }
  const Lora lora = {.factor = factor, .count = modules->count};
  Status status = lora_fingerprint(&lora, modules, hex, err);
  free(factor);
  return status;
}

static Status ia3_parts_hash(const PoolExpert *e, const Modules *modules, char hex[HASH_HEX],
                             Error *err) {
  Ia3Vector *vector = calloc((size_t)modules->count, sizeof *vector);
  if (!vector) return error_set(err, STATUS_RUN, "%s: out of memory", e->file.ia3.path);
  for (int i = 0; i < modules->count; i++)
    vector[i] = (Ia3Vector){e->ready[i].l, e->file.ia3.vector[i].input};
  const Ia3 ia3 = {.vector = vector, .count = modules->count};
  Status status = ia3_fingerprint(&ia3, modules, hex, err);
  free(vector);
  return status;
}

Status pool_expert_fingerprint(PoolExpert *e, const Modules *modules, char hex[HASH_HEX],
                               Error *err) {
  TRY(read_all(e, modules, err));
  return e->file.kind == PEFT_IA3 ? ia3_parts_hash(e, modules, hex, err)
                                  : lora_parts_hash(e, modules, hex, err);
}

static Status refuse_missing(const PoolExpert *e, PoolVector kind, Error *err) {
  bool gate = kind == VECTOR_GATE;
  return error_set(err, STATUS_INPUT,
                   "expert '%s': has no %s in the pool; make one with `skein train %s` and %s",
                   e->entry->name, POOL_FILE[gate ? POOL_GATE : POOL_ACTIVATION],
                   gate ? "gate` (on its own data) or `skein train gates" : "activation",
                   gate ? "add it (skein pool add, or set --gates)" : "add the expert with it");
}

Status pool_expert_vector(const PoolExpert *e, PoolVector kind, const Module *module, float *out,
                          Error *err) {
  if (!e->vector[kind]) return refuse_missing(e, kind, err);
  const Tensor *stored = &e->vector[kind][module->id];
  dtype_widen(out, stored->store, stored->dtype, (size_t)stored->cols);
  Tensor view = tensor_view(out, DTYPE_F32, 1, stored->cols);
  char *name = vector_name(module, SUFFIX[kind]);
  Status status =
      name ? values_check(&view, kind == VECTOR_GATE ? e->gate.path : e->activation.path, name, err)
           : error_set(err, STATUS_RUN, "%s: out of memory", expert_file_path(&e->file));
  free(name);
  return status;
}

static Status check_module(PoolExpert *e, const Module *module, float *room, Error *err) {
  Adapter read;
  TRY(pool_expert_adapter(e, module, &read, err));
  for (int k = 0; k < POOL_VECTORS; k++) {
    if (e->vector[k]) TRY(pool_expert_vector(e, (PoolVector)k, module, room, err));
  }
  return STATUS_OK;
}

Status pool_expert_check_values(PoolExpert *e, const Modules *modules, Error *err) {
  Status status = STATUS_OK;
  for (int i = 0; i < modules->count && status == STATUS_OK; i++) {
    if (!expert_file_covers(&e->file, i)) continue;
    float *room = malloc((size_t)modules->module[i].d_in * sizeof *room);
    status = room ? check_module(e, &modules->module[i], room, err)
                  : error_set(err, STATUS_RUN, "%s: out of memory", expert_file_path(&e->file));
    free(room);
  }
  return status;
}
