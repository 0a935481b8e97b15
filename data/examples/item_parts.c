#include "data/examples/item_parts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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
  free_texts(item->choice, item->choices);
  free_texts(item->target, item->targets);
  *item = (Item){0};
}

Status item_copy_text(char **out, const char *text, Error *err) {
  *out = strdup(text);
  return *out ? STATUS_OK : no_memory(err);
}

Status item_alloc_texts(char ***out, size_t count, Error *err) {
  *out = calloc(count + 1, sizeof **out);
  return *out ? STATUS_OK : no_memory(err);
}

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool same_text(const char *a, const char *b) {
  while (is_space(*a)) a++;
  while (is_space(*b)) b++;
  size_t n = strlen(a), m = strlen(b);
  while (n > 0 && is_space(a[n - 1])) n--;
  while (m > 0 && is_space(b[m - 1])) m--;
  return n == m && memcmp(a, b, n) == 0;
}

int item_find_label(const Item *item) {
  for (int t = 0; t < item->targets; t++) {
    for (int c = 0; c < item->choices; c++) {
      if (same_text(item->choice[c], item->target[t])) return c;
    }
  }
  return -1;
}
