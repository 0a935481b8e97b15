#include "infer/t5/t5_config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json.h"
#include "infer/module/act_name.h"
#include "infer/t5/t5_family.h"

enum { CONFIG_BYTES_MAX = 1 << 20 };

/* Bounds of what a file may say. With them every product of two or three dimensions, in bytes,
 * fits int64. */
enum { DIM_MAX = 1 << 20, VOCAB_MAX = 1 << 24, HEADS_MAX = 1 << 12, LAYERS_MAX = 1 << 12 };
enum { BUCKETS_MAX = 1 << 16, DISTANCE_MAX = 1 << 24 };

/* The published shapes: github.com/google-research/text-to-text-transfer-transformer, t5 and
 * released_checkpoints (v1.1), as in the config.json of the checkpoints on the Hugging Face hub. */
typedef struct Shape {
  const char *name;
  bool v1_1; /* gated GELU, own head, no scaling; otherwise ReLU, shared head, scaling */
  int64_t vocab_size, d_model, d_kv, d_ff;
  int heads, layers;
} Shape;

static const Shape SHAPES[] = {
    {"t5-small", false, 32128, 512, 64, 2048, 8, 6},
    {"t5-base", false, 32128, 768, 64, 3072, 12, 12},
    {"t5-large", false, 32128, 1024, 64, 4096, 16, 24},
    {"t5-xl", false, 32128, 1024, 128, 16384, 32, 24}, /* t5-3b */
    {"t5-v1_1-small", true, 32128, 512, 64, 1024, 6, 8},
    {"t5-v1_1-base", true, 32128, 768, 64, 2048, 12, 12},
    {"t5-v1_1-large", true, 32128, 1024, 64, 2816, 16, 24},
    {"t5-v1_1-xl", true, 32128, 2048, 64, 5120, 32, 24},
    {"demo", true, 0, 128, 32, 256, 4, 3},
};

static const T5Config DEFAULTS = {
    .buckets = 32, .max_distance = 128, .norm_eps = 1e-6, .pad_id = 0, .eos_id = 1};

bool t5_config_named(T5Config *config, const char *name) {
  for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
    const Shape *s = &SHAPES[i];
    if (strcmp(s->name, name) != 0) continue;
    *config = DEFAULTS;
    config->vocab_size = s->vocab_size;
    config->d_model = s->d_model;
    config->d_kv = s->d_kv;
    config->d_ff = s->d_ff;
    config->heads = s->heads;
    config->encoder_layers = config->decoder_layers = s->layers;
    config->act = s->v1_1 ? ACT_GELU_TANH : ACT_RELU;
    config->gated = s->v1_1;
    config->tied = config->scale_decoder_outputs = !s->v1_1;
    return true;
  }
  return false;
}

const char *t5_config_names(void) {
  return "t5-small, t5-base, t5-large, t5-xl, t5-v1_1-small, t5-v1_1-base, t5-v1_1-large, "
         "t5-v1_1-xl, demo";
}

/* Reading. */

/* An optional integer: *out keeps its value when the key is absent or null. */
static Status read_int(const JsonDoc *doc, const char *key, int64_t min, int64_t max, int *out,
                       Error *err) {
  int64_t value = *out;
  if (json_has(doc, key)) TRY(json_get_int(doc, key, min, max, &value, err));
  *out = (int)value;
  return STATUS_OK;
}

static Status read_dims(T5Config *c, const JsonDoc *doc, Error *err) {
  int64_t heads, layers;
  TRY(json_get_int(doc, "vocab_size", 1, VOCAB_MAX, &c->vocab_size, err));
  TRY(json_get_int(doc, "d_model", 1, DIM_MAX, &c->d_model, err));
  TRY(json_get_int(doc, "d_kv", 1, DIM_MAX, &c->d_kv, err));
  TRY(json_get_int(doc, "d_ff", 1, DIM_MAX, &c->d_ff, err));
  TRY(json_get_int(doc, "num_heads", 1, HEADS_MAX, &heads, err));
  TRY(json_get_int(doc, "num_layers", 1, LAYERS_MAX, &layers, err));
  c->heads = (int)heads;
  c->encoder_layers = c->decoder_layers = (int)layers;
  return read_int(doc, "num_decoder_layers", 1, LAYERS_MAX, &c->decoder_layers, err);
}

