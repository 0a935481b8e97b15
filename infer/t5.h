/* t5: the T5 encoder-decoder, the only forward there is. Training, scoring, generation and routed
 * inference run it; with a tape it records, without one its memory is rewound block by block. */
#ifndef SKEIN_INFER_T5_H
#define SKEIN_INFER_T5_H

#include "data/hash.h"
#include "data/weights.h"
#include "infer/linear.h"
#include "infer/t5_config.h"

typedef struct T5FeedForward {
  Tensor norm;
  Linear *wi_0, *wi_1, *wo; /* ungated models: wi_0 is "wi" and wi_1 is NULL */
} T5FeedForward;

typedef struct T5Attention {
  Tensor norm;
  Linear *q, *k, *v, *o;
} T5Attention;

typedef struct T5Block {
  T5Attention self, cross; /* cross: decoder only */
  T5FeedForward ff;
} T5Block;

typedef struct T5Stack {
  T5Block *block;
  int layers;
  Tensor bias;       /* [buckets, heads], shared by all blocks of the stack */
  Tensor final_norm; /* [1, d_model] */
} T5Stack;

/* A named weight of the model; `vector` tensors are stored with rank 1. */
typedef struct T5Tensor {
  char *name; /* as in the checkpoint */
  Tensor *tensor;
  bool vector;
} T5Tensor;

typedef struct T5 {
  T5Config config;
  Tensor shared;    /* [vocab, d_model] input embedding of both stacks */
  Tensor head_own;  /* [vocab, d_model] when the checkpoint has its own lm_head */
  Tensor *head;     /* &head_own or &shared */
  float head_scale; /* d_model^-1/2 or 1 */
  T5Stack encoder, decoder;
  Linear *linear; /* every adaptable linear, in module order; Linear.id is the index */
  int linears;
  T5Tensor *tensor; /* every weight, in name order */
  int tensors;
  Weights *weights; /* the mapped checkpoint; NULL for a model made in memory */
} T5;

/* Opens a Hugging Face directory; weights stay mapped and frozen. Checks every shape; a tensor the
 * model does not know is an error. Head rule: ecosystem notes 3.2 (lm_head.weight if present, else
 * shared; a distinct lm_head in a model whose config says tied is refused). */
Status t5_open(T5 **model, const char *dir, Error *err);
/* A model in memory with random weights as Hugging Face initialises T5 (factor 1.0), keyed by
 * `seed`; with `trainable` every weight needs a gradient. */
Status t5_random(T5 **model, const T5Config *config, uint64_t seed, bool trainable, Error *err);
void t5_close(T5 *model); /* NULL is allowed */

/* Writes config.json and model.safetensors (narrowed to `dtype`) into an existing directory. */
Status t5_save(const T5 *model, const char *dir, Dtype dtype, Error *err);

/* SHA-256 over name, dtype, shape and bytes of every weight, in name order. */
Status t5_fingerprint(const T5 *model, char hex[HASH_HEX], Error *err);

Linear *t5_find_linear(const T5 *model, const char *name); /* NULL when there is none */

/* How a forward runs: which adapters, and whether blocks are recomputed in backward. */
typedef struct T5Run {
  T5 *model;
  const AdapterSet *adapters; /* NULL: plain base */
  bool recompute;
} T5Run;

/* Encoder states [Tin, d_model] of ragged ids; ids must be in [0, vocab_size) (asserted).
 * `run`, `ids` and the offsets must outlive the tape. */
Tensor *t5_encode(Context *c, const T5Run *run, const int32_t *ids, Ragged input);
/* Decoder states [Tout, d_model] after the final norm, before the head. */
Tensor *t5_decode(Context *c, const T5Run *run, Tensor *encoded, Ragged input, const int32_t *ids,
                  Ragged target);
/* loss [1, 1] = weight * sum of the target tokens' cross-entropies; nll as op_cross_entropy. */
Tensor *t5_loss(Context *c, const T5Run *run, const int32_t *input_ids, Ragged input,
                const int32_t *decoder_ids, const int32_t *target_ids, Ragged target, float weight,
                float *nll);
/* Logits [T, vocab] of decoder states, for inspection and tests; never recorded. */
Tensor *t5_logits(Context *c, const T5Run *run, Tensor *decoded);

#endif
