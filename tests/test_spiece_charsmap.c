/* The rules of SentencePiece's normaliser: sound ones are obeyed, hostile ones are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"
#include "tests/spiece_model.h"

/* A normaliser whose trie is `units` and whose strings are `strings`. */
static Message model_with_rules(const uint32_t *units, size_t count, const char *strings,
                                size_t strings_size) {
  Message rules = {0}, spec = {0}, m = small_model();
  uint32_t bytes = (uint32_t)(4 * count);
  message_add(&rules, &bytes, 4);
  message_add(&rules, units, 4 * count);
  message_add(&rules, strings, strings_size);
  message_bytes(&spec, 2, rules.bytes, rules.size);
  message_bytes(&m, 3, spec.bytes, spec.size);
  free(rules.bytes);
  free(spec.bytes);
  return m;
}

enum { UNITS = 512, HAS_LEAF = 1 << 8 };

/* Unit i's children are at base ^ byte. */
static uint32_t unit(uint32_t i, uint32_t base, uint32_t label, uint32_t flags) {
  return (i ^ base) << 10 | flags | label;
}

/* A trie with the one key "A", replaced by the string at `value`. The root's children are in the
 * second block of 256 units, those of "A" in the first. */
static void one_key(uint32_t *units, uint32_t value) {
  memset(units, 0, (size_t)UNITS * sizeof *units);
  for (uint32_t i = 1; i < UNITS; i++) units[i] = 0x80000000; /* nobody's */
  units[0] = unit(0, 256, 0, 0);
  units[256 + 'A'] = unit(256 + 'A', 2, 'A', HAS_LEAF);
  units[2] = 0x80000000 | value;
}

static void sound_rules_are_obeyed(void **state) {
  Scratch *s = *state;
  uint32_t units[UNITS];
  one_key(units, 1);
  Message m = model_with_rules(units, UNITS, "\0b", 2); /* the last NUL is missing */
  Error err = {0};
  Tokenizer *t;
  int32_t *ids;
  int64_t count;
  expect_ok("open", open_model(s, m.bytes, m.size, &t, &err), &err);
  expect_ok("encode", tokenizer_encode(t, "aA", 2, &ids, &count, &err), &err);
  assert_int_equal(count, 3);
  assert_int_equal(ids[1], 4); /* a */
  assert_int_equal(ids[2], 5); /* b */
  free(ids);
  tokenizer_close(t);
  free(m.bytes);
}

static void refuse_rules(Scratch *s, const char *what, const uint32_t *units, size_t count,
                         const char *words) {
  refuse_model(s, what, model_with_rules(units, count, "x", 2), words);
}

static const struct {
  const char *what, *bytes;
  size_t size;
  const char *words;
} HOSTILE_BLOBS[] = {{"three bytes", "\4\0\0", 3, "cut short"},
                     {"no trie", "\0\0\0\0", 4, "size of its trie"},
                     {"odd size", "\5\0\0\0aaaaaaaa", 12, "size of its trie"},
                     {"as long as the rules", "\xc\0\0\0aaaaaaaa", 12, "size of its trie"},
                     {"2^32 - 4",
                      "\xfc\xff\xff\xff"
                      "aaaaaaaa",
                      12, "size of its trie"}};