/* A bucket is exact up to a quarter (encoder) or half (decoder) of the buckets, then logarithmic up
 * to max_distance, which therefore has to lie beyond. */
static Status read_positions(T5Config *c, const JsonDoc *doc, Error *err) {
  TRY(read_int(doc, "relative_attention_num_buckets", 4, BUCKETS_MAX, &c->buckets, err));
  return read_int(doc, "relative_attention_max_distance", c->buckets / 2 + 1, DISTANCE_MAX,
                  &c->max_distance, err);
}

/* feed_forward_proj is ACT or gated-ACT, and "gated-gelu" stands for gelu_new. Where dense_act_fn and
 * is_gated_act are said too, transformers (configuration_t5.py) computes those. */
static Status read_activation(T5Config *c, const JsonDoc *doc, bool mt5, Error *err) {
  const char *key = "feed_forward_proj", *proj = mt5 ? "gated-gelu" : "relu", *name;
  if (json_has(doc, key)) TRY(json_get_string(doc, key, &proj, err));
  c->gated = strncmp(proj, "gated-", strlen("gated-")) == 0;
  name = c->gated ? proj + strlen("gated-") : proj;
  if (strcmp(proj, "gated-gelu") == 0) name = "gelu_new";
  if (json_has(doc, "is_gated_act")) TRY(json_get_bool(doc, "is_gated_act", &c->gated, err));
  if (json_has(doc, "dense_act_fn")) {
    key = "dense_act_fn";
    TRY(json_get_string(doc, key, &name, err));
  }
  if (act_find(name, &c->act)) return STATUS_OK;
  return error_set(
      err, STATUS_INPUT,
      "%s: %s: the activation \"%.40s\" is not computed; computed are, gated or not, %s", doc->file,
      key, name, act_names());
}

/* `old`: tie_word_embeddings speaks of scaling too (t5_config.h). */
static Status read_head(T5Config *c, const JsonDoc *doc, const T5Family *f, Error *err) {
  bool tie = true, scale = false, tie_said = json_has(doc, "tie_word_embeddings");
  bool scale_said = json_has(doc, "scale_decoder_outputs");
  if (tie_said) TRY(json_get_bool(doc, "tie_word_embeddings", &tie, err));
  if (scale_said) TRY(json_get_bool(doc, "scale_decoder_outputs", &scale, err));
  bool old = f->mt5 ? tie_said && f->version > 0 && f->version < 5 : !scale_said;
  c->scale_decoder_outputs = old ? tie : scale && !f->mt5;
  c->head = !tie ? HEAD_OWN : old ? HEAD_SHARED : HEAD_FOUND;
  c->tied = c->head == HEAD_SHARED;
  return STATUS_OK;
}

/* An id, or a list of them of which the first is taken: generation alone has use for the others
 * (generation_config.h). */
static Status read_eos(T5Config *c, const JsonDoc *doc, int64_t last, Error *err) {
  const json_t *value = json_object_get(doc->root, "eos_token_id");
  if (!json_is_array(value)) return read_int(doc, "eos_token_id", 0, last, &c->eos_id, err);
  for (size_t i = 0; i < json_array_size(value); i++) {
    const json_t *id = json_array_get(value, i);
    if (json_is_integer(id) && json_integer_value(id) >= 0 && json_integer_value(id) <= last)
      continue;
    return error_set(err, STATUS_INPUT,
                     "%s: eos_token_id: element %zu: want an integer in [0, %" PRId64 "]",
                     doc->file, i, last);
  }
  if (json_array_size(value) > 0) c->eos_id = (int)json_integer_value(json_array_get(value, 0));
  return STATUS_OK;
}

static Status read_ids(T5Config *c, const JsonDoc *doc, Error *err) {
  int64_t last = c->vocab_size - 1;
  TRY(read_int(doc, "pad_token_id", 0, last, &c->pad_id, err));
  TRY(read_eos(c, doc, last, err));
  if (c->eos_id > last) {
    return error_set(err, STATUS_INPUT,
                     "%s: eos_token_id: is missing, and %d, which it then is, is no token of a "
                     "vocabulary of %" PRId64,
                     doc->file, c->eos_id, c->vocab_size);
  }
  c->decoder_start_id = c->pad_id;
  return read_int(doc, "decoder_start_token_id", 0, last, &c->decoder_start_id, err);
}

