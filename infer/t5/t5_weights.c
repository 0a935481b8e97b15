#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/memory_left.h"
#include "autograd/ground/rng.h"
#include "data/file/path.h"
#include "data/tensors/safetensors.h"
#include "infer/t5/t5_layout.h"

#define HEAD "lm_head.weight"

enum { RNG_T5_WEIGHT = 0x7435 }; /* purpose of the random stream of a weight */

static T5 *model_new(Error *err) {
  T5 *model = calloc(1, sizeof *model);
  if (!model) error_set(err, STATUS_RUN, "out of memory: a model");
  return model;
}

void t5_close(T5 *model) {
  if (!model) return;
  for (int i = 0; i < model->tensors; i++) {
    if (!model->weights) tensor_destroy(model->tensor[i].tensor);
    free(model->tensor[i].name);
  }
  for (int i = 0; i < model->modules.count; i++) free(model->modules.module[i].name);
  free(model->modules.module);
  free(model->tensor);
  free(model->linear);
  free(model->encoder.block);
  free(model->decoder.block);
  weights_close(model->weights);
  free(model);
}

/* Opening. */

static bool same_values(const Tensor *a, const Tensor *b) {
  size_t bytes = (size_t)tensor_count(a) * dtype_size(a->dtype);
  return a->dtype == b->dtype && memcmp(a->store, b->store, bytes) == 0;
}

/* The input embedding under each of its names. */
static Status find_embedding(T5 *m, const char *dir, Tensor *shared, Error *err) {
  static const char *const names[] = {"shared.weight", "encoder.embed_tokens.weight",
                                      "decoder.embed_tokens.weight"};
  int64_t rows = m->config.vocab_size, cols = m->config.d_model;
  const char *first = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!weights_has(m->weights, names[i])) continue;
    Tensor alias;
    TRY(weights_get(m->weights, names[i], rows, cols, first ? &alias : shared, err));
    if (first && !same_values(&alias, shared)) {
      return error_set(err, STATUS_MISMATCH,
                       "%s: %s: differs from %s; T5 has one input embedding for both stacks", dir,
                       names[i], first);
    }
    if (!first) first = names[i];
  }
  if (first) return STATUS_OK;
  /* A head that is the embedding may be its only copy. */
  bool by_head = m->config.head != HEAD_OWN && weights_has(m->weights, HEAD);
  return weights_get(m->weights, by_head ? HEAD : names[0], rows, cols, shared, err);
}

static Status find_head(T5 *m, const char *dir, const Tensor *shared, bool *own, Error *err) {
  Tensor head;
  *own = false;
  if (!weights_has(m->weights, HEAD)) return STATUS_OK;
  TRY(weights_get(m->weights, HEAD, m->config.vocab_size, m->config.d_model, &head, err));
  *own = !same_values(&head, shared);
  if (!*own || m->config.head != HEAD_SHARED) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s/config.json: tie_word_embeddings: is true, but the checkpoint has an " HEAD
                   " that differs from shared.weight; set tie_word_embeddings to "
                   "false (T5 v1.1), or say scale_decoder_outputs if outputs are to be scaled",
                   dir);
}

static Status read_weights(T5 *m, const char *dir, Error *err) {
  bool own_head;
  Tensor shared;
  TRY(weights_open(&m->weights, dir, err));
  TRY(find_embedding(m, dir, &shared, err));
  TRY(find_head(m, dir, &shared, &own_head, err));
  TRY(t5_layout(m, own_head, err));
  m->shared = shared;
  m->config.tied = !own_head;
  for (int i = 0; i < m->tensors; i++) {
    T5Tensor *t = &m->tensor[i];
    if (t->tensor == &m->shared) continue; /* found above, perhaps under another name */
    TRY(weights_get(m->weights, t->name, t->tensor->rows, t->tensor->cols, t->tensor, err));
  }
  /* Old checkpoints hold a table that cross-attention has never used. */
  weights_ignore(m->weights,
                 "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight");
  return weights_check_used(m->weights, err);
}

Status t5_open_encoder(T5 **model, const char *dir, Error *err) {
  *model = NULL;
  T5 *m = model_new(err);
  if (!m) return STATUS_RUN;
  Status status = t5_config_read(&m->config, dir, err);
  if (status == STATUS_OK) status = read_weights(m, dir, err);
  if (status == STATUS_OK) {
    *model = m;
  } else {
    t5_close(m);
  }
  return status;
}

Status t5_open(T5 **model, const char *dir, Error *err) {
  TRY(t5_open_encoder(model, dir, err));
  if (!(*model)->config.encoder_alone) return STATUS_OK;
  t5_close(*model);
  *model = NULL;
  return error_set(
      err, STATUS_MISMATCH,
      "%s/config.json: architectures: is a T5EncoderModel, which has no decoder and so "
      "gives no tokens; want the T5ForConditionalGeneration that it is of",
      dir);
}

/* Making. Spreads as T5PreTrainedModel._init_weights of Hugging Face transformers, factor 1.0. */

static void fill_random(Tensor *t, float std, uint64_t key) {
  Rng rng = {.key = key};
  for (int64_t i = 0; i < tensor_count(t); i++) {
    t->data[i] = std > 0 ? std * rng_normal(&rng) : 1;
  }
}

