/* generation_rules: what a base's generation_config.json asks of every step beside the model's own
 * scores, as the logits processors of transformers (generation/logits_process.py) do it.
 * Inside of infer/predict; made by generation_config.h. */
#ifndef SKEIN_GENERATION_RULES_H
#define SKEIN_GENERATION_RULES_H

#include <stdbool.h>
#include <stdint.h>

typedef struct IdList {
  int32_t *id; /* [count] owned */
  int64_t count;
} IdList;

/* In the order in which they are applied. A zeroed one asks for nothing. */
typedef struct GenerationRules {
  double repetition_penalty; /* of tokens that are there: a score s > 0 becomes s / p, else s p;
                                0: none */
  int64_t no_repeat;         /* no n-gram of so many tokens comes twice; 0: none */
  IdList *bad_word;          /* [bad_words] sequences that do not come */
  int64_t bad_words;
  int64_t min_output;  /* tokens before one of `eos` may come */
  IdList forced_first; /* of these one comes first */
  IdList forced_last;  /* of these one comes where the most tokens are reached */
  IdList suppressed;   /* never come */
  IdList not_first;    /* do not come first; with forced_first: not second */
  IdList eos;          /* end a text; empty: the tokenizer's EOS does */
} GenerationRules;

void generation_rules_free(GenerationRules *r); /* a zeroed one is allowed */

/* The tokens so far: the decoder's start, then what was generated. */
typedef struct Written {
  int32_t start;
  const int32_t *token; /* [count] */
  int64_t count, most;  /* generated; and at most */
} Written;

/* Any of the rules asks for something at some step. */
bool generation_rules_any(const GenerationRules *r);
/* Changes the scores [vocab] of the next token, logits or log-likelihoods; what may not come gets
 * -infinity. Ids are below vocab (asserted: the reader checks input). */
void generation_rules_apply(const GenerationRules *r, const Written *w, int32_t eos, float *score,
                            int64_t vocab);
/* The token ends a text; `eos` is the tokenizer's. */
bool generation_ends(const GenerationRules *r, int32_t eos, int32_t token);

#endif