static void hostile_rules_are_refused(void **state) {
  Scratch *s = *state;
  uint32_t units[UNITS];
  one_key(units, 2);
  refuse_rules(s, "value", units, UNITS, "outside its strings");
  one_key(units, 0x7fffffff);
  refuse_rules(s, "far value", units, UNITS, "outside its strings");
  one_key(units, 0);
  refuse_rules(s, "short trie", units, 300, "points outside itself");
  refuse_rules(s, "one unit", units, 1, "points outside itself");
  units[0] = 0xfffffc00;
  refuse_rules(s, "root", units, UNITS, "points outside itself");
  one_key(units, 0);
  units[256 + 'A'] = 0x7ffffe00 | 'A';
  refuse_rules(s, "child", units, UNITS, "points outside itself");
  one_key(units, 0);
  units[256 + 'A'] = unit(256 + 'A', 256, 'A', 0); /* its children are the root's: A, AA, ... */
  refuse_rules(s, "cycle", units, UNITS, "cycle");
  one_key(units, 0);
  units[0] = unit(0, 0, 0, 0);
  refuse_rules(s, "own child", units, UNITS, "cycle");

  for (size_t i = 0; i < sizeof HOSTILE_BLOBS / sizeof *HOSTILE_BLOBS; i++) {
    Message spec = {0}, m = small_model();
    message_bytes(&spec, 2, HOSTILE_BLOBS[i].bytes, HOSTILE_BLOBS[i].size);
    message_bytes(&m, 3, spec.bytes, spec.size);
    free(spec.bytes);
    refuse_model(s, HOSTILE_BLOBS[i].what, m, HOSTILE_BLOBS[i].words);
  }
  Message spec = {0}, m = small_model();
  message_bytes(&spec, 2, "\4\0\0\0aaaa", 8);
  message_bytes(&m, 5, spec.bytes, spec.size);
  free(spec.bytes);
  refuse_model(s, "decoding", m, "rewrite decoded text");
}

/* Keys A, AA, ... of up to `n` bytes: all of them are prefixes of a long enough text. */
static Message nested_keys(uint32_t n, uint32_t leaf) {
  size_t count = 256 * (n + 2);
  uint32_t *units = malloc(count * sizeof *units);
  assert_non_null(units);
  for (size_t i = 0; i < count; i++) units[i] = 0x80000000;
  units[0] = unit(0, 256, 0, 0);
  for (uint32_t k = 1; k <= n; k++) {
    uint32_t i = 256 * k + 'A', base = 256 * (k + 1);
    units[i] = unit(i, base, 'A', leaf);
  }
  Message m = model_with_rules(units, count, "x", 2);
  free(units);
  return m;
}

static void long_chains_of_rules_are_refused(void **state) {
  Scratch *s = *state;
  Error err = {0};
  Message m = nested_keys(32, HAS_LEAF);
  expect_ok("32 keys", try_model(s, m.bytes, m.size, &err), &err);
  free(m.bytes);
  refuse_model(s, "33 keys", nested_keys(33, HAS_LEAF), "too many of its keys begin alike");
  m = nested_keys(128, 0);
  expect_ok("128 deep", try_model(s, m.bytes, m.size, &err), &err);
  free(m.bytes);
  refuse_model(s, "129 deep", nested_keys(129, 0), "too deep");
}

/* A subtree with two ways to it: "A" and then up to `tail` more of them, met first; and `detour`
 * times "B" and then the same `tail`. No key, so that only the depth counts. */
static Message shared_subtree(uint32_t detour, uint32_t tail) {
  size_t count = 256 * (size_t)(detour + tail + 3);
  uint32_t *units = malloc(count * sizeof *units), shared = 256 * 2;
  assert_non_null(units);
  for (size_t i = 0; i < count; i++) units[i] = 0x80000000;
  units[0] = unit(0, 256, 0, 0);
  for (uint32_t k = 1; k <= tail + 1; k++) {
    uint32_t i = 256 * k + 'A', base = 256 * (k + 1);
    units[i] = unit(i, base, 'A', 0);
  }
  for (uint32_t k = 1, i = 256 + 'B'; k <= detour; k++) {
    uint32_t base = k < detour ? 256 * (tail + 2 + k) : shared;
    units[i] = unit(i, base, 'B', 0);
    i = base + 'B';
  }
  Message m = model_with_rules(units, count, "x", 2);
  free(units);
  return m;
}

static void shared_subtrees_are_as_deep_as_their_longest_way(void **state) {
  Scratch *s = *state;
  Error err = {0};
  Message m = shared_subtree(28, 100);
  expect_ok("128 deep", try_model(s, m.bytes, m.size, &err), &err);
  free(m.bytes);
  refuse_model(s, "129 deep", shared_subtree(29, 100), "too deep");
  refuse_model(s, "227 deep", shared_subtree(127, 100), "too deep");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sound_rules_are_obeyed),
      cmocka_unit_test(hostile_rules_are_refused),
      cmocka_unit_test(long_chains_of_rules_are_refused),
      cmocka_unit_test(shared_subtrees_are_as_deep_as_their_longest_way),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
