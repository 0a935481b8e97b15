/* t5_config: the shape of a T5, read from a Hugging Face config.json. */
#ifndef SKEIN_INFER_T5_CONFIG_H
#define SKEIN_INFER_T5_CONFIG_H

#include "autograd/ops.h"

typedef struct T5Config {
  int64_t vocab_size, d_model, d_kv, d_ff;
  int heads, encoder_layers, decoder_layers;
  int buckets, max_distance; /* of the relative-position bias */
  Act act;
  bool gated;                 /* wi_0, wi_1 (v1.1) instead of wi (v1.0) */
  bool tied;                  /* tie_word_embeddings as the file says (true if absent) */
  bool scale_decoder_outputs; /* multiply the last hidden state by d_model^-1/2 before the head */
  float norm_eps;
  int32_t pad_id, eos_id, decoder_start_id;
} T5Config;

static inline int64_t t5_inner(const T5Config *c) {
  return c->heads * c->d_kv;
}

/* Reads `<dir>/config.json`; another model_type, a shape out of range or a contradiction
 * (is_gated_act against feed_forward_proj) is an error naming the key. Unknown keys are ignored, as
 * everywhere in the Hugging Face world. */
Status t5_config_read(T5Config *config, const char *dir, Error *err);
/* Writes `<dir>/config.json` that Hugging Face transformers reads. */
Status t5_config_write(const T5Config *config, const char *dir, Dtype dtype, Error *err);

/* Named shapes for benchmarks and new models: "t5-small", "t5-base", "t5-large", "t5-xl",
 * "t5-v1_1-small", "t5-v1_1-base", "t5-v1_1-large", "t5-v1_1-xl", "demo". False when unknown. */
bool t5_config_named(T5Config *config, const char *name);
/* The names above, separated by ", ". */
const char *t5_config_names(void);

#endif
