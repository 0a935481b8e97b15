/* t5_config: the shape of a T5, read from a Hugging Face config.json. */
#ifndef SKEIN_T5_CONFIG_H
#define SKEIN_T5_CONFIG_H

#include "autograd/op/ops.h"

/* What a file says of lm_head. */
typedef enum HeadRule {
  HEAD_FOUND,  /* nothing: the weights decide */
  HEAD_SHARED, /* it is the input embedding */
  HEAD_OWN,    /* it is no copy of the input embedding */
} HeadRule;

typedef struct T5Config {
  int64_t vocab_size, d_model, d_kv, d_ff;
  int heads, encoder_layers, decoder_layers;
  int buckets, max_distance; /* of the relative-position bias */
  Act act;
  bool gated;                 /* wi_0, wi_1 (v1.1) instead of wi (v1.0) */
  bool tied;                  /* the head is the input embedding */
  bool scale_decoder_outputs; /* multiply the last hidden state by d_model^-1/2 before the head */
  double norm_eps;
  int32_t pad_id, eos_id, decoder_start_id;
  HeadRule head;      /* as read; see t5_config_read */
  bool encoder_alone; /* saved from a T5EncoderModel: there is no decoder */
  bool bytes;         /* ByT5: texts are bytes, not pieces of a vocabulary */
} T5Config;

static inline int64_t t5_inner(const T5Config *c) {
  return c->heads * c->d_kv;
}

/* Reads `<dir>/config.json` of a model_type "t5" or "mt5" (t5_family.h). The shape (vocab_size,
 * d_model, d_kv, d_ff, num_heads, num_layers) must be there; the rest defaults as in transformers. A
 * model that is no T5, a shape out of range or an activation that is not in Act is STATUS_INPUT
 * naming the key. Unknown keys are ignored, as everywhere in the Hugging Face world. Where it does
 * not say decoder_start_token_id, a generation_config.json beside it may, and else it is the pad.
 *
 * tie_word_embeddings means two things. Until transformers 4 it said for T5 both whether the head is
 * the input embedding and whether decoder outputs are scaled (absent: both). transformers 5 writes
 * `true` for every T5 and says the second in scale_decoder_outputs; where that key is, the weights
 * decide about the head. mT5 of transformers 5 never scales; that of 4 (transformers_version) means
 * by tie_word_embeddings what T5 does. `tied` is `head` == HEAD_SHARED until weights are opened. */
Status t5_config_read(T5Config *config, const char *dir, Error *err);
/* Writes `<dir>/config.json` that Hugging Face transformers reads. */
Status t5_config_write(const T5Config *config, const char *dir, Dtype dtype, Error *err);

/* Named shapes for benchmarks and new models: "t5-small", "t5-base", "t5-large", "t5-xl",
 * "t5-v1_1-small", "t5-v1_1-base", "t5-v1_1-large", "t5-v1_1-xl", and "demo", whose vocab_size is 0
 * and left to the caller. False when unknown. */
bool t5_config_named(T5Config *config, const char *name);
/* The names above, separated by ", ". */
const char *t5_config_names(void);

#endif
