/* Where a key or a section stands in the table. */
#include <string.h>

#include "data/options/options_internal.h"

/* The option whose key is the first `size` bytes, or `count`. */
static size_t find_sized(const OptionSet *o, const char *key, size_t size) {
  size_t i = 0;
  while (i < o->count && (strncmp(o->table[i].key, key, size) != 0 || o->table[i].key[size])) i++;
  return i;
}

size_t options_find(const OptionSet *o, const char *key) {
  static const char KIND[] = ".kind";
  size_t size = strlen(key), kind = sizeof KIND - 1, i = find_sized(o, key, size);
  if (i < o->count || size <= kind || strcmp(key + size - kind, KIND) != 0) return i;
  bool section = options_find_section(o, key, size - kind) < o->count;
  return section ? find_sized(o, key, size - kind) : o->count;
}

bool options_inside(const char *key, const char *section, size_t size) {
  return size == 0 || (strncmp(key, section, size) == 0 && key[size] == '.');
}

size_t options_find_section(const OptionSet *o, const char *section, size_t size) {
  size_t i = 0;
  while (i < o->count && !options_inside(o->table[i].key, section, size)) i++;
  return i;
}
