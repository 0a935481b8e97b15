/* sentence_modules: what a directory of sentence-transformers does with a text, step by step.
 *
 * modules.json is a list of {"idx", "name", "path", "type"} in order; "type" is the name of a
 * Python class, of which the last part counts:
 *
 *   Transformer   the model (bert.h), its tokenizer and sentence_bert_config.json; first
 *   Pooling       config.json, see pooling.h; second
 *   Dense         config.json and weights "linear.weight" [out, in], "linear.bias" [out]:
 *                 y = act(W x + b)
 *   Normalize     x / max(|x|, 1e-12)
 *
 * Other classes, those of other packages among them, are refused by name. Without modules.json the
 * directory is a Transformer, whose states are averaged, as sentence-transformers has it. */
#ifndef SKEIN_SENTENCE_MODULES_H
#define SKEIN_SENTENCE_MODULES_H

#include "infer/sentence/dense.h"
#include "infer/sentence/pooling.h"

/* A step behind pooling. */
typedef struct SentenceStep {
  bool dense; /* false: Normalize */
  Dense how;
} SentenceStep;

enum { SENTENCE_STEPS_MAX = 8 };

typedef struct SentenceModules {
  char *transformer; /* the directory of the model */
  char *pooling;     /* the file of its configuration; NULL: POOLING_DEFAULT */
  SentenceStep step[SENTENCE_STEPS_MAX];
  int steps;
} SentenceModules;

/* Reads modules.json and the Dense steps. Close with sentence_modules_close whatever is
 * returned. */
Status sentence_modules_open(SentenceModules *m, const char *dir, Error *err);
void sentence_modules_close(SentenceModules *m); /* a zeroed one is allowed */

/* The columns that `cols` become by all steps; STATUS_MISMATCH where a Dense takes another
 * number. */
Status sentence_modules_width(const SentenceModules *m, int64_t *cols, Error *err);

/* What becomes of x [n, cols], in the arena. */
Tensor *sentence_steps_forward(Context *c, SentenceModules *m, Tensor *x);

/* Each row divided by its length, or by 1e-12. */
void sentence_normalise(Tensor *x);

#endif
