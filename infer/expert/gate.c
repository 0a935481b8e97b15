#include "infer/expert/gate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/tensors/safetensors.h"
#include "infer/expert/values.h"
#include "infer/expert/vector_file.h"

static Status gate_make(Gate **gate, const Modules *modules, Error *err) {
  *gate = calloc(1, sizeof **gate);
  Tensor *vector = calloc((size_t)modules->count, sizeof *vector);
  if (!*gate || !vector) {
    free(*gate);
    free(vector);
    *gate = NULL;
    return error_set(err, STATUS_RUN, "out of memory: the gates of an expert");
  }
  **gate = (Gate){.vector = vector, .count = modules->count};
  return STATUS_OK;
}

void gate_close(Gate *gate) {
  if (!gate) return;
  for (int i = 0; i < gate->count; i++) tensor_destroy(&gate->vector[i]);
  free(gate->vector);
  free(gate);
}

Status gate_new(Gate **gate, const Expert *expert, const Modules *modules, Error *err) {
  TRY(gate_make(gate, modules, err));
  Status status = STATUS_OK;
  for (int i = 0; i < modules->count && status == STATUS_OK; i++) {
    if (!expert_covers(expert, i)) continue;
    status = tensor_create(&(*gate)->vector[i], 1, modules->module[i].d_in, true, err);
  }
  if (status != STATUS_OK) {
    gate_close(*gate);
    *gate = NULL;
  }
  return status;
}

bool gate_covers(const Gate *gate, int module) {
  return gate->vector[module].rows > 0;
}

/* Writing. */

static Status write_vectors(const Gate *gate, const Modules *modules, const char *path,
                            const GateInfo *info, SafetensorsItem *items, Error *err) {
  size_t n = 0;
  for (int i = 0; i < gate->count; i++) {
    const Tensor *v = &gate->vector[i];
    if (!gate_covers(gate, i)) continue;
    char *name = vector_name(&modules->module[i], GATE_SUFFIX);
    if (!name) return error_set(err, STATUS_RUN, "%s: out of memory", path);
    items[n++] = (SafetensorsItem){name, DTYPE_F32, v->data, 1, v->cols, true};
  }
  char steps[24], seed[24];
  snprintf(steps, sizeof steps, "%" PRId64, info->steps);
  snprintf(seed, sizeof seed, "%" PRIu64, info->seed);
  GateInfo copy = *info; /* TensorMeta does not take const strings */
  TensorMeta meta[] = {{"format", GATE_FORMAT}, {"version", VECTOR_VERSION}, {"base", copy.base},
                       {"expert", copy.expert}, {"recipe", copy.recipe},     {"steps", steps},
                       {"seed", seed}};
  return safetensors_write(path, items, n, meta, sizeof meta / sizeof *meta, err);
}

Status gate_save(const Gate *gate, const Modules *modules, const char *path, const GateInfo *info,
                 Error *err) {
  SafetensorsItem *items = calloc((size_t)gate->count, sizeof *items);
  if (!items) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  Status status = write_vectors(gate, modules, path, info, items, err);
  for (int i = 0; i < gate->count; i++) free((char *)(uintptr_t)items[i].name);
  free(items);
  return status;
}

/* Reading. */

static Status read_info(const VectorFile *f, GateInfo *info, Error *err) {
  uint64_t steps;
  memcpy(info->base, f->base, sizeof info->base);
  memcpy(info->expert, f->expert, sizeof info->expert);
  TRY(vector_file_text(f, "recipe", info->recipe, sizeof info->recipe, err));
  TRY(vector_file_number(f, "steps", INT64_MAX, &steps, err));
  info->steps = (int64_t)steps;
  return vector_file_number(f, "seed", UINT64_MAX, &info->seed, err);
}

/* The vector where it is in the file becomes one in memory. */
static Status read_vector(const VectorFile *f, const Module *module, Tensor *vector, Error *err) {
  Tensor stored = *vector;
  char *name = vector_name(module, GATE_SUFFIX);
  *vector = (Tensor){0};
  Status status = name ? values_copy(vector, &stored, f->path, name, err)
                       : error_set(err, STATUS_RUN, "%s: out of memory", f->path);
  free(name);
  return status;
}

static Status read_gate(VectorFile *f, const Expert *expert, const Modules *modules,
                        const char *base, Gate *gate, GateInfo *info, Error *err) {
  TRY(read_info(f, info, err));
  TRY(vector_file_check_owner(f, base, expert_fingerprint(expert), err));
  for (int i = 0; i < gate->count; i++) {
    if (!expert_covers(expert, i)) continue;
    TRY(vector_file_locate(f, &modules->module[i], GATE_SUFFIX, &gate->vector[i], err));
  }
  TRY(vector_file_check_used(f, err));
  for (int i = 0; i < gate->count; i++) {
    if (!gate_covers(gate, i)) continue;
    TRY(read_vector(f, &modules->module[i], &gate->vector[i], err));
  }
  return STATUS_OK;
}

Status gate_open(Gate **gate, const char *path, const Expert *expert, const Modules *modules,
                 const char *base, GateInfo *info, Error *err) {
  VectorFile f;
  *gate = NULL;
  TRY(vector_file_open(&f, path, GATE_FORMAT, err));
  Status status = gate_make(gate, modules, err);
  if (status == STATUS_OK) status = read_gate(&f, expert, modules, base, *gate, info, err);
  vector_file_close(&f);
  if (status != STATUS_OK) {
    gate_close(*gate);
    *gate = NULL;
  }
  return status;
}

Status gate_adapters(const Gate *gate, const Expert *expert, AdapterSet *set, Error *err) {
  TRY(expert_adapters(expert, set, err));
  for (int i = 0; i < gate->count; i++) {
    if (gate_covers(gate, i)) set->slot[i].gate.vector = &gate->vector[i];
  }
  return STATUS_OK;
}