/* The weights must fit before the first is made: the system promises more than it has. */
static Status require_room(const T5 *m, Error *err) {
  double weights = 0;
  char what[80];
  for (int i = 0; i < m->tensors; i++) weights += (double)tensor_count(m->tensor[i].tensor);
  snprintf(what, sizeof what, "a new T5 of %.3g million weights", weights / 1e6);
  return memory_require(sizeof(float) * weights, memory_left(), what, "choose a smaller shape",
                        err);
}

Status t5_random(T5 **model, const T5Config *config, uint64_t seed, bool trainable, Error *err) {
  *model = NULL;
  T5 *m = model_new(err);
  if (!m) return STATUS_RUN;
  m->config = *config;
  Status status = t5_layout(m, !config->tied, err);
  if (status == STATUS_OK) status = require_room(m, err);
  for (int i = 0; i < m->tensors && status == STATUS_OK; i++) {
    Tensor *t = m->tensor[i].tensor;
    status = tensor_create(t, t->rows, t->cols, trainable, err);
    if (status != STATUS_OK) break;
    fill_random(t, m->tensor[i].std, rng_key(seed, (uint64_t)i, 0, RNG_T5_WEIGHT));
  }
  if (status == STATUS_OK) {
    *model = m;
  } else {
    t5_close(m);
  }
  return status;
}

/* Saving. */

/* The f32 values of a tensor: its own, or a widened copy that the caller frees through *copy. */
static const float *widened_values(const Tensor *t, float **copy) {
  *copy = NULL;
  if (t->data) return t->data;
  size_t count = (size_t)tensor_count(t);
  *copy = malloc(count * sizeof **copy);
  if (*copy) dtype_widen(*copy, t->store, t->dtype, count);
  return *copy;
}

static Status write_tensors(const T5 *m, const char *path, Dtype dtype, SafetensorsItem *items,
                            float **copies, Error *err) {
  for (int i = 0; i < m->tensors; i++) {
    const T5Tensor *t = &m->tensor[i];
    const float *data = widened_values(t->tensor, &copies[i]);
    if (!data) return error_set(err, STATUS_RUN, "%s: out of memory: %s", path, t->name);
    items[i] = (SafetensorsItem){t->name, dtype, data, t->tensor->rows, t->tensor->cols, t->vector};
  }
  TensorMeta meta = {"format", "pt"}; /* transformers asks for it */
  return safetensors_write(path, items, (size_t)m->tensors, &meta, 1, err);
}

Status t5_save(const T5 *model, const char *dir, Dtype dtype, Error *err) {
  size_t count = (size_t)model->tensors;
  SafetensorsItem *items = calloc(count, sizeof *items);
  float **copies = calloc(count, sizeof *copies);
  char *path = path_join(dir, "model.safetensors");
  Status status = items && copies && path ? write_tensors(model, path, dtype, items, copies, err)
                                          : error_set(err, STATUS_RUN, "%s: out of memory", dir);
  for (size_t i = 0; copies && i < count; i++) free(copies[i]);
  free(copies);
  free(items);
  free(path);
  TRY(status);
  return t5_config_write(&model->config, dir, dtype, err);
}

/* Identity. */

/* At most `limit` bytes at the start and, of what is left, at the end of the values. */
static void hash_tensor(Hash *hash, const char *name, const Tensor *t, size_t limit) {
  hash_add_string(hash, name);
  hash_add_string(hash, dtype_name(t->dtype));
  hash_add(hash, &t->rows, sizeof t->rows);
  hash_add(hash, &t->cols, sizeof t->cols);
  size_t size = (size_t)tensor_count(t) * dtype_size(t->dtype);
  size_t head = size < limit ? size : limit;
  size_t tail = size - head < limit ? size - head : limit;
  hash_add(hash, t->store, head);
  hash_add(hash, (const char *)t->store + size - tail, tail);
}

/* Tensors that an encoder works without. */
static bool is_beside_encoder(const char *name) {
  return strncmp(name, "decoder.", strlen("decoder.")) == 0 || strcmp(name, HEAD) == 0;
}

static Status hash_tensors(const T5 *model, size_t limit, bool encoder, char hex[HASH_HEX],
                           Error *err) {
  Hash *hash = hash_new();
  if (!hash) return error_set(err, STATUS_RUN, "out of memory: the fingerprint of a model");
  for (int i = 0; i < model->tensors; i++) {
    if (encoder && is_beside_encoder(model->tensor[i].name)) continue;
    hash_tensor(hash, model->tensor[i].name, model->tensor[i].tensor, limit);
  }
  hash_finish(hash, hex);
  return STATUS_OK;
}

Status t5_hash(const T5 *model, char hex[HASH_HEX], Error *err) {
  return hash_tensors(model, SIZE_MAX, false, hex, err);
}

Status t5_sample(const T5 *model, char hex[HASH_HEX], Error *err) {
  return hash_tensors(model, T5_SAMPLE_BYTES, false, hex, err);
}

Status t5_encoder_sample(const T5 *model, char hex[HASH_HEX], Error *err) {
  return hash_tensors(model, T5_SAMPLE_BYTES, true, hex, err);
}

Status t5_fingerprint(T5 *model, char hex[HASH_HEX], Error *err) {
  if (!model->fingerprint[0] || !model->weights) TRY(t5_hash(model, model->fingerprint, err));
  memcpy(hex, model->fingerprint, HASH_HEX);
  return STATUS_OK;
}
