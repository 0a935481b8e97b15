/* item_choices: when two texts are the same choice, and when a model cannot tell two choices apart.
 *
 *   same    the same tokens, none of them cut off: "yes" and "yes\n". A text with characters that
 *           have no piece is the same as itself alone, but for white space at its ends.
 *   alike   the same tokens as far as they are kept (max_target), whatever they stand for: all that
 *           is the same; texts that differ behind the cut; "(A)" and "(B)" where the vocabulary has
 *           no such letters.
 *
 * Choices that are the same are one, and right together. Of choices that are alike a model finds all
 * equally likely; the first of them is its choice, and not whichever rounding favours. */
#ifndef SKEIN_ITEM_CHOICES_H
#define SKEIN_ITEM_CHOICES_H

#include "data/examples/item_parts.h"
#include "data/tokenizer/tokenizer.h"

/* What choices are compared by. */
typedef struct ChoiceTokens {
  const Tokenizer *tokenizer; /* borrowed */
  int64_t most;               /* tokens kept of a choice, EOS included (max_target) */
} ChoiceTokens;

/* Two texts are the same, or alike, where these are equal. Free with choice_keys_free. */
typedef struct ChoiceKeys {
  char *same, *alike;
} ChoiceKeys;

Status choice_keys_make(ChoiceKeys *keys, const ChoiceTokens *tokens, const char *text, Error *err);
void choice_keys_free(ChoiceKeys *keys); /* zeroed keys are allowed */

/* The first of the choices that a text is the same as, in *match; -1: there is none. */
Status choice_find(const ChoiceTokens *tokens, const char *const *choice, int choices,
                   const char *text, int *match, Error *err);

/* Compares the choices of an item: fills `same` and `alike`, or leaves both NULL where all differ. */
Status item_compare_choices(Item *item, const ChoiceTokens *tokens, Error *err);

/* Makes the targets and the label of an item agree, whose choices have been compared. A target that
 * is the same as a choice becomes the text of the first such choice; where there is no label, the
 * choice that the first of them is becomes it. The item is odd where there are no two choices that
 * differ, where nothing says which is right, and where the label says one and the targets another. */
Status item_settle_label(Item *item, const ChoiceTokens *tokens, Error *err);

#endif
