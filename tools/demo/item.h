/* item: one exercise of the demo world, before it is worded, and the templates that word it.
 *
 * An item holds named fields, a target and, where the task is a classification, the answers to
 * choose from. A template is a sentence with {field} where a field's text goes, so every item can
 * be asked in several ways. */
#ifndef SKEIN_ITEM_H
#define SKEIN_ITEM_H

#include <stddef.h>

#include "tools/demo/words.h"

/* Texts here are short and made by us: running over the end is our own mistake (assert). */
enum { TEXT_MAX = 400 };
typedef struct Text {
  char data[TEXT_MAX];
  size_t size;
} Text;

void text_add(Text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends words[0..n) joined by `separator`. */
void text_add_words(Text *t, const char *const *words, size_t n, const char *separator);

enum { ITEM_FIELDS = 5, ITEM_CHOICES = 4 };
typedef struct Item {
  const char *field_name[ITEM_FIELDS];
  Text field[ITEM_FIELDS];
  size_t fields;
  Text target;
  const char *choice[ITEM_CHOICES]; /* static words */
  size_t choices, label;            /* no choices: the target is to be generated */
} Item;

/* Adds a field, empty or with a text. */
Text *item_field(Item *item, const char *name);
void item_set(Item *item, const char *name, const char *text);
/* The answers choice[0..n), of which number `label` is right; sets the target to it. */
void item_choose(Item *item, const char *const *choice, size_t n, size_t label);
/* As item_choose with choice[0] the right one and the order shuffled. */
void item_choose_shuffled(Item *item, const char *const *choice, size_t n, Rng *rng);
/* Appends the template with its {fields} replaced; a field the item does not have is our mistake.
 */
void item_word(const Item *item, const char *template, Text *out);

#endif
