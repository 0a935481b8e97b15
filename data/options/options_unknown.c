/* What is said of a key that no table has. */
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/nearest.h"
#include "data/options/options_internal.h"

static const char *last_part(const char *key) {
  const char *dot = strrchr(key, '.');
  return dot ? dot + 1 : key;
}

typedef struct Section {
  char name[64];
} Section;

/* The section with the nearest name, "" when none is near. */
static Section nearest_section(const OptionSet *o, const char *key) {
  Section nearest = {""};
  for (size_t i = 0; i < o->count; i++) {
    Section one = {""};
    const char *name = one.name;
    size_t size = strcspn(o->table[i].key, ".");
    if (!o->table[i].key[size] || size >= sizeof one.name) continue;
    memcpy(one.name, o->table[i].key, size);
    if (nearest_word(key, &name, 1)) nearest = one;
  }
  return nearest;
}

/* The key whose last part is `part`, one of `last`, or spelt as it; NULL: there is none. */
static const char *key_of(const char *part, const char *const *known, const char *const *last,
                          size_t count) {
  for (size_t i = 0; part && i < count; i++) {
    if (strcmp(last[i], part) == 0) return known[i];
  }
  return NULL;
}

/* The right name in the wrong section, else the nearest spelling: of a key, of a section, of the
 * last part of a key. `last` has room for as many words as `known` has. */
static const char *find_meant(const char *key, const Section *section, const char *const *known,
                              const char **last, size_t count) {
  for (size_t i = 0; i < count; i++) last[i] = last_part(known[i]);
  const char *meant = key_of(last_part(key), known, last, count);
  if (!meant) meant = nearest_word(key, known, count);
  if (!meant && *section->name) meant = section->name;
  return meant ? meant : key_of(nearest_word(key, last, count), known, last, count);
}

/* Sets out the keys of the section that `key` is. */
static Status refuse_section(const OptionSet *o, const char *key, const char *place, Error *err) {
  char keys[320] = "";
  for (size_t i = 0, used = 0; i < o->count && used < sizeof keys; i++) {
    if (!options_inside(o->table[i].key, key, strlen(key))) continue;
    used += (size_t)snprintf(keys + used, sizeof keys - used, "%s%s", used ? ", " : "",
                             o->table[i].key);
  }
  return error_set(err, STATUS_USAGE, "%s: %s: is a section; set one of its keys: %s", place, key,
                   keys);
}

Status options_unknown(const OptionSet *o, const char *key, const char *const *beside,
                       const char *place, Error *err) {
  size_t count = 0, others = 0;
  if (*key && options_find_section(o, key, strlen(key)) < o->count) {
    return refuse_section(o, key, place, err);
  }
  while (beside && beside[others]) others++;
  const char **known = calloc(2 * (o->count + others), sizeof *known);
  if (!known) return error_set(err, STATUS_RUN, "%s: out of memory", place);
  for (size_t i = 0; i < o->count; i++) known[count++] = o->table[i].key;
  for (size_t i = 0; i < others; i++) known[count++] = beside[i];
  const Section section = nearest_section(o, key);
  const char *nearest = find_meant(key, &section, known, known + count, count);
  free(known);
  return error_set(err, STATUS_USAGE, "%s: unknown key '%.80s'%s%s%s", place, key,
                   nearest ? "; did you mean '" : " (--help lists the keys)",
                   nearest ? nearest : "", nearest ? "'?" : "");
}
