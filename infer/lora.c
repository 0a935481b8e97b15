#include "infer/lora.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/rng.h"
#include "data/file.h"
#include "infer/lora_config.h"
#include "infer/values.h"

enum { RNG_LORA_A = 0x6c41 }; /* purpose of the random stream of a fresh A */

float lora_scale(float alpha, int64_t rank, bool rslora) {
  return alpha / (rslora ? sqrtf((float)rank) : (float)rank);
}

static Status lora_make(Lora **lora, const T5 *model, Error *err) {
  *lora = calloc(1, sizeof **lora);
  LoraFactor *factor = calloc((size_t)model->linears, sizeof *factor);
  char *base_name = strdup("");
  if (!*lora || !factor || !base_name) {
    free(*lora);
    free(factor);
    free(base_name);
    *lora = NULL;
    return error_set(err, STATUS_RUN, "out of memory: an adapter");
  }
  **lora = (Lora){.factor = factor, .count = model->linears, .base_name = base_name};
  return STATUS_OK;
}

void lora_close(Lora *lora) {
  if (!lora) return;
  for (int i = 0; i < lora->count; i++) {
    tensor_destroy(&lora->factor[i].a);
    tensor_destroy(&lora->factor[i].b);
  }
  free(lora->factor);
  free(lora->base_name);
  free(lora);
}

/* Opening. */

/* What is being read, from where. */
typedef struct Source {
  LoraConfig config;
  char *path; /* of adapter_model.safetensors */
  Weights *weights;
} Source;

static const char PREFIX[] = "base_model.model.";

/* The linear that tensor `key` is a factor of; *is_a says which factor. */
static Status find_factor(const Source *s, const T5 *model, const char *key, Linear **linear,
                          bool *is_a, Error *err) {
  static const char A[] = ".lora_A.weight", B[] = ".lora_B.weight";
  const char *module = key + strlen(PREFIX);
  const char *tail = strncmp(key, PREFIX, strlen(PREFIX)) == 0 ? strstr(module, ".lora_") : NULL;
  *is_a = tail && strcmp(tail, A) == 0;
  if (!tail || (!*is_a && strcmp(tail, B) != 0)) {
    return error_set(err, STATUS_INPUT,
                     "%s: %s: is no factor of a plain LoRA; want %s<module>%s or %s", s->path, key,
                     PREFIX, A, B);
  }
  char *name = strndup(module, (size_t)(tail - module));
  if (!name) return error_set(err, STATUS_RUN, "%s: out of memory", s->path);
  *linear = t5_find_linear(model, name);
  if (!*linear) {
    error_set(err, STATUS_MISMATCH,
              "%s: %s: the model has no linear \"%s\" (%d encoder and %d decoder blocks, %s feed-"
              "forward); the adapter is for another base",
              s->path, key, name, model->config.encoder_layers, model->config.decoder_layers,
              model->config.gated ? "gated" : "plain");
  }
  free(name);
  return *linear ? STATUS_OK : STATUS_MISMATCH;
}

/* Reads one factor; the rank is checked against the configuration. */
static Status read_factor(const Source *s, const char *key, const Linear *linear, bool is_a,
                          LoraFactor *factor, Error *err) {
  Tensor view;
  int64_t rank = lora_config_rank(&s->config, linear->name);
  TRY(weights_get(s->weights, key, is_a ? -1 : linear->weight.rows, is_a ? linear->weight.cols : -1,
                  &view, err));
  int64_t found = is_a ? view.rows : view.cols;
  if (found != rank) {
    return error_set(err, STATUS_MISMATCH,
                     "%s: %s: rank %" PRId64 ", but adapter_config.json says %" PRId64, s->path,
                     key, found, rank);
  }
  return values_copy(is_a ? &factor->a : &factor->b, &view, s->path, key, err);
}

static Status read_factors(const Source *s, const T5 *model, Lora *lora, Error *err) {
  for (size_t i = 0; i < weights_count(s->weights); i++) {
    const char *key = weights_entry(s->weights, i)->name;
    Linear *linear = NULL;
    bool is_a;
    TRY(find_factor(s, model, key, &linear, &is_a, err));
    TRY(read_factor(s, key, linear, is_a, &lora->factor[linear->id], err));
  }
  return STATUS_OK;
}

/* One linear: both factors or none, as target_modules says. */
static Status check_factor(const Source *s, const char *module, const LoraFactor *f, Error *err) {
  bool has_a = f->a.rows > 0, has_b = f->b.rows > 0;
  if (has_a != has_b) {
    return error_set(err, STATUS_INPUT, "%s: %s%s.lora_%c.weight: is missing", s->path, PREFIX,
                     module, has_a ? 'B' : 'A');
  }
  if (has_a && !lora_config_allows(&s->config, module)) {
    return error_set(err, STATUS_MISMATCH,
                     "%s: target_modules: does not name \"%s\", whose factors are in %s",
                     s->config.path, module, s->path);
  }
  if (!has_a && lora_config_demands(&s->config, module)) {
    return error_set(err, STATUS_MISMATCH,
                     "%s: target_modules: names \"%s\", which has no factors in %s", s->config.path,
                     module, s->path);
  }
  return STATUS_OK;
}

