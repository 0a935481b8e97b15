/* The compiled rules of SentencePiece's normaliser:
 *
 *   OFFSET  SIZE  DESCRIPTION
 *   0       4     n: bytes of the trie, u32 little-endian, a multiple of 4
 *   4       n     the trie: a double array of u32 units (Darts-clone)
 *   4 + n   -     what keys are replaced by: strings that end in NUL; the last NUL may be missing
 *
 * A unit is label (bits 0-7, and 31 as a sign that it is no label), has_leaf (8) and an offset
 * (10-30, shifted by 8 when 9 is set). From unit i, base = i ^ offset; the child for byte c is unit
 * base ^ c if its label is c; with has_leaf, unit base holds a value (bits 0-30): the offset of a
 * replacement.
 *
 * The rules are sound iff every unit that can be reached has its 256 children inside the array, no
 * unit is below itself, no key is longer than KEY_MAX, and at most MATCHES_MAX keys are prefixes of
 * one text (what compilers of rules keep to); and every replacement lies in the strings, is not
 * longer than REPLACEMENT_MAX and is UTF-8. */
#include "data/tokenizer/charsmap.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/text/utf8.h"

enum { CHARSMAP_MAX = 16 << 20, KEY_MAX = 128, MATCHES_MAX = 32, REPLACEMENT_MAX = 1024 };

/* What is known of the part of the trie that begins at a unit, however it is reached. */
typedef struct Subtree {
  enum { NOT_SEEN, BEING_VISITED, SOUND } state;
  int keys;   /* the most that one text can meet from here on */
  int height; /* bytes of the longest way down */
} Subtree;

typedef struct Trie {
  const unsigned char *units;
  size_t count;
  const unsigned char *strings;
  size_t strings_size;
  Subtree *subtree;  /* [count] */
  const char *fault; /* the first one found */
} Trie;

static uint32_t read_unit(const unsigned char *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static bool replacement_is_sound(const Trie *t, uint32_t value) {
  value &= 0x7fffffff;
  if (value >= t->strings_size) return false;
  size_t rest = t->strings_size - value;
  size_t limit = rest < REPLACEMENT_MAX ? rest : REPLACEMENT_MAX;
  const char *text = (const char *)t->strings + value;
  size_t size = strnlen(text, limit);
  return (size < limit || rest < REPLACEMENT_MAX) && utf8_valid(text, size) == size;
}

/* From unit i, what its children and its value are relative to. */
static size_t unit_base(size_t i, uint32_t unit) {
  return i ^ (size_t)(unit >> 10) << ((unit & 1u << 9) >> 6);
}

/* Whether a unit is the child for a byte. */
static bool unit_is(uint32_t unit, size_t byte) {
  return (unit & 0x800000ff) == byte;
}

/* What is wrong with unit i itself. */
static const char *unit_fault(const Trie *t, size_t base, bool has_leaf) {
  if ((base | 0xff) >= t->count) return "its trie points outside itself";
  if (has_leaf && !replacement_is_sound(t, read_unit(t->units + 4 * base))) {
    return "a replacement is too long, no UTF-8 or outside its strings";
  }
  return NULL;
}

static const char *depth_fault(int depth) {
  return depth > KEY_MAX ? "its trie is too deep" : NULL;
}

static Subtree visit_unit(Trie *t, size_t i, int depth);

/* The subtree of unit i, to which `depth` bytes lead. */
static Subtree explore_unit(Trie *t, size_t i, int depth) {
  uint32_t unit = read_unit(t->units + 4 * i);
  size_t base = unit_base(i, unit);
  bool has_leaf = unit >> 8 & 1;
  Subtree all = {.state = SOUND};
  t->fault = unit_fault(t, base, has_leaf);
  for (size_t c = 0; c < 256 && !t->fault; c++) {
    if (!unit_is(read_unit(t->units + 4 * (base ^ c)), c)) continue;
    Subtree below = visit_unit(t, base ^ c, depth + 1);
    if (below.keys > all.keys) all.keys = below.keys;
    if (below.height + 1 > all.height) all.height = below.height + 1;
  }
  all.keys += has_leaf;
  if (!t->fault && all.keys > MATCHES_MAX) t->fault = "too many of its keys begin alike";
  return all;
}

/* A unit that several ways lead to is explored once, and is as deep as each of them makes it. */
static Subtree visit_unit(Trie *t, size_t i, int depth) {
  Subtree *known = &t->subtree[i];
  if (known->state == BEING_VISITED) t->fault = "its trie has a cycle";
  if (!t->fault) t->fault = depth_fault(depth + known->height);
  if (t->fault || known->state == SOUND) return *known;
  known->state = BEING_VISITED;
  *known = explore_unit(t, i, depth);
  return *known;
}

/* The parts of rules whose sizes agree; otherwise what is wrong. */
static const char *take_apart(const unsigned char *data, size_t size, Trie *t) {
  if (size > CHARSMAP_MAX) return "it is too large";
  if (size < 4) return "it is cut short";
  size_t bytes = read_unit(data);
  if (bytes % 4 != 0 || bytes == 0 || bytes > size - 4) return "the size of its trie is wrong";
  *t = (Trie){.units = data + 4, .count = bytes / 4};
  t->strings = t->units + bytes;
  t->strings_size = size - 4 - bytes;
  return NULL;
}

static Status no_memory(const char *where, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", where);
}

static Status check_rules(const unsigned char *data, size_t size, const char *where, Error *err) {
  Trie t = {0};
  t.fault = take_apart(data, size, &t);
  if (!t.fault) {
    t.subtree = calloc(t.count, sizeof *t.subtree);
    if (!t.subtree) return no_memory(where, err);
    visit_unit(&t, 0, 0);
    free(t.subtree);
  }
  if (!t.fault) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: the rules of the normaliser: %s", where, t.fault);
}

Status charsmap_open(Charsmap *m, const unsigned char *data, size_t size, const char *where,
                     Error *err) {
  *m = (Charsmap){0};
  TRY(check_rules(data, size, where, err));
  m->data = malloc(size);
  if (!m->data) return no_memory(where, err);
  memcpy(m->data, data, size);
  m->size = size;
  return STATUS_OK;
}

void charsmap_close(Charsmap *m) {
  free(m->data);
  *m = (Charsmap){0};
}

const char *charsmap_find(const Charsmap *m, const char *text, size_t size, size_t *length) {
  Trie t = {0};
  take_apart(m->data, m->size, &t);
  size_t base = unit_base(0, read_unit(t.units));
  for (size_t i = 0; i < size && text[i]; i++) {
    size_t byte = (unsigned char)text[i], at = base ^ byte;
    uint32_t unit = read_unit(t.units + 4 * at);
    if (!unit_is(unit, byte)) return NULL;
    base = unit_base(at, unit);
    if (!(unit >> 8 & 1)) continue;
    size_t value = read_unit(t.units + 4 * base) & 0x7fffffff;
    *length = strnlen((const char *)t.strings + value, t.strings_size - value);
    return (const char *)t.strings + value;
  }
  return NULL;
}
