#include "infer/expert/released.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/adapter/values.h"

static Status out_of_memory(const char *path, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", path);
}

static ReleasedSlot *slot_of(const Released *r, int expert, int module) {
  return &r->slot[(size_t)expert * (size_t)r->modules->count + (size_t)module];
}

static const char *name_of(const Released *r, size_t at) {
  return weights_entry(r->weights, at - 1)->name;
}

/* Opening. */

static Status refuse_name(const Released *r, const char *name, Error *err) {
  return error_set(err, STATUS_INPUT,
                   "%s: tensor '%.200s': is none that PHATGOOSE, GLIDER or PEFT write for a LoRA "
                   "and its gates; gates alone are <module>.gate, and skein convert --below NAME "
                   "takes out what is below a name, as in a training run",
                   r->path, name);
}

static Status refuse_module(const Released *r, const char *name, const ReleasedKey *key,
                            Error *err) {
  int size = key->module_size < 100 ? (int)key->module_size : 100;
  if (key->part == RELEASED_GATE && !memchr(key->module, '.', key->module_size)) {
    return error_set(
        err, STATUS_MISMATCH,
        "%s: tensor '%.200s': is one router for the whole of \"%.*s\", as the baseline "
        "Retrieval has it, and no gate of a linear; take the checkpoint with gates",
        r->path, name, size, key->module);
  }
  return error_set(
      err, STATUS_MISMATCH,
      "%s: tensor '%.200s': the base has no linear \"%.*s\" (%s); is it of another base?", r->path,
      name, size, key->module, r->modules->shape);
}

/* How many experts the numbers of the names speak of. */
static Status count_experts(Released *r, Error *err) {
  int64_t most = -1;
  for (size_t i = 0; i < weights_count(r->weights); i++) {
    ReleasedKey key = released_key(weights_entry(r->weights, i)->name);
    if (key.part == RELEASED_UNKNOWN)
      return refuse_name(r, weights_entry(r->weights, i)->name, err);
    if (key.part < RELEASED_PARTS && key.expert > most) most = key.expert;
  }
  int64_t tensors = (int64_t)weights_count(r->weights);
  if (most < 0) return error_set(err, STATUS_INPUT, "%s: holds no expert and no gate", r->path);
  if (most >= tensors || most >= RELEASED_EXPERTS_MAX) {
    return error_set(
        err, STATUS_INPUT,
        "%s: has an expert numbered %lld and %lld tensors in all; experts before it are "
        "missing",
        r->path, (long long)most, (long long)tensors);
  }
  r->experts = (int)most + 1;
  return STATUS_OK;
}

static Status place_tensor(Released *r, size_t i, Error *err) {
  const char *name = weights_entry(r->weights, i)->name;
  ReleasedKey key = released_key(name);
  if (key.part == RELEASED_LEFT_OVER) return STATUS_OK;
  char *module_name = strndup(key.module, key.module_size);
  if (!module_name) return out_of_memory(r->path, err);
  const Module *module = modules_find(r->modules, module_name);
  free(module_name);
  if (!module) return refuse_module(r, name, &key, err);
  size_t *at = &slot_of(r, (int)key.expert, module->id)->at[key.part];
  if (*at) {
    return error_set(err, STATUS_INPUT, "%s: tensor '%.160s': is what '%.160s' is, too; keep one",
                     r->path, name, name_of(r, *at));
  }
  *at = i + 1;
  r->gates |= key.part == RELEASED_GATE || key.part == RELEASED_INPUT_GATE;
  return STATUS_OK;
}

/* Every byte is as it was saved, where the format tells. */
static Status verify(const Released *r, Error *err) {
  for (size_t i = 0; i < weights_tables(r->weights); i++) {
    TRY(tensor_table_verify(weights_table(r->weights, i), err));
  }
  return STATUS_OK;
}

static Status open_file(Released *r, const char *path, Error *err) {
  r->path = strdup(path);
  if (!r->path) return out_of_memory(path, err);
  TRY(weights_open(&r->weights, path, err));
  TRY(verify(r, err));
  TRY(count_experts(r, err));
  r->slot = calloc((size_t)r->experts * (size_t)r->modules->count, sizeof *r->slot);
  if (!r->slot) return out_of_memory(path, err);
  for (size_t i = 0; i < weights_count(r->weights); i++) TRY(place_tensor(r, i, err));
  return STATUS_OK;
}

Status released_open(Released *r, const char *path, const Modules *modules, Error *err) {
  *r = (Released){.modules = modules};
  Status status = open_file(r, path, err);
  if (status != STATUS_OK) released_close(r);
  return status;
}

void released_close(Released *r) {
  weights_close(r->weights);
  free(r->slot);
  free(r->path);
  *r = (Released){0};
}

