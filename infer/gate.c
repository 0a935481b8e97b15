#include "infer/gate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/values.h"

#define GATE_FORMAT  "skein-gate"
#define GATE_VERSION "1"

static Status gate_make(Gate **gate, const T5 *model, Error *err) {
  *gate = calloc(1, sizeof **gate);
  Tensor *vector = calloc((size_t)model->linears, sizeof *vector);
  if (!*gate || !vector) {
    free(*gate);
    free(vector);
    *gate = NULL;
    return error_set(err, STATUS_RUN, "out of memory: the gates of an expert");
  }
  **gate = (Gate){.vector = vector, .count = model->linears};
  return STATUS_OK;
}

void gate_close(Gate *gate) {
  if (!gate) return;
  for (int i = 0; i < gate->count; i++) tensor_destroy(&gate->vector[i]);
  free(gate->vector);
  free(gate);
}

Status gate_new(Gate **gate, const Lora *lora, const T5 *model, Error *err) {
  TRY(gate_make(gate, model, err));
  Status status = STATUS_OK;
  for (int i = 0; i < model->linears && status == STATUS_OK; i++) {
    if (lora->factor[i].a.rows == 0) continue;
    status = tensor_create(&(*gate)->vector[i], 1, model->linear[i].weight.cols, true, err);
  }
  if (status != STATUS_OK) {
    gate_close(*gate);
    *gate = NULL;
  }
  return status;
}

/* "<module>.gate" in a new string; NULL when out of memory. */
static char *tensor_name(const Linear *linear) {
  char *name;
  return asprintf(&name, "%s.gate", linear->name) < 0 ? NULL : name;
}

/* Writing. */

static Status write_vectors(const Gate *gate, const T5 *model, const char *path,
                            const GateInfo *info, SafetensorsItem *items, Error *err) {
  size_t n = 0;
  for (int i = 0; i < gate->count; i++) {
    const Tensor *v = &gate->vector[i];
    if (v->rows == 0) continue;
    char *name = tensor_name(&model->linear[i]);
    if (!name) return error_set(err, STATUS_RUN, "%s: out of memory", path);
    items[n++] = (SafetensorsItem){name, DTYPE_F32, v->data, 1, v->cols, true};
  }
  char steps[24], seed[24];
  snprintf(steps, sizeof steps, "%" PRId64, info->steps);
  snprintf(seed, sizeof seed, "%" PRIu64, info->seed);
  GateInfo copy = *info; /* SafetensorsMeta does not take const strings */
  SafetensorsMeta meta[] = {{"format", GATE_FORMAT}, {"version", GATE_VERSION}, {"base", copy.base},
                            {"expert", copy.expert}, {"recipe", copy.recipe},   {"steps", steps},
                            {"seed", seed}};
  return safetensors_write(path, items, n, meta, sizeof meta / sizeof *meta, err);
}

Status gate_save(const Gate *gate, const T5 *model, const char *path, const GateInfo *info,
                 Error *err) {
  SafetensorsItem *items = calloc((size_t)gate->count, sizeof *items);
  if (!items) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  Status status = write_vectors(gate, model, path, info, items, err);
  for (int i = 0; i < gate->count; i++) free((char *)(uintptr_t)items[i].name);
  free(items);
  return status;
}

/* Reading. */

/* The value of a metadata key; `limit`: bytes it may take with its NUL. */
static Status meta_text(const Weights *w, const char *path, const char *key, size_t limit,
                        const char **value, Error *err) {
  *value = weights_meta(w, key);
  if (!*value) {
    return error_set(err, STATUS_INPUT, "%s: __metadata__: %s: is missing; not a gate file?", path,
                     key);
  }
  if (strlen(*value) < limit) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: __metadata__: %s: %zu bytes, at most %zu are accepted",
                   path, key, strlen(*value), limit - 1);
}

static Status meta_copy(const Weights *w, const char *path, const char *key, char *to, size_t size,
                        Error *err) {
  const char *value;
  TRY(meta_text(w, path, key, size, &value, err));
  strcpy(to, value);
  return STATUS_OK;
}

