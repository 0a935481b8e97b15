#include "infer/adapter/tfew_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const SUFFIX[] = {".multi_lora_b", ".multi_lora_a"}; /* by `input` */

char *tfew_tensor_name(const char *module, bool input) {
  char *name = malloc(strlen(module) + strlen(SUFFIX[input]) + 1);
  if (name) stpcpy(stpcpy(name, module), SUFFIX[input]);
  return name;
}

static Status check_vector(const Ia3File *f, const char *key, const Module *m, const Tensor *t,
                           bool input, Error *err) {
  int64_t rows = input ? 1 : m->d_out, cols = input ? m->d_in : 1;
  if (t->rows == rows && t->cols == cols) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s: %s: is [%" PRId64 ", %" PRId64 "], want [%" PRId64 ", %" PRId64
                   "]; the checkpoint is for another base",
                   f->path, key, t->rows, t->cols, rows, cols);
}

/* The vector of that side, where the file has it. */
static Status locate_side(Ia3File *f, const Module *module, bool input, Error *err) {
  Ia3Vector *v = &f->vector[module->id];
  char *key = tfew_tensor_name(module->name, input);
  if (!key) return error_set(err, STATUS_RUN, "%s: out of memory", f->path);
  Status status = STATUS_OK;
  if (weights_has(f->weights, key)) {
    Tensor t;
    if (v->l.rows > 0) {
      status = error_set(err, STATUS_INPUT,
                         "%s: %s: stands beside %s; an (IA)3 rescales one side of a linear",
                         f->path, key, SUFFIX[!input] + 1);
    }
    if (status == STATUS_OK) status = weights_locate(f->weights, key, -1, -1, &t, err);
    if (status == STATUS_OK) status = check_vector(f, key, module, &t, input, err);
    if (status == STATUS_OK) *v = ia3_vector(&t, input), f->covered++;
  }
  free(key);
  return status;
}

/* Every tensor is one that was located; the first that is not is named. */
static Status check_used(const Ia3File *f, const Modules *modules, Error *err) {
  size_t count = weights_count(f->weights);
  for (size_t i = 0; (size_t)f->covered < count && i < count; i++) {
    const char *name = weights_entry(f->weights, i)->name, *tail = strstr(name, ".multi_lora_");
    if (!tail) {
      return error_set(err, STATUS_INPUT,
                       "%s: %s: is no vector of an (IA)3; want <module>%s as T-Few saves it; for "
                       "an adapter of PEFT give its directory, for a checkpoint of PHATGOOSE or "
                       "GLIDER skein pool import",
                       f->path, name, SUFFIX[0]);
    }
    char *module = strndup(name, (size_t)(tail - name));
    if (!module) return error_set(err, STATUS_RUN, "%s: out of memory", f->path);
    bool found = modules_find(modules, module) != NULL;
    free(module);
    if (!found) {
      return error_set(err, STATUS_MISMATCH,
                       "%s: %s: the model has no such linear (%s); the checkpoint is for another "
                       "base",
                       f->path, name, modules->shape);
    }
  }
  return STATUS_OK;
}

Status tfew_file_open(Ia3File *f, const char *path, const Modules *modules, Error *err) {
  TRY(weights_open(&f->weights, path, err));
  f->path = weights_path(f->weights);
  f->tfew = true;
  f->config.base_name = "";
  for (int i = 0; i < modules->count; i++) {
    TRY(locate_side(f, &modules->module[i], false, err));
    TRY(locate_side(f, &modules->module[i], true, err));
  }
  TRY(check_used(f, modules, err));
  if (f->covered > 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: holds no vectors", f->path);
}
