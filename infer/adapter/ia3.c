#include "infer/adapter/ia3.h"

#include <stdlib.h>
#include <string.h>

#include "infer/adapter/ia3_file.h"
#include "infer/adapter/targets.h"
#include "infer/adapter/values.h"

static Status ia3_make(Ia3 **ia3, const Modules *modules, const char *base_name, Error *err) {
  *ia3 = calloc(1, sizeof **ia3);
  Ia3Vector *vector = calloc((size_t)modules->count, sizeof *vector);
  char *name = strdup(base_name);
  if (!*ia3 || !vector || !name) {
    free(*ia3);
    free(vector);
    free(name);
    *ia3 = NULL;
    return error_set(err, STATUS_RUN, "out of memory: an adapter");
  }
  **ia3 = (Ia3){.vector = vector, .count = modules->count, .base_name = name};
  return STATUS_OK;
}

void ia3_close(Ia3 *ia3) {
  if (!ia3) return;
  for (int i = 0; i < ia3->count; i++) tensor_destroy(&ia3->vector[i].l);
  free(ia3->vector);
  free(ia3->base_name);
  free(ia3);
}

/* Opening. */

static Status read_vector(const Ia3File *f, const Module *module, Ia3Vector *to, Error *err) {
  char *name = ia3_file_tensor_name(f, module);
  Status status = name ? values_copy(&to->l, &f->vector[module->id].l, f->path, name, err)
                       : error_set(err, STATUS_RUN, "%s: out of memory", f->path);
  to->input = f->vector[module->id].input;
  free(name);
  return status;
}

static Status read_file(const Ia3File *f, const Modules *modules, Ia3 *ia3, Error *err) {
  ia3->covered = f->covered;
  for (int i = 0; i < ia3->count; i++) {
    if (ia3_covers(f->vector, i)) TRY(read_vector(f, &modules->module[i], &ia3->vector[i], err));
  }
  TRY(weights_unchanged(f->weights, err));
  return ia3_fingerprint(ia3, modules, ia3->fingerprint, err);
}

Status ia3_open(Ia3 **ia3, const char *dir, const Modules *modules, Error *err) {
  Ia3File file;
  *ia3 = NULL;
  TRY(ia3_file_open(&file, dir, modules, err));
  Status status = ia3_make(ia3, modules, file.config.base_name, err);
  if (status == STATUS_OK) status = read_file(&file, modules, *ia3, err);
  ia3_file_close(&file);
  if (status != STATUS_OK) {
    ia3_close(*ia3);
    *ia3 = NULL;
  }
  return status;
}

/* Making. */

static Status add_ones(Ia3 *ia3, const Module *module, bool input, Error *err) {
  Ia3Vector *v = &ia3->vector[module->id];
  TRY(tensor_create(&v->l, 1, input ? module->d_in : module->d_out, true, err));
  for (int64_t i = 0; i < v->l.cols; i++) v->l.data[i] = 1;
  v->input = input;
  ia3->covered++;
  return STATUS_OK;
}

static Status choose_modules(const Modules *modules, const char *targets, const char *feedforward,
                             bool *chosen, bool *input, Error *err) {
  TRY(targets_choose(targets, modules, "target modules", chosen, err));
  memset(input, 0, (size_t)modules->count * sizeof *input);
  if (*feedforward) TRY(targets_choose(feedforward, modules, "feed-forward modules", input, err));
  for (int i = 0; i < modules->count; i++) {
    if (chosen[i] || !input[i]) continue;
    return error_set(err, STATUS_USAGE,
                     "feed-forward modules: %s is not among the target modules \"%s\"",
                     modules->module[i].name, targets);
  }
  return STATUS_OK;
}

static Status fill_new(Ia3 *ia3, const Modules *modules, const char *targets,
                       const char *feedforward, Error *err) {
  size_t count = (size_t)modules->count;
  bool *chosen = calloc(2 * count + 1, sizeof *chosen), *input = chosen ? chosen + count : NULL;
  Status status = chosen ? choose_modules(modules, targets, feedforward, chosen, input, err)
                         : error_set(err, STATUS_RUN, "out of memory: an adapter");
  for (int i = 0; i < modules->count && status == STATUS_OK; i++) {
    if (chosen[i]) status = add_ones(ia3, &modules->module[i], input[i], err);
  }
  free(chosen);
  return status == STATUS_OK ? ia3_fingerprint(ia3, modules, ia3->fingerprint, err) : status;
}

Status ia3_new(Ia3 **ia3, const Modules *modules, const char *targets, const char *feedforward,
               Error *err) {
  TRY(ia3_make(ia3, modules, "", err));
  Status status = fill_new(*ia3, modules, targets, feedforward, err);
  if (status != STATUS_OK) {
    ia3_close(*ia3);
    *ia3 = NULL;
  }
  return status;
}

/* Using. */

Status ia3_fingerprint(const Ia3 *ia3, const Modules *modules, char hex[HASH_HEX], Error *err) {
  Hash *hash = hash_new();
  if (!hash) return error_set(err, STATUS_RUN, "out of memory: the fingerprint of an adapter");
  for (int i = 0; i < ia3->count; i++) {
    const Ia3Vector *v = &ia3->vector[i];
    if (!ia3_covers(ia3->vector, i)) continue;
    hash_add_string(hash, modules->module[i].name);
    hash_add_string(hash, v->input ? "input" : "output");
    hash_add(hash, &v->l.cols, sizeof v->l.cols);
    hash_add(hash, v->l.data, (size_t)v->l.cols * sizeof *v->l.data);
  }
  hash_finish(hash, hex);
  return STATUS_OK;
}

Status ia3_adapters(const Ia3 *ia3, AdapterSet *set, Error *err) {
  *set = (AdapterSet){.slot = calloc((size_t)ia3->count, sizeof *set->slot), .count = ia3->count};
  if (!set->slot) return error_set(err, STATUS_RUN, "out of memory: %d adapter slots", ia3->count);
  for (int i = 0; i < ia3->count; i++) {
    Ia3Vector *v = &ia3->vector[i];
    if (ia3_covers(ia3->vector, i)) set->slot[i] = adapter_rescaling(&v->l, v->input);
  }
  return STATUS_OK;
}
