/* bert: the encoders that sentence embeddings are made of: BERT (Devlin et al. 2019) with learnt
 * positions, and nomic-bert (Nussbaum et al. 2024, arXiv 2402.01613) with rotary positions and
 * gated feed-forwards. One forward serves both; what they differ in is in the configuration.
 *
 *   x   = norm(word + position + type 0)           (rotary: no position)
 *   x   = norm(x + o(attention(q(x), k(x), v(x))))     scores are q . k / sqrt(d_head)
 *   x   = norm(x + down(act(up(x))))               (gated: down(act(gate(x)) * up(x)))
 *
 * Norms are layer norms and stand behind each half of a layer. A text is token type 0
 * throughout. */
#ifndef SKEIN_BERT_H
#define SKEIN_BERT_H

#include "data/tensors/weights.h"
#include "infer/sentence/affine.h"

typedef enum BertFamily { FAMILY_BERT, FAMILY_NOMIC } BertFamily;

typedef struct BertConfig {
  BertFamily family;
  int64_t vocab_size, width;
  int64_t positions; /* the most tokens of a text */
  int64_t types;
  int heads, layers;
  Act act;
  bool gated;
  bool rotary;
  double rotary_base, norm_eps;
} BertConfig;

typedef struct AffineNorm {
  Tensor weight, bias; /* [1, width] */
} AffineNorm;

typedef struct BertLayer {
  Affine q, k, v, o;
  Affine up, gate, down; /* gate: of gated ones alone */
  AffineNorm attention_norm, output_norm;
} BertLayer;

typedef struct Bert {
  BertConfig config;
  Tensor word, position, type; /* [vocab_size, width], [positions, width], [types, width] */
  AffineNorm norm;
  BertLayer *layer; /* [layers] */
  Weights *weights; /* which they point into */
} Bert;

/* Reads config.json of a directory. STATUS_INPUT, by name: another model, activation, kind of
 * position or option than those above. */
Status bert_config_read(BertConfig *config, const char *dir, Error *err);

/* Opens the model of a directory as transformers saves it; weights stay mapped. Names of tensors
 * may begin with "bert." or "nomic_bert."; heads and the pooler, which nothing here reads, may be
 * there. Close with bert_close whatever is returned. */
Status bert_open(Bert *model, const char *dir, Error *err);
void bert_close(Bert *model); /* a zeroed Bert is allowed */

/* The last states [T, width] of sequences of ids, in the arena. No sequence is longer than
 * config.positions, every id is below config.vocab_size (asserted). */
Tensor *bert_forward(Context *c, Bert *model, const int32_t *ids, Ragged sequences);

#endif
