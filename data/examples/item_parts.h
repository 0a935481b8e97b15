/* item_parts: one thing that a model is asked (items.h), and what the readers of its formats make
 * it of. */
#ifndef SKEIN_ITEM_PARTS_H
#define SKEIN_ITEM_PARTS_H

#include <stddef.h>

#include "autograd/ground/status.h"

typedef struct Item {
  char *id; /* the line's, else its number from 0 */
  char *input;
  char *instruction; /* NULL when there is none */
  char *task;        /* NULL when there is none */
  char **choice;     /* [choices] */
  char **target;     /* [targets] */
  int choices, targets;
  int label; /* the right choice; -1: unknown */
} Item;

void item_free(Item *item); /* a zeroed Item is allowed */

/* A copy of `text` in *out, one of an item's or any other, which the caller frees. */
Status item_copy_text(char **out, const char *text, Error *err);
/* Room for `count` texts in *out, all NULL. */
Status item_alloc_texts(char ***out, size_t count, Error *err);
/* The first of the choices that equals the first of the targets to equal one; white space around
 * them does not count. -1: there is none. */
int item_find_label(const Item *item);

#endif
