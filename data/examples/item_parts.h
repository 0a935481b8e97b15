/* item_parts: one thing that a model is asked (items.h), and what the readers of its formats make
 * it of. */
#ifndef SKEIN_ITEM_PARTS_H
#define SKEIN_ITEM_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "autograd/ground/status.h"

typedef struct Item {
  char *id; /* the line's as it is written, else its number from 0 */
  char *input;
  char *instruction; /* NULL when there is none */
  char *task;        /* NULL when there is none */
  char **choice;     /* [choices] */
  int *same;         /* [choices] the first choice that is the same; NULL: all differ */
  int *alike;        /* [choices] the first choice that is alike to the model; NULL: as `same` */
  char **target;     /* [targets] */
  int choices, targets;
  int label; /* the right choice; -1: unknown */
  char *odd; /* why it cannot be asked, or no answer be judged; NULL: it can */
} Item;

void item_free(Item *item); /* a zeroed Item is allowed */

/* The first choice that is the same as choice k, or alike (item_choices.h): k itself where none
 * before it is. */
int item_same(const Item *item, int k);
int item_alike(const Item *item, int k);

/* A copy of `text` in *out, one of an item's or any other, which the caller frees. */
Status item_copy_text(char **out, const char *text, Error *err);
/* Room for `count` texts in *out, all NULL. */
Status item_alloc_texts(char ***out, size_t count, Error *err);
/* How many bytes of a text are shown in a message: whole characters, 60 bytes at most. */
int item_shown(const char *text);
/* Says why the item is odd, unless it is already. */
Status item_set_odd(Item *item, Error *err, const char *why, ...)
    __attribute__((format(printf, 3, 4)));

#endif
