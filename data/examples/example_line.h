/* example_line: the texts of one line of data.
 *
 * A line is read when the set is opened, so that a bad one is found before anything is computed,
 * and again when its example is wanted; between the two nothing of it is kept, as data may be
 * larger than memory. So that neither costs much, a plain line is scanned (data/text/json_scan.h),
 * and jansson reads the others. Both mean the same. */
#ifndef SKEIN_EXAMPLE_LINE_H
#define SKEIN_EXAMPLE_LINE_H

#include "data/examples/examples.h"
#include "data/examples/item_choices.h"
#include "data/text/json.h"

/* `text`, or `input` and `target`, or `input` and `choices`; borrowed from `doc`. */
typedef struct ExampleText {
  JsonDoc doc; /* json_free it */
  const char *text, *input, *target;
  const json_t *choices; /* texts, at least one; NULL: none are asked for, or none are there */
  int64_t right;         /* the index of the right one */
} ExampleText;

/* `tokens` are what choices are compared by (item_choices.h); NULL where they are unread. A target
 * that the label contradicts is refused, and where all choices are read one that is the same as the
 * right one: it would be taught and untaught at once. Errors name file and line; on failure there is
 * nothing to free. */
Status example_line_read(const Jsonl *lines, const ExampleKeys *keys, const ChoiceTokens *tokens,
                         int64_t i, ExampleText *out, Error *err);
/* The right choice, else the target; NULL: raw text. */
const char *example_line_target(const ExampleText *text);

/* The same status and error without the texts. */
Status example_line_check(const Jsonl *lines, const ExampleKeys *keys, const ChoiceTokens *tokens,
                          int64_t i, Error *err);

#endif
