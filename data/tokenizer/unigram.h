/* unigram: the most likely way to cut a word into pieces, each of which has a log-probability
 * (Kudo, 2018, section 3.2), found by Viterbi's algorithm.
 *
 * As in the library `tokenizers`: sums are of doubles; of equal sums the one whose last piece is
 * longest stays; a character that is no piece costs 10 more than the least likely piece; and
 * unknown characters beside each other are one unknown token. */
#ifndef SKEIN_UNIGRAM_H
#define SKEIN_UNIGRAM_H

#include "data/tokenizer/tokenizer_kind.h"

extern const TokenizerKind UNIGRAM;

/* A model of the pieces, which are indexed, stay the caller's and must outlive it; takes `score`
 * [count], on failure too. Scores are finite and `unk` is an id. */
Status unigram_make(void **model, const Pieces *pieces, double *score, int32_t unk, Error *err);
/* The score of piece `id` in the file. */
double unigram_score(const void *model, int32_t id);

#endif
