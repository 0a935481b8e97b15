#include "data/examples/item_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/text/utf8.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the items");
}

static void free_texts(char **text, int count) {
  for (int i = 0; text && i < count; i++) free(text[i]);
  free(text);
}

void item_free(Item *item) {
  free(item->id);
  free(item->input);
  free(item->instruction);
  free(item->task);
  free(item->same);
  free(item->alike);
  free(item->odd);
  free_texts(item->choice, item->choices);
  free_texts(item->target, item->targets);
  *item = (Item){0};
}

int item_same(const Item *item, int k) {
  return item->same ? item->same[k] : k;
}

int item_alike(const Item *item, int k) {
  return item->alike ? item->alike[k] : item_same(item, k);
}

Status item_copy_text(char **out, const char *text, Error *err) {
  *out = strdup(text);
  return *out ? STATUS_OK : no_memory(err);
}

Status item_alloc_texts(char ***out, size_t count, Error *err) {
  *out = calloc(count + 1, sizeof **out);
  return *out ? STATUS_OK : no_memory(err);
}

int item_shown(const char *text) {
  enum { MOST = 60 };
  size_t size = strlen(text);
  return (int)utf8_valid(text, size < MOST ? size : MOST);
}

Status item_set_odd(Item *item, Error *err, const char *why, ...) {
  va_list args;
  if (item->odd) return STATUS_OK;
  va_start(args, why);
  int size = vasprintf(&item->odd, why, args);
  va_end(args);
  if (size >= 0) return STATUS_OK;
  item->odd = NULL;
  return no_memory(err);
}