size_t released_unused(const Released *r, bool gates_only, const char **first) {
  size_t count = 0;
  for (size_t i = weights_count(r->weights); i-- > 0;) {
    const char *name = weights_entry(r->weights, i)->name;
    ReleasedPart part = released_key(name).part;
    bool factor = part == RELEASED_A || part == RELEASED_B;
    if (part != RELEASED_LEFT_OVER && !(gates_only && factor)) continue;
    *first = name;
    count++;
  }
  return count;
}

/* Checking. */

static bool has_gate(const ReleasedSlot *s) {
  return s->at[RELEASED_GATE] || s->at[RELEASED_INPUT_GATE];
}

/* The first part that an expert lacks where some expert has one; RELEASED_PARTS: none. */
static ReleasedPart missing_part(const Released *r, const ReleasedSlot *s) {
  if (!s->at[RELEASED_A]) return RELEASED_A;
  if (!s->at[RELEASED_B]) return RELEASED_B;
  return r->gates && !has_gate(s) ? RELEASED_GATE : RELEASED_PARTS;
}

/* The file has a name of PHATGOOSE's. */
static bool has_addons(const Released *r) {
  size_t i = 0, count = weights_count(r->weights);
  while (i < count && !strstr(weights_entry(r->weights, i)->name, "._addons.")) i++;
  return i < count;
}

/* A missing tensor has a name as those have that are there. */
static Status report_missing(const Released *r, int expert, int module, ReleasedPart part,
                             Error *err) {
  const Module *m = &r->modules->module[module];
  ReleasedStyle style = has_addons(r) ? STYLE_PHATGOOSE : STYLE_GLIDER;
  char *name = released_name(style, part, m->name, expert);
  if (!name) return out_of_memory(r->path, err);
  char number[48] = "";
  if (r->experts > 1) {
    snprintf(number, sizeof number, ", of expert %d of 0 to %d", expert, r->experts - 1);
  }
  error_set(err, STATUS_INPUT, "%s: tensor '%.200s': is missing%s; is the file whole?", r->path,
            name, number);
  free(name);
  return STATUS_INPUT;
}

static Status check_module(const Released *r, int module, Error *err) {
  bool any = false;
  for (int e = 0; e < r->experts && !any; e++) {
    const ReleasedSlot *s = slot_of(r, e, module);
    any = s->at[RELEASED_A] || s->at[RELEASED_B] || has_gate(s);
  }
  for (int e = 0; e < r->experts && any; e++) {
    ReleasedPart part = missing_part(r, slot_of(r, e, module));
    if (part != RELEASED_PARTS) return report_missing(r, e, module, part, err);
  }
  return STATUS_OK;
}

Status released_check(const Released *r, Error *err) {
  for (int m = 0; m < r->modules->count; m++) TRY(check_module(r, m, err));
  return STATUS_OK;
}

/* Reading. */

/* *to becomes the tensor [rows, cols] as an owned f32 matrix, -1 for a rank. */
static Status read_matrix(const Released *r, size_t at, int64_t rows, int64_t cols, Tensor *to,
                          Error *err) {
  const char *name = name_of(r, at);
  bool turned = released_key(name).transposed;
  Tensor stored, matrix;
  TRY(weights_locate(r->weights, name, turned ? cols : rows, turned ? rows : cols, &stored, err));
  if (!turned) return values_copy(to, &stored, r->path, name, err);
  TRY(values_copy(&matrix, &stored, r->path, name, err));
  Status status = tensor_create(to, matrix.cols, matrix.rows, false, err);
  for (int64_t i = 0; status == STATUS_OK && i < matrix.rows; i++) {
    for (int64_t j = 0; j < matrix.cols; j++) {
      to->data[j * to->cols + i] = matrix.data[i * matrix.cols + j];
    }
  }
  tensor_destroy(&matrix);
  return status;
}

static Status read_factor(const Released *r, const ReleasedSlot *s, const Module *module,
                          LoraFactor *f, Error *err) {
  TRY(read_matrix(r, s->at[RELEASED_A], -1, module->d_in, &f->a, err));
  TRY(read_matrix(r, s->at[RELEASED_B], module->d_out, -1, &f->b, err));
  if (f->a.rows != f->b.cols) {
    return error_set(err, STATUS_MISMATCH,
                     "%s: tensor '%.160s': has rank %lld, but '%.160s' has %lld", r->path,
                     name_of(r, s->at[RELEASED_B]), (long long)f->b.cols,
                     name_of(r, s->at[RELEASED_A]), (long long)f->a.rows);
  }
  f->alpha = 1;
  f->scale = lora_scale(f->alpha, f->a.rows, false);
  return STATUS_OK;
}

static Status read_vector(const Released *r, size_t at, const Module *module, Tensor *to,
                          Error *err) {
  Tensor stored;
  TRY(weights_locate(r->weights, name_of(r, at), 1, module->d_in, &stored, err));
  return values_copy(to, &stored, r->path, name_of(r, at), err);
}

static bool is_zero(const Tensor *v) {
  for (int64_t i = 0; i < tensor_count(v); i++) {
    if (v->data[i] != 0) return false;
  }
  return true;
}

