#include "infer/adapter/lora_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "base_model.model."

char *lora_tensor_name(const char *module, char which) {
  static const char TAIL[] = ".lora_?.weight";
  char *name = malloc(strlen(PREFIX) + strlen(module) + sizeof TAIL);
  if (!name) return NULL;
  char *tail = stpcpy(stpcpy(name, PREFIX), module);
  strcpy(tail, TAIL);
  *strchr(tail, '?') = which;
  return name;
}

/* The rank of a factor is that of the configuration, where it says one. */
static Status check_rank(const LoraFile *f, const char *key, const char *module, int64_t found,
                         Error *err) {
  int64_t rank;
  TRY(peft_config_rank(&f->config, module, &rank, err));
  if (found == rank || rank == 0) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s: %s: rank %" PRId64 ", but adapter_config.json says %" PRId64, f->path, key,
                   found, rank);
}

static Status read_shape(LoraFile *f, const Module *module, const char *key, bool is_a, Tensor *t,
                         Error *err) {
  if (weights_find(f->weights, key)->size == 0) {
    return error_set(err, STATUS_INPUT,
                     "%s: %s: holds no values, as where weights were spread and not gathered when "
                     "the adapter was saved (DeepSpeed ZeRO-3)",
                     f->path, key);
  }
  TRY(weights_locate(f->weights, key, is_a ? -1 : module->d_out, is_a ? module->d_in : -1, t, err));
  return check_rank(f, key, module->name, is_a ? t->rows : t->cols, err);
}

/* Factor `which` of the module, where the file has it. */
static Status locate_factor(LoraFile *f, const Module *module, char which, size_t *located,
                            Error *err) {
  LoraFactor *factor = &f->factor[module->id];
  bool is_a = which == 'A';
  char *key = lora_tensor_name(module->name, which);
  if (!key) return error_set(err, STATUS_RUN, "%s: out of memory", f->path);
  Status status = STATUS_OK;
  if (weights_has(f->weights, key)) {
    status = read_shape(f, module, key, is_a, is_a ? &factor->a : &factor->b, err);
    ++*located;
  }
  free(key);
  return status;
}

/* What a tensor is that an adapter may hold and an expert has no place for; NULL: unknown. */
static const char *stranger(const char *key) {
  static const struct {
    const char *part, *what;
  } kinds[] = {
      {".lora_embedding_", "the factor of an embedding; only linears have experts"},
      {"lm_head.lora_", "a factor of lm_head, which is no linear of a block"},
      {".lora_magnitude_vector", "of DoRA"},
      {".bias", "a bias, which T5 has not"},
      {"model.lm_head.", "a weight of the base, saved whole"},
      {"model.shared.", "a weight of the base, saved whole"},
      {".embed_tokens.", "a weight of the base, saved whole"},
      {".modules_to_save.", "a weight of the base, saved whole"},
  };
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (strstr(key, kinds[i].part)) return kinds[i].what;
  }
  return NULL;
}

Status lora_tensor_check(const char *path, const char *key, Error *err) {
  static const char A[] = ".lora_A.weight", B[] = ".lora_B.weight";
  const char *what = stranger(key), *tail = strstr(key, ".lora_");
  bool factor = strncmp(key, PREFIX, strlen(PREFIX)) == 0 && tail &&
                (strcmp(tail, A) == 0 || strcmp(tail, B) == 0);
  if (factor && !what) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   "%s: %s: is no factor of a plain LoRA%s%s; want %s<module>%s or %s", path, key,
                   what ? " but " : "", what ? what : "", PREFIX, A, B);
}

/* Tensor `key` is a factor of some linear of the model. */
static Status check_key(const LoraFile *f, const Modules *modules, const char *key, Error *err) {
  TRY(lora_tensor_check(f->path, key, err));
  const char *module = key + strlen(PREFIX), *tail = strstr(module, ".lora_");
  char *name = strndup(module, (size_t)(tail - module));
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

static Status locate_factors(LoraFile *f, const Modules *modules, Error *err) {
  size_t located = 0;
  for (int i = 0; i < modules->count; i++) {
    TRY(locate_factor(f, &modules->module[i], 'A', &located, err));
    TRY(locate_factor(f, &modules->module[i], 'B', &located, err));
  }
  if (located == weights_count(f->weights)) return STATUS_OK;
  for (size_t i = 0; i < weights_count(f->weights); i++) {
    TRY(check_key(f, modules, weights_entry(f->weights, i)->name, err));
  }
  return STATUS_OK;
}

/* One linear: both factors or none, as target_modules says. */
static Status check_factor(const LoraFile *f, const char *module, const LoraFactor *factor,
                           Error *err) {
  bool has_a = factor->a.rows > 0, has_b = factor->b.rows > 0;
  if (has_a != has_b) {
    return error_set(err, STATUS_INPUT, "%s: %s%s.lora_%c.weight: is missing", f->path, PREFIX,
                     module, has_a ? 'B' : 'A');
  }
  return peft_config_check_covers(&f->config, module, has_a, f->path, err);
}

static Status check_factors(LoraFile *f, const Modules *modules, Error *err) {
  for (int i = 0; i < f->count; i++) {
    LoraFactor *factor = &f->factor[i];
    const char *module = modules->module[i].name;
    TRY(check_factor(f, module, factor, err));
    if (!lora_covers(f->factor, i)) continue;
    double alpha;
    TRY(peft_config_alpha(&f->config, module, &alpha, err));
    factor->alpha = (float)alpha;
    factor->scale = lora_scale(factor->alpha, factor->a.rows, f->config.rslora);
    f->covered++;
  }
  if (f->covered > 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: holds no factors", f->path);
}

static Status open_file(LoraFile *f, const char *dir, const Modules *modules, Error *err) {
  TRY(peft_config_read(&f->config, dir, err));
  TRY(peft_config_require(&f->config, PEFT_LORA, err));
  TRY(weights_open_adapter(&f->weights, dir, err));
  f->path = weights_path(f->weights);
  f->factor = calloc((size_t)modules->count, sizeof *f->factor);
  f->count = modules->count;
  if (!f->factor) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  TRY(locate_factors(f, modules, err));
  return check_factors(f, modules, err);
}

Status lora_file_open(LoraFile *f, const char *dir, const Modules *modules, Error *err) {
  *f = (LoraFile){0};
  Status status = open_file(f, dir, modules, err);
  if (status != STATUS_OK) lora_file_close(f);
  return status;
}

void lora_file_close(LoraFile *f) {
  peft_config_free(&f->config);
  weights_close(f->weights);
  free(f->factor);
  *f = (LoraFile){0};
}
