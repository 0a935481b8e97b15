/* wordpiece: BERT's way to cut a word into pieces (Wu et al. 2016, arXiv 1609.08144, section 4.1;
 * Devlin et al. 2019): the longest piece that the word begins with, then the longest of those that
 * continue one ("##") that the rest begins with, and so on. A word with a rest that none begins,
 * and a word of too many characters, are one unknown token. */
#ifndef SKEIN_WORDPIECE_H
#define SKEIN_WORDPIECE_H

#include "data/tokenizer/tokenizer_kind.h"

extern const TokenizerKind WORDPIECE;

/* A model of indexed pieces as BERT's vocab.txt has them: "##" continues, "[UNK]" or `unknown`
 * (NULL: the former) is unknown, words have at most 100 characters. STATUS_INPUT: there is no
 * unknown piece. Close with WORDPIECE.close. */
Status wordpiece_make(void **model, const Pieces *pieces, const char *unknown, int32_t *unk,
                      const char *path, Error *err);

#endif