/* The gate that counts of two, which the other is freed of. */
static Status choose_gate(const Released *r, const ReleasedSlot *s, Tensor *router, Tensor *input,
                          Error *err) {
  bool same = memcmp(router->data, input->data, (size_t)router->cols * sizeof(float)) == 0;
  if (!same && is_zero(router)) {
    Tensor swap = *router;
    *router = *input;
    *input = swap;
    same = true;
  }
  tensor_destroy(input);
  if (same) return STATUS_OK;
  return error_set(
      err, STATUS_INPUT,
      "%s: tensor '%.160s': is not what '%.160s' is; one of the two is the gate, remove "
      "the other",
      r->path, name_of(r, s->at[RELEASED_GATE]), name_of(r, s->at[RELEASED_INPUT_GATE]));
}

static Status read_gate(const Released *r, const ReleasedSlot *s, const Module *module, Tensor *to,
                        Error *err) {
  Tensor input = {0};
  if (!has_gate(s)) return tensor_create(to, 1, module->d_in, false, err);
  if (!s->at[RELEASED_GATE]) return read_vector(r, s->at[RELEASED_INPUT_GATE], module, to, err);
  TRY(read_vector(r, s->at[RELEASED_GATE], module, to, err));
  if (!s->at[RELEASED_INPUT_GATE]) return STATUS_OK;
  TRY(read_vector(r, s->at[RELEASED_INPUT_GATE], module, &input, err));
  return choose_gate(r, s, to, &input, err);
}

static Status read_expert(Released *r, int i, Lora *lora, Gate *gate, Error *err) {
  for (int m = 0; m < r->modules->count; m++) {
    const Module *module = &r->modules->module[m];
    const ReleasedSlot *s = slot_of(r, i, m);
    if (!s->at[RELEASED_A]) continue;
    TRY(read_factor(r, s, module, &lora->factor[m], err));
    TRY(read_gate(r, s, module, &gate->vector[m], err));
    lora->covered++;
  }
  if (lora->covered == 0) return error_set(err, STATUS_INPUT, "%s: holds no factors", r->path);
  TRY(weights_unchanged(r->weights, err));
  return lora_fingerprint(lora, r->modules, lora->fingerprint, err);
}

Status released_read(Released *r, int i, Lora **lora, Gate **gate, Error *err) {
  *gate = NULL;
  TRY(lora_blank(lora, r->modules, err));
  Status status = gate_blank(gate, r->modules, err);
  if (status == STATUS_OK) status = read_expert(r, i, *lora, *gate, err);
  if (status == STATUS_OK) return status;
  lora_close(*lora);
  gate_close(*gate);
  *lora = NULL;
  *gate = NULL;
  return status;
}

Status released_dtype(const Released *r, int i, Dtype *dtype, Error *err) {
  bool first = true;
  for (int m = 0; m < r->modules->count; m++) {
    for (int part = RELEASED_A; part <= RELEASED_B; part++) {
      size_t at = slot_of(r, i, m)->at[part];
      Tensor stored;
      if (!at) continue;
      TRY(weights_locate(r->weights, name_of(r, at), -1, -1, &stored, err));
      *dtype = first || stored.dtype == *dtype ? stored.dtype : DTYPE_F32; /* and stays so */
      first = false;
    }
  }
  return STATUS_OK;
}

/* The file has a gate at the module if and only if the adapter covers it. */
static Status read_own_gate(const Released *r, const Expert *expert, int module, Gate *gate,
                            Error *err) {
  const Module *m = &r->modules->module[module];
  const ReleasedSlot *s = slot_of(r, 0, module);
  bool covers = expert_covers(expert, module);
  if (covers && has_gate(s)) return read_gate(r, s, m, &gate->vector[module], err);
  if (!covers && !has_gate(s)) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s: tensor '%s.gate': %s; the gates and the adapter are not of one expert",
                   r->path, m->name,
                   covers ? "is missing, and the adapter covers this linear"
                          : "or another name of it is there, and the adapter does not cover this "
                            "linear");
}

Status released_read_gate(Released *r, const Expert *expert, Gate **gate, Error *err) {
  *gate = NULL;
  if (r->experts != 1) {
    return error_set(
        err, STATUS_INPUT,
        "%s: holds the gates of %d experts; import them all with their adapters (skein "
        "pool import), or give a file of one",
        r->path, r->experts);
  }
  if (!r->gates) {
    return error_set(err, STATUS_INPUT, "%s: holds no gates; give the file that has them", r->path);
  }
  TRY(gate_blank(gate, r->modules, err));
  Status status = STATUS_OK;
  for (int m = 0; m < r->modules->count && status == STATUS_OK; m++) {
    status = read_own_gate(r, expert, m, *gate, err);
  }
  if (status == STATUS_OK) status = weights_unchanged(r->weights, err);
  if (status == STATUS_OK) return status;
  gate_close(*gate);
  *gate = NULL;
  return status;
}
