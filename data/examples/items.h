/* items: what a model is asked in inference and evaluation, one at a time, in file order.
 *
 *   FORMAT   FILE
 *   lines    JSONL, plain or .zst: "input" and, where it has them, "target" (a text or a list of
 *            texts), "choices" [texts] with "label" (index), "instruction", "id", "task"
 *   bbh      BIG-bench Hard JSON: examples[].input and .target; where the input ends in a list of
 *            options "(A) ...", the letters are the choices, "(A)" and so on; where it does not,
 *            the file's distinct targets are, when `choices_from_targets` is asked
 *
 * With choices_from_targets the choices of a line without any are the distinct targets of the lines
 * of its "template" in the file (of the file where it has none), in order of first appearance (P3
 * rows with a label set). */
#ifndef SKEIN_ITEMS_H
#define SKEIN_ITEMS_H

#include "data/examples/item_parts.h"
#include "data/text/jsonl.h"

typedef enum ItemFormat { ITEMS_LINES, ITEMS_BBH } ItemFormat;

typedef struct ItemKeys {
  const char *input, *target, *choices, *label, *instruction; /* NULL: the names above */
  bool choices_from_targets;
  bool need_choices; /* an item without choices is an error */
} ItemKeys;

typedef struct ItemSet ItemSet;

/* Every line is checked when the set is opened. An empty file is an error. */
Status items_open(ItemSet **s, const char *path, ItemFormat format, const ItemKeys *keys,
                  Error *err);
void items_close(ItemSet *s); /* NULL is allowed */
int64_t items_count(const ItemSet *s);
const char *items_hash(const ItemSet *s); /* SHA-256 of the (decompressed) text */
const char *items_path(const ItemSet *s);
/* Free with item_free. */
Status items_get(const ItemSet *s, int64_t i, Item *out, Error *err);

#endif
