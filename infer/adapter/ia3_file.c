#include "infer/adapter/ia3_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "infer/adapter/tfew_file.h"

#define PREFIX "base_model.model."
#define SUFFIX ".ia3_l"

char *ia3_tensor_name(const char *module) {
  char *name = malloc(strlen(PREFIX) + strlen(module) + sizeof SUFFIX);
  if (name) stpcpy(stpcpy(stpcpy(name, PREFIX), module), SUFFIX);
  return name;
}

char *ia3_file_tensor_name(const Ia3File *f, const Module *module) {
  return f->tfew ? tfew_tensor_name(module->name, f->vector[module->id].input)
                 : ia3_tensor_name(module->name);
}

bool ia3_is_checkpoint(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool has_shape(const Tensor *t, int64_t rows, int64_t cols) {
  return t->rows == rows && t->cols == cols;
}

/* Which side of the module a vector rescales, by its shape, and that the configuration agrees. */
static Status find_side(const Ia3File *f, const char *key, const Module *m, const Tensor *t,
                        bool *input, Error *err) {
  bool of_inputs = has_shape(t, 1, m->d_in), of_outputs = has_shape(t, m->d_out, 1);
  FeedForward said;
  TRY(peft_config_feedforward(&f->config, m->name, &said, err));
  *input = said == FEEDFORWARD_YES || (said == FEEDFORWARD_UNSAID && of_inputs);
  if (*input ? of_inputs : of_outputs) return STATUS_OK;
  int64_t rows = *input ? 1 : m->d_out, cols = *input ? m->d_in : 1;
  if (of_inputs || of_outputs) {
    return error_set(err, STATUS_MISMATCH,
                     "%s: %s: is [%" PRId64 ", %" PRId64
                     "], a vector of %s, but feedforward_modules in adapter_config.json %s the "
                     "module: want [%" PRId64 ", %" PRId64 "] of %s",
                     f->path, key, t->rows, t->cols, of_inputs ? "inputs" : "outputs",
                     *input ? "names" : "does not name", rows, cols, *input ? "inputs" : "outputs");
  }
  return error_set(err, STATUS_MISMATCH,
                   "%s: %s: is [%" PRId64 ", %" PRId64 "], want [%" PRId64 ", %" PRId64
                   "]; the adapter is for another base",
                   f->path, key, t->rows, t->cols, rows, cols);
}

/* The vector of the module, where the file has it. */
static Status locate_vector(Ia3File *f, const Module *module, Error *err) {
  bool input;
  char *key = ia3_tensor_name(module->name);
  if (!key) return error_set(err, STATUS_RUN, "%s: out of memory", f->path);
  Status status = STATUS_OK;
  if (weights_has(f->weights, key)) {
    Tensor t;
    status = weights_locate(f->weights, key, -1, -1, &t, err);
    if (status == STATUS_OK) status = find_side(f, key, module, &t, &input, err);
    if (status == STATUS_OK) f->vector[module->id] = ia3_vector(&t, input), f->covered++;
  }
  free(key);
  return status;
}

/* Tensor `key` is the vector of some linear of the model. */
static Status check_key(const Ia3File *f, const Modules *modules, const char *key, Error *err) {
  size_t size = strlen(key), affixes = strlen(PREFIX) + strlen(SUFFIX);
  if (size <= affixes || strncmp(key, PREFIX, strlen(PREFIX)) != 0 ||
      strcmp(key + size - strlen(SUFFIX), SUFFIX) != 0) {
    return error_set(err, STATUS_INPUT, "%s: %s: is no vector of an (IA)3; want %s<module>%s",
                     f->path, key, PREFIX, SUFFIX);
  }
  char *name = strndup(key + strlen(PREFIX), size - affixes);
  if (!name) return error_set(err, STATUS_RUN, "%s: out of memory", f->path);
  Status status = STATUS_OK;
  if (!modules_find(modules, name)) {
    status =
        error_set(err, STATUS_MISMATCH,
                  "%s: %s: the model has no linear \"%s\" (%s); the adapter is for another base",
                  f->path, key, name, modules->shape);
  }
  free(name);
  return status;
}

static Status locate_vectors(Ia3File *f, const Modules *modules, Error *err) {
  for (int i = 0; i < modules->count; i++) TRY(locate_vector(f, &modules->module[i], err));
  size_t count = weights_count(f->weights);
  for (size_t i = 0; (size_t)f->covered < count && i < count; i++)
    TRY(check_key(f, modules, weights_entry(f->weights, i)->name, err));
  for (int i = 0; i < modules->count; i++) {
    TRY(peft_config_check_covers(&f->config, modules->module[i].name, ia3_covers(f->vector, i),
                                 f->path, err));
  }
  if (f->covered > 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: holds no vectors", f->path);
}

static Status open_file(Ia3File *f, const char *dir, const Modules *modules, Error *err) {
  f->vector = calloc((size_t)modules->count, sizeof *f->vector);
  f->count = modules->count;
  if (!f->vector) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  if (ia3_is_checkpoint(dir)) return tfew_file_open(f, dir, modules, err);
  TRY(peft_config_read(&f->config, dir, err));
  TRY(peft_config_require(&f->config, PEFT_IA3, err));
  TRY(weights_open_adapter(&f->weights, dir, err));
  f->path = weights_path(f->weights);
  return locate_vectors(f, modules, err);
}

Status ia3_file_open(Ia3File *f, const char *dir, const Modules *modules, Error *err) {
  *f = (Ia3File){0};
  Status status = open_file(f, dir, modules, err);
  if (status != STATUS_OK) ia3_file_close(f);
  return status;
}

void ia3_file_close(Ia3File *f) {
  peft_config_free(&f->config);
  weights_close(f->weights);
  free(f->vector);
  *f = (Ia3File){0};
}
