/* pre_tokenizer: steps that cut a normalised text into words, and mark where words begin.
 *
 *   STEP             WHAT IT DOES (as `tokenizers` 0.23 does it)
 *   WhitespaceSplit  words are what stands between white space (White_Space of Unicode)
 *   Metaspace        a blank becomes the replacement (U+2581); one is put before a part by the
 *                    scheme: "always" where none is, "first" where the text begins there, too, and
 *                    "never"; with `split` words begin at replacements
 *   BertPreTokenizer words are punctuation characters, and what stands between them and white
 *                    space (bert_text.h)
 *   Sequence         steps, in order */
#ifndef SKEIN_PRE_TOKENIZER_H
#define SKEIN_PRE_TOKENIZER_H

#include <stdbool.h>

#include "data/text/json.h"
#include "data/tokenizer/token_text.h"

typedef enum PrependScheme { PREPEND_ALWAYS, PREPEND_FIRST, PREPEND_NEVER } PrependScheme;

typedef struct Metaspace {
  char replacement[5]; /* a character, NUL behind it */
  PrependScheme scheme;
  bool split;
} Metaspace;

enum { PRE_STEPS_MAX = 8 };

typedef enum PreTokenizerType { CUT_AT_SPACES, CUT_BY_METASPACE, CUT_AS_BERT } PreTokenizerType;

typedef struct PreTokenizer {
  struct {
    PreTokenizerType type;
    Metaspace how;
  } step[PRE_STEPS_MAX];
  int count;
} PreTokenizer;

/* The two steps of T5; the one of BERT. */
extern const PreTokenizer PRE_TOKENIZER_T5, PRE_TOKENIZER_BERT;

/* Reads the "pre_tokenizer" of a tokenizer.json, or null. Other steps are STATUS_INPUT, by name. */
Status pre_tokenizer_read(PreTokenizer *p, const json_t *json, const char *path, Error *err);
/* Reads a Metaspace of the field `where`. */
Status metaspace_read(Metaspace *m, const json_t *json, const char *path, const char *where,
                      Error *err);

/* Calls `word` with every word of a part, in order, none of them empty, until one fails. */
Status pre_tokenizer_apply(const PreTokenizer *p, TextPart part,
                           Status (*word)(void *arg, TextPart word, Error *err), void *arg,
                           Error *err);

#endif
