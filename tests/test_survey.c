/* What is lost of texts as they become tokens, and what a survey says of a set of examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/examples/survey.h"
#include "tests/corpus.h"
#include "tests/scratch.h"

static const ExampleKeys KEYS = {.input = "input", .target = "target"};

#define LINE(input, target) "{\"input\": \"" input "\", \"target\": \"" target "\"}\n"
#define GRIN                "\xf0\x9f\x98\x80" /* a character that no text of the corpus has */

static ExampleSurvey survey(Scratch *s, const Tokenizer *t, const ExampleKeys *keys,
                            const char *text, int64_t max_input, int64_t max_target) {
  Error err = {0};
  ExampleSet *set;
  ExampleSurvey made;
  const char *path = scratch_write(s, "data.jsonl", text, strlen(text));
  expect_ok(text, examples_open(&set, path, keys, t, max_input, max_target, &err), &err);
  expect_ok(text, examples_survey(&made, set, 42, &err), &err);
  examples_close(set);
  return made;
}

static int64_t tokens_of(const Tokenizer *t, const char *text) {
  int32_t *ids;
  int64_t count;
  Error err = {0};
  expect_ok(text, tokenizer_encode(t, text, strlen(text), &ids, &count, &err), &err);
  free(ids);
  return count;
}

/* ---- one text ---- */

static void what_is_cut_and_unknown_is_counted(void **state) {
  Tokenizer *t = corpus_tokenizer(*state);
  SequenceLoss loss = {0};
  int32_t *ids;
  int64_t count;
  Error err = {0};
  const int64_t whole = tokens_of(t, "a gate") + 1;
  expect_ok("whole", sequence_encode_watched(t, "a gate", whole, &ids, &count, &loss, &err), &err);
  free(ids);
  assert_true(loss.texts == 1 && loss.cut == 0 && loss.tokens == whole && loss.longest == whole);
  expect_ok("cut", sequence_encode_watched(t, "a gate", whole - 1, &ids, &count, &loss, &err),
            &err);
  free(ids);
  assert_true(loss.texts == 2 && loss.cut == 1 && loss.tokens == 2 * whole - 1);
  assert_true(loss.longest == whole && loss.unknown == 0);
  expect_ok("grin", sequence_encode_watched(t, GRIN, 9, &ids, &count, &loss, &err), &err);
  assert_true(loss.unknown == 1);
  free(ids);
  tokenizer_close(t);
}

static void a_text_of_unknown_tokens_is_told_apart(void **state) {
  Tokenizer *t = corpus_tokenizer(*state);
  static const struct {
    const char *text;
    bool unknown;
  } CASES[] = {
      {GRIN, true}, {GRIN " " GRIN, true}, {GRIN " gate", false}, {"a", false}, {"", false}};
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    int32_t *ids;
    int64_t count;
    Error err = {0};
    expect_ok("text", sequence_encode(t, CASES[i].text, 99, &ids, &count, &err), &err);
    assert_int_equal(sequence_is_unknown(t, ids, count), CASES[i].unknown);
    free(ids);
  }
  tokenizer_close(t);
}

/* ---- a set ---- */

static void a_survey_counts(void **state) {
  Tokenizer *t = corpus_tokenizer(*state);
  ExampleSurvey s =
      survey(*state, t, &KEYS,
             LINE("a gate", "yes") LINE("a gate", "yes") LINE("a\\u0020gate", "no") LINE(" ", "yes")
                 LINE("a gate and a token of the gate", " \\n") LINE("a " GRIN, GRIN),
             tokens_of(t, "a gate") + 2, 64);
  assert_true(s.examples == 6 && s.sampled == 6 && s.input.texts == 6 && s.target.texts == 6);
  assert_true(s.input.cut == 1 && s.target.cut == 0);
  assert_true(s.input.unknown == 1 && s.target.unknown == 1);
  assert_true(s.empty_inputs == 1 && s.empty_targets == 1);
  assert_int_equal(s.repeated, 2);
  assert_true(s.labels == 4 && s.commonest == 3);
  assert_string_equal(s.label, "yes");
  ExampleSurvey other =
      survey(*state, t, &KEYS, LINE("a gate", "no") LINE("new", "no") LINE("a gate", "no"), 9, 9);
  assert_int_equal(examples_shared(&other, &s), 2);
  assert_int_equal(examples_shared(&s, &other), 3);
  assert_int_equal(examples_shared(&s, &(ExampleSurvey){0}), 0);
  examples_survey_free(&other);
  examples_survey_free(&s);
  tokenizer_close(t);
}

