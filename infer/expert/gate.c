#include "infer/expert/gate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/tensors/safetensors.h"
#include "infer/adapter/values.h"
#include "infer/expert/vector_file.h"

Status gate_blank(Gate **gate, const Modules *modules, Error *err) {
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
  TRY(gate_blank(gate, modules, err));
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

/* What a file says of its values. */

static const char *const FORM[] = {
    [GATE_RAW] = "raw",
    [GATE_STANDARDISED] = "standardised",
    [GATE_DIRECTIONS] = "directions",
};

const char *gate_form_name(GateForm form) {
  return FORM[form];
}

static const char *const VERDICT[] = {
    [VERDICT_NOT] = "not",
    [VERDICT_BARELY] = "barely",
    [VERDICT_TRAINED] = "trained",
};

const char *gate_verdict_name(GateVerdict verdict) {
  return VERDICT[verdict];
}

static bool is_zero(const Tensor *v) {
  for (int64_t i = 0; i < v->cols; i++) {
    if (v->data[i] != 0) return false;
  }
  return true;
}

static bool is_standardised(const Tensor *v) {
  double mean = 0, variance = 0;
  for (int64_t i = 0; i < v->cols; i++) mean += (double)v->data[i];
  mean /= (double)v->cols;
  for (int64_t i = 0; i < v->cols; i++) {
    variance += ((double)v->data[i] - mean) * ((double)v->data[i] - mean);
  }
  variance /= (double)v->cols;
  return fabs(mean) < 4e-3 && variance > 0.9 && variance < 1.01;
}

GateForm gate_form(const Gate *gate) {
  bool any = false;
  for (int i = 0; i < gate->count; i++) {
    if (!gate_covers(gate, i) || is_zero(&gate->vector[i])) continue;
    if (!is_standardised(&gate->vector[i])) return GATE_RAW;
    any = true;
  }
  return any ? GATE_STANDARDISED : GATE_RAW;
}

/* Writing. */

enum { META_MAX = 11, NUMBERS = 3 };

/* The texts of a file, which are borrowed from *info and from `number`; returns how many. */
static size_t info_meta(GateInfo *info, char number[NUMBERS][24], TensorMeta meta[META_MAX]) {
  size_t n = 0;
  meta[n++] = (TensorMeta){"format", GATE_FORMAT};
  meta[n++] = (TensorMeta){"version", VECTOR_VERSION};
  meta[n++] = (TensorMeta){"base", info->base};
  meta[n++] = (TensorMeta){"expert", info->expert};
  if (info->unverified) {
    meta[n++] = (TensorMeta){"provenance", PROVENANCE_UNVERIFIED};
    if (info->form == GATE_RAW) return n;
    meta[n++] = (TensorMeta){"vectors", (char *)(uintptr_t)FORM[info->form]};
    return n;
  }
  snprintf(number[0], sizeof number[0], "%" PRId64, info->steps);
  snprintf(number[1], sizeof number[1], "%" PRIu64, info->seed);
  meta[n++] = (TensorMeta){"recipe", info->recipe};
  meta[n++] = (TensorMeta){"steps", number[0]};
  meta[n++] = (TensorMeta){"seed", number[1]};
  snprintf(number[2], sizeof number[2], "%" PRId64, info->extended);
  if (info->extended > 0) meta[n++] = (TensorMeta){"extended", number[2]};
  if (info->verdict != VERDICT_UNSAID)
    meta[n++] = (TensorMeta){"verdict", (char *)(uintptr_t)VERDICT[info->verdict]};
  if (info->maker.way == GATE_CONTRIBUTED) return n;
  meta[n++] = (TensorMeta){"collector", (char *)(uintptr_t)gate_way_name(info->maker.way)};
  meta[n++] = (TensorMeta){"data", info->maker.data};
  return n;
}

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
  char number[NUMBERS][24];
  GateInfo copy = *info; /* TensorMeta does not take const strings */
  TensorMeta meta[META_MAX];
  return safetensors_write(path, items, n, meta, info_meta(&copy, number, meta), err);
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

static Status read_form(const VectorFile *f, GateInfo *info, Error *err) {
  const char *vectors = weights_meta(f->weights, "vectors");
  if (!vectors) return STATUS_OK;
  for (int form = GATE_STANDARDISED; form <= GATE_DIRECTIONS; form++) {
    info->form = (GateForm)form;
    if (strcmp(vectors, FORM[form]) == 0) return STATUS_OK;
  }
  return error_set(err, STATUS_INPUT,
                   "%s: __metadata__: vectors: is \"%.80s\", want \"standardised\", \"directions\" "
                   "or nothing",
                   f->path, vectors);
}

static Status read_verdict(const VectorFile *f, GateInfo *info, Error *err) {
  const char *verdict = weights_meta(f->weights, "verdict");
  if (!verdict) return STATUS_OK;
  for (int v = VERDICT_NOT; v <= VERDICT_TRAINED; v++) {
    info->verdict = (GateVerdict)v;
    if (strcmp(verdict, VERDICT[v]) == 0) return STATUS_OK;
  }
  return error_set(err, STATUS_INPUT,
                   "%s: __metadata__: verdict: is \"%.80s\", want \"trained\", \"barely\", "
                   "\"not\" or nothing",
                   f->path, verdict);
}

static Status read_extended(const VectorFile *f, GateInfo *info, Error *err) {
  uint64_t steps;
  if (!weights_meta(f->weights, "extended")) return STATUS_OK;
  TRY(vector_file_number(f, "extended", INT64_MAX, &steps, err));
  info->extended = (int64_t)steps;
  return STATUS_OK;
}

static Status read_maker(const VectorFile *f, GateMaker *maker, Error *err) {
  const char *way = weights_meta(f->weights, "collector");
  if (!way) return STATUS_OK;
  if (!gate_way_find(way, &maker->way)) {
    return error_set(err, STATUS_INPUT,
                     "%s: __metadata__: collector: is \"%.80s\", want " GATE_WAYS_KNOWN
                     " or nothing",
                     f->path, way);
  }
  TRY(vector_file_text(f, "data", maker->data, sizeof maker->data, err));
  if (hash_valid(maker->data)) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   "%s: __metadata__: data: want 64 lower-case hexadecimal digits", f->path);
}

Status gate_info_read(const VectorFile *f, GateInfo *info, Error *err) {
  uint64_t steps;
  const char *provenance = weights_meta(f->weights, "provenance");
  *info = (GateInfo){.unverified = provenance != NULL};
  memcpy(info->base, f->base, sizeof info->base);
  memcpy(info->expert, f->expert, sizeof info->expert);
  if (provenance && strcmp(provenance, PROVENANCE_UNVERIFIED) != 0) {
    return error_set(err, STATUS_INPUT,
                     "%s: __metadata__: provenance: is \"%.80s\", want \"" PROVENANCE_UNVERIFIED
                     "\" or nothing",
                     f->path, provenance);
  }
  if (info->unverified) return read_form(f, info, err);
  TRY(vector_file_text(f, "recipe", info->recipe, sizeof info->recipe, err));
  TRY(vector_file_number(f, "steps", INT64_MAX, &steps, err));
  info->steps = (int64_t)steps;
  TRY(vector_file_number(f, "seed", UINT64_MAX, &info->seed, err));
  TRY(read_extended(f, info, err));
  TRY(read_maker(f, &info->maker, err));
  return read_verdict(f, info, err);
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
  TRY(gate_info_read(f, info, err));
  TRY(vector_file_check_owner(f, base, expert_fingerprint(expert), NULL, err));
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
  Status status = gate_blank(gate, modules, err);
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
