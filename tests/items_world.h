/* items_world: files of items, and a tokenizer that compares their choices.
 *
 * A group of tests has items_setup and items_teardown; *state is then its ItemsWorld. The tokenizer
 * normalises as T5's does and has a piece for every letter. */
#ifndef SKEIN_TESTS_ITEMS_WORLD_H
#define SKEIN_TESTS_ITEMS_WORLD_H

#include "data/examples/items.h"
#include "tests/scratch.h"

typedef struct ItemsWorld {
  Scratch *scratch;
  Tokenizer *tokenizer;
} ItemsWorld;

int items_setup(void **state);
int items_teardown(void **state);

/* The keys by their own names, with 512 tokens kept of a choice. */
ItemKeys items_for(const ItemsWorld *w, ItemUse use);

/* Opens a file "items" of this text; fails the test where it is refused. */
ItemSet *items_of(ItemsWorld *w, ItemFormat format, const ItemKeys *keys, const char *text);
/* The same, and it must be refused with these words (expect_error). */
void items_refused(ItemsWorld *w, ItemFormat format, const ItemKeys *keys, const char *text,
                   const char *words);
Item items_item(const ItemSet *set, int64_t i);

/* The texts joined by '|' are `want`. */
void expect_texts(char *const *text, int count, const char *want);
/* As many items are left out as there are words, separated by '|', and each reason, of any length,
 * has its own: "" says that none is. */
void expect_left_out(const ItemSet *set, const char *words);

#endif