static Status read_document(T5Config *c, const JsonDoc *doc, Error *err) {
  T5Family family;
  TRY(t5_family_read(&family, doc, err));
  *c = DEFAULTS;
  c->encoder_alone = family.encoder;
  c->bytes = family.bytes;
  TRY(read_dims(c, doc, err));
  if (c->encoder_alone) c->decoder_layers = 0;
  TRY(read_positions(c, doc, err));
  TRY(read_activation(c, doc, family.mt5, err));
  TRY(read_head(c, doc, &family, err));
  TRY(read_ids(c, doc, err));
  if (!json_has(doc, "layer_norm_epsilon")) return STATUS_OK;
  return json_get_real(doc, "layer_norm_epsilon", 0, 1, &c->norm_eps, err);
}

/* decoder_start_token_id of the generation_config.json beside it, where there is one. */
static Status read_start(T5Config *c, const char *dir, Error *err) {
  char *path = path_join(dir, "generation_config.json");
  if (!path) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  JsonDoc doc = {0};
  Status status = STATUS_OK;
  if (file_exists(path)) {
    status = json_parse_file(&doc, path, CONFIG_BYTES_MAX, err);
    if (status == STATUS_OK) {
      status =
          read_int(&doc, "decoder_start_token_id", 0, c->vocab_size - 1, &c->decoder_start_id, err);
    }
  }
  json_free(&doc);
  free(path);
  return status;
}

Status t5_config_read(T5Config *config, const char *dir, Error *err) {
  TRY(dir_require(dir, "config.json", "a T5 as transformers saves it", err));
  char *path = path_join(dir, "config.json");
  if (!path) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  JsonDoc doc = {0};
  Status status = json_parse_file(&doc, path, CONFIG_BYTES_MAX, err);
  if (status == STATUS_OK) status = read_document(config, &doc, err);
  if (status == STATUS_OK && !json_has(&doc, "decoder_start_token_id")) {
    status = read_start(config, dir, err);
  }
  json_free(&doc);
  free(path);
  return status;
}

/* Writing. */

static const char *torch_dtype(Dtype dtype) {
  static const char *const names[] = {"float32", "float16", "bfloat16"};
  return names[dtype];
}

static json_t *config_json(const T5Config *c, Dtype dtype) {
  bool v1_1 = c->gated && c->act == ACT_GELU_TANH;
  char proj[32];
  snprintf(proj, sizeof proj, "%s%s", c->gated ? "gated-" : "", v1_1 ? "gelu" : act_name(c->act));
  return json_pack(
      "{s:[s], s:s, s:b, s:I, s:I, s:I, s:I, s:i, s:i, s:i, s:i, s:i,"
      " s:s, s:b, s:s, s:b, s:b, s:f, s:i, s:i, s:i, s:s}",
      "architectures", "T5ForConditionalGeneration", "model_type", "t5", "is_encoder_decoder", 1,
      "vocab_size", (json_int_t)c->vocab_size, "d_model", (json_int_t)c->d_model, "d_kv",
      (json_int_t)c->d_kv, "d_ff", (json_int_t)c->d_ff, "num_heads", c->heads, "num_layers",
      c->encoder_layers, "num_decoder_layers", c->decoder_layers, "relative_attention_num_buckets",
      c->buckets, "relative_attention_max_distance", c->max_distance, "feed_forward_proj", proj,
      "is_gated_act", c->gated, "dense_act_fn", act_name(c->act), "tie_word_embeddings", c->tied,
      "scale_decoder_outputs", c->scale_decoder_outputs, "layer_norm_epsilon", c->norm_eps,
      "pad_token_id", c->pad_id, "eos_token_id", c->eos_id, "decoder_start_token_id",
      c->decoder_start_id, "torch_dtype", torch_dtype(dtype));
}

Status t5_config_write(const T5Config *config, const char *dir, Dtype dtype, Error *err) {
  char *path = path_join(dir, "config.json");
  json_t *json = config_json(config, dtype);
  Status status = path && json ? json_write_file(json, path, err)
                               : error_set(err, STATUS_RUN, "%s: out of memory", dir);
  json_decref(json);
  free(path);
  return status;
}