static void many_targets_are_no_labels(void **state) {
  Tokenizer *t = corpus_tokenizer(*state);
  char text[8192] = "";
  for (int i = 0; i < SURVEY_LABELS + 1; i++) {
    char line[64];
    snprintf(line, sizeof line, LINE("a", "%d"), i);
    strcat(text, line);
    if (i < SURVEY_LABELS - 1) continue;
    ExampleSurvey s = survey(*state, t, &KEYS, text, 9, 9);
    assert_int_equal(s.labels, i < SURVEY_LABELS ? SURVEY_LABELS : 0);
    assert_true(i < SURVEY_LABELS ? s.commonest == 1 && s.label : !s.label);
    examples_survey_free(&s);
  }
  tokenizer_close(t);
}

static void raw_text_has_no_targets_and_choices_have_many(void **state) {
  Tokenizer *t = corpus_tokenizer(*state);
  const ExampleKeys raw = {.input = "input", .target = "target", .text = "text"};
  ExampleSurvey s = survey(*state, t, &raw, "{\"text\": \"a gate\"}\n" LINE("a", "b"), 9, 9);
  assert_true(s.input.texts == 2 && s.target.texts == 1 && s.labels == 1 && s.commonest == 1);
  examples_survey_free(&s);
  ExampleKeys all = {.input = "input",
                     .target = "target",
                     .use = CHOICES_ALL,
                     .choices = "choices",
                     .label = "label"};
  s = survey(*state, t, &all,
             "{\"input\": \"a\", \"choices\": [\"gate\", \"token\"], \"label\": 1}", 9, 9);
  assert_int_equal(s.target.texts, 2);
  assert_string_equal(s.label, "token");
  examples_survey_free(&s);
  tokenizer_close(t);
}

/* Of many examples a part is tokenised, the same part for one seed. */
static void a_sample_is_drawn_by_the_seed(void **state) {
  Tokenizer *t = corpus_tokenizer(*state);
  static char text[64 * (SURVEY_SAMPLE + 500)];
  size_t used = 0;
  for (int i = 0; i < SURVEY_SAMPLE + 500; i++)
    used += (size_t)snprintf(text + used, sizeof text - used,
                             i % 2 ? LINE("a gate of a token", "b") : LINE("a", "b"));
  ExampleSurvey s = survey(*state, t, &KEYS, text, 2, 9),
                again = survey(*state, t, &KEYS, text, 2, 9);
  assert_true(s.sampled == SURVEY_SAMPLE && s.input.texts == SURVEY_SAMPLE);
  assert_true(s.examples == SURVEY_SAMPLE + 500 && s.commonest == SURVEY_SAMPLE + 500);
  /* Half of them are cut; ten standard errors of a share of 1/2. */
  assert_in_range(s.input.cut, SURVEY_SAMPLE / 2 - 250, SURVEY_SAMPLE / 2 + 250);
  assert_int_equal(s.input.cut, again.input.cut);
  examples_survey_free(&s);
  examples_survey_free(&again);
  tokenizer_close(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(what_is_cut_and_unknown_is_counted, scratch_setup,
                                      scratch_teardown),
      cmocka_unit_test_setup_teardown(a_text_of_unknown_tokens_is_told_apart, scratch_setup,
                                      scratch_teardown),
      cmocka_unit_test_setup_teardown(a_survey_counts, scratch_setup, scratch_teardown),
      cmocka_unit_test_setup_teardown(many_targets_are_no_labels, scratch_setup, scratch_teardown),
      cmocka_unit_test_setup_teardown(raw_text_has_no_targets_and_choices_have_many, scratch_setup,
                                      scratch_teardown),
      cmocka_unit_test_setup_teardown(a_sample_is_drawn_by_the_seed, scratch_setup,
                                      scratch_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
