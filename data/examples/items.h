/* items: what a model is asked in inference and evaluation, one at a time, in file order.
 *
 *   FORMAT   FILE
 *   lines    JSONL, plain or .zst: "input" and, where it has them, "target" (a text or a list of
 *            texts), "choices" [texts] with "label" (index), "instruction", "id", "task"
 *   bbh      BIG-bench Hard JSON: examples[].input and .target; where the input ends in a list of
 *            options "(A) ...", the letters are the choices, "(A)" and so on; where it does not,
 *            the file's distinct targets are, when `choices_from_targets` is asked
 *
 * With choices_from_targets the choices of a line without any (or with an empty list) are the
 * distinct targets of the lines of its "template" in the file (of the file where it has none), in
 * order of first appearance (P3 rows with a label set).
 *
 * What is read, and so what is checked, depends on what the items are for; the other keys of a line
 * may hold anything. A file that is not what its format says is refused. An item that is, and cannot
 * be asked or judged all the same, is odd: it is left out, and the set says which and why. Choices
 * that are the same are one (item_choices.h), and the set says how many were. */
#ifndef SKEIN_ITEMS_H
#define SKEIN_ITEMS_H

#include "data/examples/item_choices.h"
#include "data/text/jsonl.h"

typedef enum ItemFormat { ITEMS_LINES, ITEMS_BBH } ItemFormat;

typedef enum ItemUse {
  ITEMS_ASKED,    /* a text is generated, which nobody judges: the input */
  ITEMS_RANKED,   /* choices are ranked, which nobody judges: also the choices, and the label (-1
                     where it or the target says nothing that can be understood) */
  ITEMS_CHOSEN,   /* a choice is judged: also the label, or the target that says it */
  ITEMS_ANSWERED, /* a text is judged: the input and the target, or the label's choice */
} ItemUse;

/* Where the items come from. */
typedef enum ItemSource {
  ITEMS_OF_FILE,  /* a regular file, which can be opened again */
  ITEMS_TAKEN,    /* the same, or what comes once (data/file/stream.h), read to its end */
  ITEMS_FOLLOWED, /* the same, but lines of what comes once are read by items_more; of `lines` only,
                      and without choices_from_targets */
} ItemSource;

typedef struct ItemKeys {
  const char *input, *target, *choices, *label, *instruction; /* NULL: the names above */
  bool choices_from_targets;
  bool strict;   /* an odd item is refused */
  bool partial;  /* an item that lacks choices, or anything that says which is right, is not odd: it
                    comes without, and a label of -1 is none. With choices_from_targets they are needed all the same */
  bool no_query; /* nobody compares items with experts: their instruction and task are not read */
  ItemUse use;
  ItemSource source;
  ChoiceTokens tokens; /* what choices are compared by: of ITEMS_RANKED and ITEMS_CHOSEN */
} ItemKeys;

typedef struct ItemSet ItemSet;

/* Every item is checked when the set is opened. A file without items, or with odd ones alone, is an
 * error, unless there may be more to come. The tokenizer must outlive the set. */
Status items_open(ItemSet **s, const char *path, ItemFormat format, const ItemKeys *keys,
                  Error *err);
/* Waits for at least one more line, the end, or a signal (jsonl_more), and checks what came. A set
 * that never had an item is an error at its end. */
Status items_more(ItemSet *s, Error *err);
bool items_ended(const ItemSet *s);       /* there will be no more */
void items_close(ItemSet *s);             /* NULL is allowed */
int64_t items_count(const ItemSet *s);    /* that can be asked */
const char *items_hash(const ItemSet *s); /* SHA-256 of the (decompressed) text */
const char *items_path(const ItemSet *s);
/* Item i of those that can be asked. Free with item_free. */
Status items_get(const ItemSet *s, int64_t i, Item *out, Error *err);

/* How many odd items stand among the first `asked` that can be asked; behind the last of all, too,
 * where all are asked. */
int64_t items_left_out(const ItemSet *s, int64_t asked);
/* Where the k-th odd item is and why it is left out, as "FILE: line 3: ...", in a new string. */
Status items_why_left_out(const ItemSet *s, int64_t k, char **why, Error *err);
/* How many choices (of all lists; those from targets counted once) are the same as one before them,
 * or only alike; `first` is the first of them, as "FILE: line 3: 'a' and 'b'", borrowed. */
typedef struct ItemOverlap {
  int64_t count;
  const char *first; /* NULL: there is none */
} ItemOverlap;
ItemOverlap items_same(const ItemSet *s);
ItemOverlap items_alike(const ItemSet *s);

#endif
