/* Lines with choices as examples, and examples with choices as batches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/examples/batch.h"
#include "tests/corpus.h"
#include "tests/scratch.h"

static const ExampleKeys ALL = {.input = "input",
                                .target = "target",
                                .use = CHOICES_ALL,
                                .choices = "choices",
                                .label = "label"};

static const char LINES[] =
    "{\"input\": \"a gate\", \"choices\": [\"red\", \"the old bridge\", \"\"], \"label\": 1}\n"
    "{\"input\": \"a\", \"choices\": [\"x\", \"y\"], \"target\": \"y\"}\n"
    "{\"input\": \"gate gate gate\", \"choices\": [\"one\"], \"label\": 0}\n";
static const char *const INPUT[] = {"a gate", "a", "gate gate gate"};
static const char *const CHOICE[][3] = {{"red", "the old bridge", ""}, {"x", "y"}, {"one"}};
static const int64_t CHOICES[] = {3, 2, 1}, RIGHT[] = {1, 1, 0};

static ExampleSet *open_lines(Scratch *s, const Tokenizer *t, const char *text, ChoiceUse use) {
  Error err = {0};
  ExampleSet *set;
  ExampleKeys keys = ALL;
  keys.use = use;
  const char *path = scratch_write(s, "data.jsonl", text, strlen(text));
  expect_ok(text, examples_open(&set, path, &keys, t, 512, 512, &err), &err);
  return set;
}

static void expect_text(const Tokenizer *t, const int32_t *ids, int64_t n, const char *text) {
  int32_t *want;
  int64_t count;
  Error err = {0};
  expect_ok(text, tokenizer_encode(t, text, strlen(text), &want, &count, &err), &err);
  assert_int_equal(n, count + 1);
  assert_memory_equal(ids, want, (size_t)count * sizeof *want);
  assert_int_equal(ids[count], tokenizer_eos(t));
  free(want);
}

static void every_choice_ends_in_eos(void **state) {
  Tokenizer *t = corpus_tokenizer(*state);
  ExampleSet *set = open_lines(*state, t, LINES, CHOICES_ALL);
  for (int64_t i = 0; i < 3; i++) {
    Example e;
    Error err = {0};
    expect_ok("get", examples_get(set, i, &e, &err), &err);
    expect_text(t, e.input, e.input_len, INPUT[i]);
    assert_true(e.choices == CHOICES[i] && e.right == RIGHT[i] && e.choice[0] == 0);
    for (int64_t k = 0; k < e.choices; k++)
      expect_text(t, e.target + e.choice[k], e.choice[k + 1] - e.choice[k], CHOICE[i][k]);
    assert_int_equal(e.choice[e.choices], e.target_len);
    example_free(&e);
  }
  examples_close(set);
  tokenizer_close(t);
}

/* A target is a choice where it is the same (data/examples/item_choices.h); what is nobody's to read,
 * and choices that are wrong together, do no harm. */
static void targets_are_matched_as_in_evaluation(void **state) {
  Tokenizer *t = corpus_tokenizer(*state);
  ExampleSet *set =
      open_lines(*state, t,
                 "{\"input\": \"a\", \"choices\": [\"x\", \"y\"], \"target\": \" y\\n\"}\n"
                 "{\"input\": \"a\", \"choices\": [\"x\", \"y \"], \"label\": 1, "
                 "\"target\": \"y\"}\n"
                 "{\"input\": \"a\", \"choices\": [\"x\", \"y\"], \"label\": 1, "
                 "\"target\": \"because\"}\n"
                 "{\"input\": \"a\", \"choices\": [\"x\", \"y\", \"x \"], \"label\": 1, "
                 "\"target\": 1e400}\n",
                 CHOICES_ALL);
  for (int64_t i = 0; i < 4; i++) {
    Example e;
    Error err = {0};
    expect_ok("get", examples_get(set, i, &e, &err), &err);
    assert_int_equal(e.right, 1);
    example_free(&e);
  }
  examples_close(set);
  set = open_lines(*state, t, "{\"input\": \"a\", \"choices\": [], \"target\": \"y\"}\n",
                   CHOICES_RIGHT);
  examples_close(set);
  tokenizer_close(t);
}

/* Alone, the right choice is the target; so is a target that has no choices beside it. */
static void the_right_choice_is_the_target(void **state) {
  Tokenizer *t = corpus_tokenizer(*state);
  char text[512];
  snprintf(text, sizeof text, "%s{\"input\": \"b\", \"target\": \"plain\"}\n", LINES);
  ExampleSet *set = open_lines(*state, t, text, CHOICES_RIGHT);
  for (int64_t i = 0; i < 4; i++) {
    Example e;
    Error err = {0};
    expect_ok("get", examples_get(set, i, &e, &err), &err);
    assert_null(e.choice);
    expect_text(t, e.target, e.target_len, i < 3 ? CHOICE[i][RIGHT[i]] : "plain");
    example_free(&e);
  }
  examples_close(set);
  tokenizer_close(t);
}