static Status meta_is(const Weights *w, const char *path, const char *key, const char *want,
                      Error *err) {
  const char *value;
  TRY(meta_text(w, path, key, ERROR_TEXT / 4, &value, err));
  if (strcmp(value, want) == 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: __metadata__: %s: is \"%s\", want \"%s\"", path, key,
                   value, want);
}

static Status meta_number(const Weights *w, const char *path, const char *key, uint64_t max,
                          uint64_t *number, Error *err) {
  const char *value;
  TRY(meta_text(w, path, key, 24, &value, err));
  size_t digits = strspn(value, "0123456789");
  unsigned __int128 n = 0;
  for (size_t i = 0; i < digits; i++) n = n * 10 + (unsigned)(value[i] - '0');
  if (digits == 0 || value[digits] || n > max) {
    return error_set(err, STATUS_INPUT,
                     "%s: __metadata__: %s: is \"%s\", want a number of at most %" PRIu64, path,
                     key, value, max);
  }
  *number = (uint64_t)n;
  return STATUS_OK;
}

static Status read_info(const Weights *w, const char *path, GateInfo *info, Error *err) {
  uint64_t steps;
  TRY(meta_is(w, path, "format", GATE_FORMAT, err));
  TRY(meta_is(w, path, "version", GATE_VERSION, err));
  TRY(meta_copy(w, path, "base", info->base, sizeof info->base, err));
  TRY(meta_copy(w, path, "expert", info->expert, sizeof info->expert, err));
  TRY(meta_copy(w, path, "recipe", info->recipe, sizeof info->recipe, err));
  TRY(meta_number(w, path, "steps", INT64_MAX, &steps, err));
  info->steps = (int64_t)steps;
  return meta_number(w, path, "seed", UINT64_MAX, &info->seed, err);
}

static Status check_owner(const char *path, const char *what, const char *found, const char *want,
                          Error *err) {
  if (strcmp(found, want) == 0) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s: __metadata__: %s: the gate was trained for %.12s, this %s is %.12s", path,
                   what, found, what, want);
}

static Status read_vectors(Weights *w, const char *path, const Lora *lora, const T5 *model,
                           Gate *gate, Error *err) {
  for (int i = 0; i < gate->count; i++) {
    if (lora->factor[i].a.rows == 0) continue;
    Tensor view;
    char *name = tensor_name(&model->linear[i]);
    Status status = name ? weights_get(w, name, 1, model->linear[i].weight.cols, &view, err)
                         : error_set(err, STATUS_RUN, "%s: out of memory", path);
    if (status == STATUS_OK) status = values_copy(&gate->vector[i], &view, path, name, err);
    free(name);
    TRY(status);
  }
  return weights_check_used(w, err);
}

static Status read_gate(Weights *w, const char *path, const Lora *lora, T5 *model, Gate *gate,
                        GateInfo *info, Error *err) {
  char base[HASH_HEX];
  TRY(read_info(w, path, info, err));
  TRY(t5_fingerprint(model, base, err));
  TRY(check_owner(path, "base", info->base, base, err));
  TRY(check_owner(path, "expert", info->expert, lora->fingerprint, err));
  return read_vectors(w, path, lora, model, gate, err);
}

Status gate_open(Gate **gate, const char *path, const Lora *lora, T5 *model, GateInfo *info,
                 Error *err) {
  Weights *w;
  *gate = NULL;
  TRY(weights_open(&w, path, err));
  Status status = gate_make(gate, model, err);
  if (status == STATUS_OK) status = read_gate(w, path, lora, model, *gate, info, err);
  weights_close(w);
  if (status != STATUS_OK) {
    gate_close(*gate);
    *gate = NULL;
  }
  return status;
}

Status gate_adapters(const Gate *gate, const Lora *lora, AdapterSet *set, Error *err) {
  TRY(lora_adapters(lora, set, err));
  for (int i = 0; i < gate->count; i++) {
    if (gate->vector[i].rows > 0) set->slot[i].gate = &gate->vector[i];
  }
  return STATUS_OK;
}
