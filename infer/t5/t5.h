/* t5: the T5 encoder-decoder, the only forward there is. Training, scoring, generation and routed
 * inference run it; with a tape it records, without one its memory is rewound block by block.
 *
 * The room infer/t5 owns this model in both families (v1.0; v1.1 and its like), its files, its
 * cache for generation (t5_cache.h), and the base: model and tokenizer of a directory (base.h). It
 * knows no experts: what they add comes through the keyhole (infer/module/linear.h). */
#ifndef SKEIN_T5_H
#define SKEIN_T5_H

#include "data/file/hash.h"
#include "data/tensors/weights.h"
#include "infer/module/linear.h"
#include "infer/t5/t5_config.h"
#include "infer/t5/t5_group.h"

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

/* A named weight of the model. */
typedef struct T5Tensor {
  char *name; /* as in the checkpoint */
  Tensor *tensor;
  bool vector; /* stored with rank 1 */
  float std;   /* standard deviation of a fresh weight; 0: a norm, which starts at 1 */
} T5Tensor;

typedef struct T5 {
  T5Config config;
  Tensor shared;    /* [vocab, d_model] input embedding of both stacks */
  Tensor head_own;  /* [vocab, d_model] when the checkpoint has its own lm_head */
  Tensor *head;     /* &head_own or &shared */
  float head_scale; /* d_model^-1/2 or 1 */
  T5Stack encoder, decoder;
  Modules modules;  /* its adaptable linears */
  Linear *linear;   /* [modules.count] each with its weight */
  T5Tensor *tensor; /* every weight, in name order */
  int tensors;
  Weights *weights;           /* the mapped checkpoint; NULL for a model made in memory */
  char fingerprint[HASH_HEX]; /* kept by t5_fingerprint for a mapped model; "" before */
} T5;

/* Opens a Hugging Face directory; weights stay mapped and frozen. Checks every shape; a tensor the
 * model does not know is an error. The head is lm_head.weight where there is one with values of its
 * own, else the shared embedding; one of its own in a model whose config says tied is refused. The
 * input embedding is shared.weight, else {encoder,decoder}.embed_tokens.weight; all that are there
 * must hold the same values. Where there is none, lm_head.weight is both, unless the config says
 * that they differ. config.tied becomes whether the head is shared. A T5EncoderModel is refused. */
Status t5_open(T5 **model, const char *dir, Error *err);
/* The same for what needs the encoder alone (t5_encode): a T5EncoderModel is opened too. It has no
 * decoder, no linears of one, and config.decoder_layers is 0. */
Status t5_open_encoder(T5 **model, const char *dir, Error *err);
/* A model in memory with random weights as Hugging Face initialises T5 (factor 1.0), keyed by
 * `seed`; with `trainable` every weight needs a gradient. STATUS_RUN where the weights are more than
 * the memory that is left. */
Status t5_random(T5 **model, const T5Config *config, uint64_t seed, bool trainable, Error *err);
void t5_close(T5 *model); /* NULL is allowed */

/* Writes config.json and model.safetensors (narrowed to `dtype`) into an existing directory. */
Status t5_save(const T5 *model, const char *dir, Dtype dtype, Error *err);

/* SHA-256 over name, dtype, shape and bytes of every weight, in name order, read now. */
Status t5_hash(const T5 *model, char hex[HASH_HEX], Error *err);
/* The same, read once for a mapped model and then remembered: its identity. */
Status t5_fingerprint(T5 *model, char hex[HASH_HEX], Error *err);

/* A cheap stand-in for the fingerprint: SHA-256 over name, dtype and shape of every weight and at
 * most T5_SAMPLE_BYTES at its start and at its end. */
enum { T5_SAMPLE_BYTES = 4096 };
Status t5_sample(const T5 *model, char hex[HASH_HEX], Error *err);
/* The same of the input embedding and the encoder alone, whether or not there is more. */
Status t5_encoder_sample(const T5 *model, char hex[HASH_HEX], Error *err);

struct MicroBatch;

/* How a forward runs: which adapters, and whether blocks are recomputed in backward. */
typedef struct T5Run {
  T5 *model;
  const AdapterSet *adapters; /* NULL: plain base */
  bool recompute;
} T5Run;

/* Floating-point operations of one forward: two for each multiply-add of the linears, of attention
 * and of the head; norms, activations, softmax and adapters are left out (under 1 % together at the
 * published shapes). With i = heads * d_kv, d = d_model, m = 3 (gated) or 2 matrices of d * d_ff, V
 * = vocab_size and L the number of layers of a stack, a token costs
 *   encoder:  L (2 (4 d i + m d d_ff) + 4 i len_in)
 *   decoder:  L (2 (4 d i + 2 d i + m d d_ff) + 2 i (len_out + 1) + 4 i len_in) + 2 d V
 * and the keys and values of cross-attention 2 * 2 d i a decoder layer and token of the *input*.
 * len_in and len_out are the mean lengths a token finds around it (sum of squared lengths / sum of
 * lengths); causal attention sees (len_out + 1) / 2 keys on average. */
double t5_forward_flops(const T5Config *config, int64_t tokens_in, int64_t tokens_out,
                        double mean_len_in, double mean_len_out);

/* Multiply-adds of the weights alone, exact: of the linears and, for tokens_out, the head; not of
 * attention between tokens, which depends on lengths. */
int64_t t5_weight_multiply_adds(const T5Config *config, int64_t tokens_in, int64_t tokens_out);

/* Encoder states [Tin, d_model] of ragged ids; ids must be in [0, vocab_size) (asserted).
 * `run`, `ids` and the offsets must outlive the tape. */
Tensor *t5_encode(Context *c, const T5Run *run, const int32_t *ids, Ragged input);
/* Decoder states [Tout, d_model] after the final norm, before the head. target.source says which
 * sequence of the input each reads (several may read one; then there must be no tape). */
Tensor *t5_decode(Context *c, const T5Run *run, Tensor *encoded, Ragged input, const int32_t *ids,
                  Rows target);
/* loss [1, 1] = weight * sum of the target tokens' cross-entropies; nll as op_cross_entropy. `run`
 * and `batch` (data/examples/batch.h) must outlive the tape. */
Tensor *t5_loss(Context *c, const T5Run *run, const struct MicroBatch *batch, float weight,
                float *nll);
/* The negative log-likelihood [Tout, 1] of every token of every choice of a batch that has them; an
 * input is encoded once for all of its choices. What must outlive the tape is as for t5_loss. */
Tensor *t5_choice_nll(Context *c, const T5Run *run, const struct MicroBatch *batch);
/* Logits [T, vocab] of decoder states, for inspection and tests; never recorded. */
Tensor *t5_logits(Context *c, const T5Run *run, Tensor *decoded);

#endif