static void bad_choices_are_found_at_once(void **state) {
  static const struct {
    const char *line, *words;
  } bad[] = {
      {"{\"input\": \"a\", \"target\": \"b\"}", "line 4: choices: is missing"},
      {"{\"input\": \"a\", \"choices\": []}", "line 4: choices: is an empty list"},
      {"{\"input\": \"a\", \"choices\": \"b\"}", "line 4: choices: got a string, want an array"},
      {"{\"input\": \"a\", \"choices\": [\"b\", 1], \"label\": 0}", "line 4: choices: want a list"},
      {"{\"input\": \"a\", \"choices\": [\"b\"], \"label\": 1}", "line 4: label: |1"},
      {"{\"input\": \"a\", \"choices\": [\"b\"], \"label\": \"b\"}", "line 4: label: got a string"},
      {"{\"input\": \"a\", \"choices\": [\"b\"]}", "line 4: target: is missing"},
      {"{\"input\": \"a\", \"choices\": [\"b\"], \"target\": \"c\"}",
       "line 4: target: is none of the choices"},
      {"{\"input\": \"a\", \"choices\": [\"b\", \"c\"], \"label\": 0, \"target\": \"c \"}",
       "line 4: label: says one choice, and the target says another"},
      {"{\"input\": \"a\", \"choices\": [\"b\", \"c\", \"c\\n\"], \"label\": 2}",
       "line 4: choices: another choice is the same as the right one"},
      {"{\"input\": \"a\", \"choices\": [\" b\", \"c\", \"b\"], \"target\": \"b\"}",
       "line 4: choices: another choice is the same"},
  };
  Tokenizer *t = corpus_tokenizer(*state);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char text[512];
    Error err = {0};
    ExampleSet *set;
    snprintf(text, sizeof text, "%s%s\n", LINES, bad[i].line);
    const char *path = scratch_write(*state, "data.jsonl", text, strlen(text));
    Status got = examples_open(&set, path, &ALL, t, 8, 8, &err);
    expect_error(bad[i].line, got, &err, STATUS_INPUT, bad[i].words);
    assert_null(set);
  }
  tokenizer_close(t);
}

/* Sequences of one micro-batch against the examples that are in it, found by their right choice. */
static void batches_hold_every_choice(void **state) {
  Tokenizer *t = corpus_tokenizer(*state);
  ExampleSet *set = open_lines(*state, t, LINES, CHOICES_ALL);
  static const BatchSpec spec = {.batch_size = 3, .max_tokens = 1, .seed = 1};
  Batch batch;
  Error err = {0};
  expect_ok("batch", batch_make(set, &spec, 0, &batch, &err), &err);
  assert_true(batch.count == 3 && batch.examples == 3 && batch.choices == 6);
  int64_t tokens = 0, right = 0, longest = 0;
  for (int64_t b = 0; b < 3; b++) {
    const MicroBatch *m = &batch.micro[b];
    assert_true(m->input.count == 1 && m->choice.count == 1);
    int64_t i = 0;
    while (CHOICES[i] != m->target.count) i++;
    assert_true(m->choice.offset[1] == CHOICES[i] && m->right[0] == RIGHT[i]);
    for (int64_t k = 0; k < m->target.count; k++) {
      int64_t at = m->target.offset[k], n = ragged_length(m->target, k);
      expect_text(t, m->target_ids + at, n, CHOICE[i][k]);
      assert_int_equal(m->decoder_ids[at], spec.decoder_start);
      assert_memory_equal(m->decoder_ids + at + 1, m->target_ids + at,
                          (size_t)(n - 1) * sizeof(int32_t));
      tokens += n;
      if (k == RIGHT[i]) right += n;
      if (n > longest) longest = n;
    }
  }
  assert_true(batch.target_tokens == tokens && batch.right_tokens == right);
  assert_int_equal(batch.longest_choice, longest);
  batch_free(&batch);
  examples_close(set);
  tokenizer_close(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_choice_ends_in_eos),
      cmocka_unit_test(the_right_choice_is_the_target),
      cmocka_unit_test(targets_are_matched_as_in_evaluation),
      cmocka_unit_test(bad_choices_are_found_at_once),
      cmocka_unit_test(batches_hold_every_choice),
  };
  return cmocka_run_group_tests_name("choices", tests, scratch_setup, scratch_teardown);
}
