/* Patterns on module names against what CPython 3.11's re says, and the constructs refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/adapter/name_pattern.h"
#include "tests/scratch.h"

static const char *const NAMES[] = {
    "encoder.block.0.layer.0.SelfAttention.q",     "decoder.block.11.layer.1.EncDecAttention.v",
    "encoder.block.1.layer.1.DenseReluDense.wi_0", "encoder.block.1.layer.1.DenseReluDense.wi",
    "decoder.block.0.layer.0.SelfAttention.o",
};

/* One column a name, 'x' where it matches: re.fullmatch(pattern, name), and
 * re.match(rf"(.*\.)?({pattern})$", name) as peft.utils.other.get_pattern_key has it; NULL: flags
 * that do not stand first are refused by both. */
static const struct {
  const char *pattern, *whole, *suffix;
} SAID_BY_PYTHON[] = {
    {"q", ".....", "x...."},
    {"SelfAttention.q", ".....", "x...."},
    {"elfAttention.q", ".....", "....."},
    {"encoder.block.0.layer.0.SelfAttention.q", "x....", "x...."},
    {"^encoder.*", "x.xx.", "x.xx."},
    {"^q", ".....", "....."},
    {"q$", ".....", "x...."},
    {"(q|v)", ".....", "xx..."},
    {"q|v", ".....", "xx..."},
    {".*decoder.*(SelfAttention|EncDecAttention).*(q|v)$", ".x...", ".x..."},
    {"block\\.\\d+\\.layer.0.SelfAttention.q", ".....", "x...."},
    {"block\\.[01]\\.layer\\.\\d+\\.\\w+\\.[qv]", ".....", "x...."},
    {"(?:k|q)", ".....", "x...."},
    {"wi_?\\d?", ".....", "..xx."},
    {"wi.*?", ".....", "..xx."},
    {"[^q]", ".....", ".x..x"},
    {"[^\\W\\d_]", ".....", "xx..x"},
    {".*[]q][^.-0]*?", "x....", "x...."},
    {".*(wi|)_[0-9]", "..x..", "..x.."},
    {"block.1.layer.0.SelfAttention.q", ".....", "....."},
    {"", ".....", "....."},
    {"SelfAttention-q", ".....", "....."},
    {"decoder\\.block\\.(0|1)(\\..*)?", "....x", "....x"},
    {"^(?!.*decoder).*\\.(q|v)$", "x....", "x...."},
    {"encoder\\.block\\.\\d{1,2}\\.layer\\.0\\.SelfAttention\\.[qv]", "x....", "x...."},
    {"(?i).*selfattention\\.q", "x....", NULL},
    {".*(?<=Attention)\\.[a-z]", "xx..x", "xx..x"},
    {".*(?<!Self)Attention\\.\\w{1}", ".x...", ".x..."},
    {"(?P<stack>en|de)coder.*\\b[qo]", "x...x", "x...x"},
    {".*block\\.\\d{2,}\\..*", ".x...", ".x..."},
    {".*\\.wi(?=_).*", "..x..", "..x.."},
    {"(?is).*DENSE.*", "..xx.", NULL},
    {".*[a-z]{3}\\.wi", "...x.", "...x."},
    {"q{1}", ".....", "x...."},
    {"(?:\\w+\\.){6}?q", "x....", "x...."},
    {".*\\Bi", "...x.", "...x."},
    {"(?!q).", ".....", ".x..x"},
};

static bool matches(const NamePattern *p, const char *name) {
  Error err = {0};
  bool found;
  expect_ok(name, name_pattern_matches(p, name, &found, &err), &err);
  return found;
}

static void matching_is_as_in_python(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof SAID_BY_PYTHON / sizeof *SAID_BY_PYTHON; i++) {
    for (int suffix = 0; suffix < 2; suffix++) {
      NamePattern p;
      Error err = {0};
      const char *text = SAID_BY_PYTHON[i].pattern;
      const char *want = suffix ? SAID_BY_PYTHON[i].suffix : SAID_BY_PYTHON[i].whole;
      NameMatch match = suffix ? NAME_SUFFIX : NAME_WHOLE;
      Status got = name_pattern_compile(&p, text, match, "f", "rank_pattern", &err);
      if (!want) {
        expect_error(text, got, &err, STATUS_INPUT, "f: rank_pattern: |byte 1: ");
        name_pattern_free(&p);
        continue;
      }
      expect_ok(text, got, &err);
      for (int n = 0; n < 5; n++) {
        if (matches(&p, NAMES[n]) != (want[n] == 'x')) {
          fail_msg("\"%s\" (%s) on %s: want '%c'", text, suffix ? "suffix" : "whole", NAMES[n],
                   want[n]);
        }
      }
      name_pattern_free(&p);
    }
  }
}

