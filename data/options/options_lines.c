/* The settings as "key=value" lines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/options/options_internal.h"

static bool listed(const char *key, const char *const *keys, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(key, keys[i]) == 0) return true;
  }
  return false;
}

char *options_lines(const OptionSet *o, const char *const *except, size_t count) {
  char *lines = NULL;
  size_t size;
  FILE *out = open_memstream(&lines, &size);
  bool done = out != NULL;
  for (size_t i = 0; done && i < o->count; i++) {
    if (listed(o->table[i].key, except, count)) continue;
    char *text = option_text(&o->table[i], option_load(&o->table[i], o->settings));
    done = text && fprintf(out, "%s=%s\n", o->table[i].key, text) > 0;
    free(text);
  }
  if (out) done = fclose(out) == 0 && done;
  if (done) return lines;
  free(lines);
  return NULL;
}