static Status check_factors(const Source *s, const T5 *model, Lora *lora, Error *err) {
  lora->rslora = s->config.rslora;
  for (int i = 0; i < lora->count; i++) {
    LoraFactor *f = &lora->factor[i];
    const char *module = model->linear[i].name;
    TRY(check_factor(s, module, f, err));
    if (f->a.rows == 0) continue;
    f->alpha = (float)lora_config_alpha(&s->config, module);
    f->scale = lora_scale(f->alpha, f->a.rows, lora->rslora);
    lora->covered++;
  }
  if (lora->covered > 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: holds no factors", s->path);
}

static Status read_lora(Source *s, const char *dir, const T5 *model, Lora *lora, Error *err) {
  TRY(lora_config_read(&s->config, dir, err));
  free(lora->base_name);
  lora->base_name = strdup(s->config.base_name);
  s->path = path_join(dir, "adapter_model.safetensors");
  if (!s->path || !lora->base_name) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  TRY(weights_open(&s->weights, s->path, err));
  TRY(read_factors(s, model, lora, err));
  TRY(check_factors(s, model, lora, err));
  TRY(weights_unchanged(s->weights, err));
  return lora_fingerprint(lora, model, lora->fingerprint, err);
}

Status lora_open(Lora **lora, const char *dir, const T5 *model, Error *err) {
  Source s = {0};
  TRY(lora_make(lora, model, err));
  Status status = read_lora(&s, dir, model, *lora, err);
  lora_config_free(&s.config);
  weights_close(s.weights);
  free(s.path);
  if (status != STATUS_OK) {
    lora_close(*lora);
    *lora = NULL;
  }
  return status;
}

/* Making. */

/* The last component of a module name: "q". */
static const char *last_part(const char *module) {
  return strrchr(module, '.') + 1;
}

static Status fresh_factor(LoraFactor *f, const Linear *linear, int rank, float alpha,
                           uint64_t seed, Error *err) {
  TRY(tensor_create(&f->a, rank, linear->weight.cols, true, err));
  TRY(tensor_create(&f->b, linear->weight.rows, rank, true, err));
  Rng rng = {.key = rng_key(seed, (uint64_t)linear->id, 0, RNG_LORA_A)};
  for (int64_t i = 0; i < tensor_count(&f->a); i++) f->a.data[i] = 0.01F * rng_normal(&rng);
  f->alpha = alpha;
  f->scale = lora_scale(alpha, rank, false);
  return STATUS_OK;
}

/* Factors on the linears whose last name component is `part` ("all-linear": on every linear). */
static Status add_target(Lora *lora, const T5 *model, const char *part, size_t length, int rank,
                         float alpha, uint64_t seed, Error *err) {
  bool all = length == strlen("all-linear") && strncmp(part, "all-linear", length) == 0;
  bool found = false;
  for (int i = 0; i < model->linears; i++) {
    const char *last = last_part(model->linear[i].name);
    if (!all && (strlen(last) != length || strncmp(last, part, length) != 0)) continue;
    found = true;
    if (lora->factor[i].a.rows > 0) continue; /* named twice */
    TRY(fresh_factor(&lora->factor[i], &model->linear[i], rank, alpha, seed, err));
    lora->covered++;
  }
  if (found) return STATUS_OK;
  return error_set(err, STATUS_USAGE,
                   "target modules: \"%.*s\" is not the end of the name of a linear; want "
                   "all-linear or some of q, k, v, o, %s, wo",
                   (int)length, part, model->config.gated ? "wi_0, wi_1" : "wi");
}

static Status fill_new(Lora *lora, const T5 *model, int rank, float alpha, const char *targets,
                       uint64_t seed, Error *err) {
  if (rank < 1) return error_set(err, STATUS_USAGE, "rank: is %d, want at least 1", rank);
  for (const char *part = targets;; part++) {
    size_t length = strcspn(part, ",");
    TRY(add_target(lora, model, part, length, rank, alpha, seed, err));
    part += length;
    if (!*part) break;
  }
  return lora_fingerprint(lora, model, lora->fingerprint, err);
}

Status lora_new(Lora **lora, const T5 *model, int rank, float alpha, const char *targets,
                uint64_t seed, Error *err) {
  TRY(lora_make(lora, model, err));
  Status status = fill_new(*lora, model, rank, alpha, targets, seed, err);
  if (status != STATUS_OK) {
    lora_close(*lora);
    *lora = NULL;
  }
  return status;
}

/* Using. */

static void hash_matrix(Hash *hash, const Tensor *t) {
  hash_add(hash, &t->rows, sizeof t->rows);
  hash_add(hash, &t->cols, sizeof t->cols);
  hash_add(hash, t->data, (size_t)tensor_count(t) * sizeof *t->data);
}

Status lora_fingerprint(const Lora *lora, const T5 *model, char hex[HASH_HEX], Error *err) {
  Hash *hash = hash_new();
  if (!hash) return error_set(err, STATUS_RUN, "out of memory: the fingerprint of an adapter");
  for (int i = 0; i < lora->count; i++) {
    const LoraFactor *f = &lora->factor[i];
    if (f->a.rows == 0) continue;
    hash_add_string(hash, model->linear[i].name);
    hash_add(hash, &f->scale, sizeof f->scale);
    hash_matrix(hash, &f->a);
    hash_matrix(hash, &f->b);
  }
  hash_finish(hash, hex);
  return STATUS_OK;
}

Status lora_adapters(const Lora *lora, AdapterSet *set, Error *err) {
  *set = (AdapterSet){.slot = calloc((size_t)lora->count, sizeof *set->slot), .count = lora->count};
  if (!set->slot) return error_set(err, STATUS_RUN, "out of memory: %d adapter slots", lora->count);
  for (int i = 0; i < lora->count; i++) {
    LoraFactor *f = &lora->factor[i];
    if (f->a.rows > 0) set->slot[i] = (LowRank){.a = &f->a, .b = &f->b, .scale = f->scale};
  }
  return STATUS_OK;
}