static void suffixes_follow_a_dot(void **state) {
  (void)state;
  assert_true(name_has_suffix("a.b.q", "q"));
  assert_true(name_has_suffix("a.b.q", "b.q"));
  assert_true(name_has_suffix("q", "q"));
  assert_false(name_has_suffix("a.bq", "q"));
  assert_false(name_has_suffix("q", "a.q"));
}

static void what_has_no_translation_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *pattern, *words;
  } cases[] = {
      {"q{,2}", "f: rank_pattern: |\"q{,2}\"|byte 1: |\"{,2}\"|not a supported"},
      {"q{2,1}", "byte 1: "},
      {"q{1000}", "byte 1: "},
      {"q{2}+", "byte 4: "},
      {"q{2", "byte 1: "},
      {"(?>q)", "byte 1: "},
      {"(?P<x>q)(?P=x)", "byte 9: "},
      {"(?P<1>q)", "byte 1: "},
      {"(?i)q", "byte 1: "},
      {"(?=q)*", "byte 5: "},
      {"\\b?q", "byte 2: "},
      {"^*q", "byte 1: |\"*q\""},
      {"*q", "byte 0: "},
      {"q)", "byte 1: |\")\""},
      {"\xc3\xa9", "byte 0: "},
      {"(q)\\1", "byte 3: |\\1"},
      {"q\\", "byte 1: "},
      {"[q", "byte 2: "},
      {"[z-a]", "byte 1: |\"z-a]\""},
      {"q*+", "byte 2: |\"+\""},
      {"(q", "byte 2: "},
      {"[[:alpha:]]", "byte 1: |\"[:al\""},
      {"(*ACCEPT)q", "byte 1: |\"*ACC\""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    NamePattern p;
    Error err = {0};
    Status got = name_pattern_compile(&p, cases[i].pattern, NAME_SUFFIX, "f", "rank_pattern", &err);
    expect_error(cases[i].pattern, got, &err, STATUS_INPUT, cases[i].words);
    name_pattern_free(&p);
  }
}

/* Patterns on which backtracking, or a library that copies what it repeats, would never end. */
static void hostile_patterns_end(void **state) {
  (void)state;
  static const struct {
    const char *piece;
    bool matches; /* the name, when repeated to the greatest length */
  } cases[] = {{"(.*)*", true}, {"(.*|.?)+", true},     {"(|.)*", true},
               {".*q", false},  {"(((.+)+)+)+", false}, {"[.]?", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *piece = cases[i].piece;
    char text[1025] = "";
    NamePattern p;
    Error err = {0};
    while (strlen(text) + strlen(piece) < sizeof text) strcat(text, piece);
    expect_ok(piece, name_pattern_compile(&p, text, NAME_SUFFIX, "f", "g", &err), &err);
    assert_int_equal(matches(&p, NAMES[0]), cases[i].matches);
    name_pattern_free(&p);
  }
}

/* Ways that double with every letter of a long name: an answer at once, or an error that names the
 * pattern. */
static void catastrophic_patterns_end(void **state) {
  (void)state;
  static const char *const cases[] = {"(a+)+b", "(a|a)*b", "(a*)*b", "(a|aa)+b", "(.*a.*)+[^a]b"};
  char name[4003];
  memset(name, 'a', sizeof name);
  strcpy(name + sizeof name - 3, "cb");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    NamePattern p;
    Error err = {0};
    bool found;
    expect_ok(cases[i], name_pattern_compile(&p, cases[i], NAME_WHOLE, "f", "g", &err), &err);
    if (name_pattern_matches(&p, name, &found, &err) != STATUS_OK) {
      char words[64];
      snprintf(words, sizeof words, "f: g: \"%s\"|limit", cases[i]);
      expect_error(cases[i], err.status, &err, STATUS_INPUT, words);
    } else {
      assert_int_equal(found, i == 4);
    }
    name_pattern_free(&p);
  }
}

static void long_patterns_are_bounded(void **state) {
  (void)state;
  char text[1100];
  NamePattern p;
  Error err = {0};
  memset(text, '(', 512);
  memset(text + 512, ')', 512);
  text[1024] = '\0';
  expect_ok("deep", name_pattern_compile(&p, text, NAME_SUFFIX, "f", "g", &err), &err);
  assert_false(matches(&p, NAMES[0]));
  name_pattern_free(&p);
  memset(text, 'q', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  Status got = name_pattern_compile(&p, text, NAME_SUFFIX, "f", "g", &err);
  expect_error("long", got, &err, STATUS_INPUT, "f: g: |1099 bytes");
  name_pattern_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(matching_is_as_in_python),
      cmocka_unit_test(suffixes_follow_a_dot),
      cmocka_unit_test(what_has_no_translation_is_refused),
      cmocka_unit_test(hostile_patterns_end),
      cmocka_unit_test(catastrophic_patterns_end),
      cmocka_unit_test(long_patterns_are_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
