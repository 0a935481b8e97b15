#include "tools/demo/item.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void text_add(Text *t, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int n = vsnprintf(t->data + t->size, TEXT_MAX - t->size, format, args);
  va_end(args);
  assert(n >= 0 && (size_t)n < TEXT_MAX - t->size);
  t->size += (size_t)n;
}

void text_add_words(Text *t, const char *const *words, size_t n, const char *separator) {
  for (size_t i = 0; i < n; i++) text_add(t, "%s%s", i ? separator : "", words[i]);
}

Text *item_field(Item *item, const char *name) {
  assert(item->fields < ITEM_FIELDS);
  item->field_name[item->fields] = name;
  return &item->field[item->fields++];
}

void item_set(Item *item, const char *name, const char *text) {
  text_add(item_field(item, name), "%s", text);
}

void item_choose(Item *item, const char *const *choice, size_t n, size_t label) {
  assert(label < n && n <= ITEM_CHOICES);
  memcpy(item->choice, choice, n * sizeof *choice);
  item->choices = n;
  item->label = label;
  text_add(&item->target, "%s", choice[label]);
}

void item_choose_shuffled(Item *item, const char *const *choice, size_t n, Rng *rng) {
  size_t order[ITEM_CHOICES], label = 0;
  const char *shuffled[ITEM_CHOICES];
  assert(n <= ITEM_CHOICES);
  order_draw(n, order, rng);
  for (size_t i = 0; i < n; i++) {
    shuffled[i] = choice[order[i]];
    if (order[i] == 0) label = i;
  }
  item_choose(item, shuffled, n, label);
}

static const Text *find_field(const Item *item, const char *name, size_t size) {
  for (size_t i = 0; i < item->fields; i++)
    if (strlen(item->field_name[i]) == size && memcmp(item->field_name[i], name, size) == 0)
      return &item->field[i];
  assert(false && "a template names a field that its task does not make");
  return NULL;
}

void item_word(const Item *item, const char *template, Text *out) {
  for (const char *at = template; *at;) {
    size_t plain = strcspn(at, "{");
    text_add(out, "%.*s", (int)plain, at);
    at += plain;
    if (!*at) break;
    size_t name = strcspn(at, "}") - 1;
    text_add(out, "%s", find_field(item, at + 1, name)->data);
    at += name + 2;
  }
}
