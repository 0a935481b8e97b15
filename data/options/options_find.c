/* Where a key or a section stands in the table. */
#include <string.h>

#include "data/options/options_internal.h"

size_t options_find(const OptionSet *o, const char *key) {
  size_t i = 0;
  while (i < o->count && strcmp(o->table[i].key, key) != 0) i++;
  return i;
}

bool options_inside(const char *key, const char *section, size_t size) {
  return size == 0 || (strncmp(key, section, size) == 0 && key[size] == '.');
}

size_t options_find_section(const OptionSet *o, const char *section, size_t size) {
  size_t i = 0;
  while (i < o->count && !options_inside(o->table[i].key, section, size)) i++;
  return i;
}
