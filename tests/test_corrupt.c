/* Span corruption: nothing is lost, and the spans are what T5 says they are. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/examples/examples.h"
#include "tests/corpus.h"
#include "tests/scratch.h"

static const ExampleKeys KEYS = {.input = "input", .target = "target", .text = "text"};
static const Corruption SPANS = {.rate = 0.15, .mean_span = 3, .target_rate = 0, .seed = 1};
static const Corruption TARGETS = {.rate = 0.15, .mean_span = 3, .target_rate = 1, .seed = 1};

typedef struct Bench {
  Tokenizer *t;
  ExampleSet *set;
} Bench;

/* A set of one line. */
static Bench bench_open(Scratch *s, const char *line, int64_t max_input, int64_t max_target) {
  Bench b = {.t = corpus_tokenizer(s)};
  Error err = {0};
  const char *path = scratch_write(s, "data.jsonl", line, strlen(line));
  expect_ok(line, examples_open(&b.set, path, &KEYS, b.t, max_input, max_target, &err), &err);
  return b;
}

static void bench_close(Bench *b) {
  examples_close(b->set);
  tokenizer_close(b->t);
}

static Example corrupted(const Bench *b, const Corruption *how, int64_t epoch) {
  Example e;
  Error err = {0};
  expect_ok("get", examples_get_corrupted(b->set, 0, epoch, how, &e, &err), &err);
  return e;
}

/* Which sentinel an id is, or -1. */
static int sentinel_of(const Tokenizer *t, int32_t id) {
  int k = tokenizer_size(t) - 1 - id;
  return k >= 0 && tokenizer_sentinel(t, k) == id ? k : -1;
}

enum { IDS = 4096 };

typedef struct Merged {
  int32_t ids[IDS];
  int64_t count, noise, spans, first_span, first_kept;
} Merged;

/* Copies the tokens of target span k, and returns how many there are. */
static int64_t merge_span(const Tokenizer *t, const Example *e, int k, Merged *m) {
  int64_t at = 0, from = m->count;
  while (at < e->target_len && sentinel_of(t, e->target[at]) != k) at++;
  assert_true(at < e->target_len);
  for (at++; at < e->target_len - 1 && sentinel_of(t, e->target[at]) < 0; at++) {
    m->ids[m->count++] = e->target[at];
  }
  return m->count - from;
}

/* Puts each span of the target in the place of its sentinel. */
static Merged merge(const Tokenizer *t, const Example *e) {
  Merged m = {0};
  assert_int_equal(e->input[e->input_len - 1], tokenizer_eos(t));
  assert_int_equal(e->target[e->target_len - 1], tokenizer_eos(t));
  for (int64_t i = 0; i < e->input_len - 1; i++) {
    int k = sentinel_of(t, e->input[i]);
    if (k < 0) {
      m.ids[m.count++] = e->input[i];
      continue;
    }
    assert_int_equal(k, m.spans); /* <extra_id_0>, <extra_id_1>, ... */
    if (k == 0) m.first_kept = i;
    int64_t size = merge_span(t, e, k, &m);
    if (k == 0) m.first_span = size;
    m.noise += size;
    m.spans++;
  }
  /* The target is its spans and sentinels, and no more. */
  assert_int_equal(e->target_len, m.noise + m.spans + 1);
  return m;
}

static void assert_merges_to(const Bench *b, const Example *e, const char *text) {
  int32_t *ids;
  int64_t count;
  Error err = {0};
  expect_ok(text, tokenizer_encode(b->t, text, strlen(text), &ids, &count, &err), &err);
  Merged m = merge(b->t, e);
  assert_int_equal(m.count, count);
  assert_memory_equal(m.ids, ids, (size_t)count * sizeof *ids);
  free(ids);
}

static void nothing_is_lost(void **state) {
  Scratch *s = *state;
  for (size_t i = 0; i < CORPUS_COUNT; i++) {
    char line[256];
    snprintf(line, sizeof line, "{\"text\": \"%s\"}", CORPUS[i]);
    Bench b = bench_open(s, line, 512, 512);
    for (int64_t epoch = 0; epoch < 20; epoch++) {
      for (int kind = 0; kind < 2; kind++) {
        Example e = corrupted(&b, kind ? &TARGETS : &SPANS, epoch);
        assert_merges_to(&b, &e, CORPUS[i]);
        example_free(&e);
      }
    }
    bench_close(&b);
  }
}

/* n tokens: "a" is one piece of the corpus' tokenizer. */
static Bench bench_of_tokens(Scratch *s, int n, int64_t max_input, int64_t max_target) {
  char *line = malloc((size_t)n * 5 + 32);
  assert_non_null(line);
  strcpy(line, "{\"text\": \"");
  for (int i = 0; i < n; i++) strcat(line, i ? " a" : "a");
  strcat(line, "\"}");
  Bench b = bench_open(s, line, max_input, max_target);
  free(line);
  int32_t *ids;
  int64_t count;
  Error err = {0};
  expect_ok("a a", tokenizer_encode(b.t, "a a", 3, &ids, &count, &err), &err);
  assert_int_equal(count, 2);
  free(ids);
  return b;
}

/* 100 tokens: round(100 * 0.15) = 15 are noise, in round(15 / 3) = 5 spans. A random cut of 15 into
 * 5 positive parts has C(14, 4) = 1001 equally likely outcomes, C(13, 3) = 286 of which begin with
 * 1; a cut of the 85 kept ones begins with 1 in 4 / 84 of them. */
static void spans_are_those_of_t5(void **state) {
  Scratch *s = *state;
  enum { EPOCHS = 4000 };
  Bench b = bench_of_tokens(s, 100, 512, 512);
  int ones = 0, kept_ones = 0;
  int64_t sum = 0;
  for (int64_t epoch = 0; epoch < EPOCHS; epoch++) {
    Example e = corrupted(&b, &SPANS, epoch);
    Merged m = merge(b.t, &e);
    assert_int_equal(m.count, 100);
    assert_int_equal(m.noise, 15);
    assert_int_equal(m.spans, 5);
    assert_true(m.first_kept >= 1 && m.first_span >= 1);
    ones += m.first_span == 1;
    kept_ones += m.first_kept == 1;
    sum += m.first_span;
    example_free(&e);
  }
  double p = 286.0 / 1001, q = 4.0 / 84;
  assert_true(fabs(ones / (double)EPOCHS - p) < 5 * sqrt(p * (1 - p) / EPOCHS));
  assert_true(fabs(kept_ones / (double)EPOCHS - q) < 5 * sqrt(q * (1 - q) / EPOCHS));
  assert_true(fabs((double)sum / EPOCHS - 3) < 0.2); /* deviation 1.86 / sqrt(4000) = 0.03 */
  bench_close(&b);
}

static void rates_are_obeyed(void **state) {
  Scratch *s = *state;
  static const struct {
    int tokens;
    double rate, mean_span;
    int64_t noise, spans;
  } cases[] = {{100, 0.5, 3, 50, 17}, {100, 0.15, 10, 15, 2}, {10, 0.15, 3, 2, 1},
               {2, 0.15, 3, 1, 1},    {3, 0.9, 1, 2, 1},      {100, 0.99, 1, 99, 1},
               {100, 0.001, 3, 1, 1}, {50, 0.3, 1, 15, 15},   {400, 0.5, 1, 200, 100},
               {100, 1.0, 3, 99, 1},  {30, 0.15, 3, 4, 1}}; /* 4.5 and 1.33: to even */
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Bench b = bench_of_tokens(s, cases[i].tokens, 2000, 2000);
    Corruption how = {cases[i].rate, cases[i].mean_span, 0, 1};
    Example e = corrupted(&b, &how, 0);
    Merged m = merge(b.t, &e);
    assert_int_equal(m.count, cases[i].tokens);
    assert_int_equal(m.noise, cases[i].noise);
    assert_int_equal(m.spans, cases[i].spans);
    example_free(&e);
    bench_close(&b);
  }
}

static void long_lines_are_cut_to_fit(void **state) {
  Scratch *s = *state;
  static const int64_t limits[][2] = {{50, 512}, {512, 20}, {3, 3}, {4, 3}, {3, 100}, {512, 114}};
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    Bench b = bench_of_tokens(s, 3000, limits[i][0], limits[i][1]);
    for (int64_t epoch = 0; epoch < 5; epoch++) {
      for (int kind = 0; kind < 2; kind++) {
        Example e = corrupted(&b, kind ? &TARGETS : &SPANS, epoch);
        merge(b.t, &e);
        assert_true(e.input_len <= limits[i][0] && e.target_len <= limits[i][1]);
        bool tight = e.input_len >= limits[i][0] - 1 || e.target_len >= limits[i][1] - 1;
        if (!kind) assert_true(tight); /* no more is cut than must be */
        example_free(&e);
      }
    }
    bench_close(&b);
  }
}

static void the_target_of_a_line_is_one_span(void **state) {
  Scratch *s = *state;
  Bench b = bench_open(s, "{\"input\": \"a gate is\", \"target\": \"a vector\"}", 512, 512);
  Example e = corrupted(&b, &TARGETS, 0);
  Merged m = merge(b.t, &e);
  int32_t *ids;
  int64_t count;
  Error err = {0};
  expect_ok("target", tokenizer_encode(b.t, "a vector", 8, &ids, &count, &err), &err);
  assert_int_equal(m.spans, 1);
  assert_int_equal(m.noise, count);
  assert_memory_equal(e.target + 1, ids, (size_t)count * sizeof *ids);
  assert_int_equal(sentinel_of(b.t, e.input[e.input_len - 2]), 0); /* at the end of the input */
  free(ids);
  example_free(&e);
  bench_close(&b);
}

static void short_lines_have_an_example(void **state) {
  Scratch *s = *state;
  static const char *const lines[] = {"{\"text\": \"\"}", "{\"text\": \"a\"}",
                                      "{\"text\": \"a a\"}", "{\"input\": \"\", \"target\": \"\"}",
                                      "{\"input\": \"\", \"target\": \"a\"}"};
  for (int i = 0; i < 5; i++) {
    Bench b = bench_open(s, lines[i], 8, 8);
    for (int64_t epoch = 0; epoch < 4; epoch++) {
      Example e = corrupted(&b, epoch % 2 ? &TARGETS : &SPANS, epoch);
      assert_int_equal(merge(b.t, &e).spans, 1);
      example_free(&e);
    }
    bench_close(&b);
  }
}

static bool same(const Example *a, const Example *b) {
  return a->input_len == b->input_len && a->target_len == b->target_len &&
         memcmp(a->input, b->input, (size_t)a->input_len * sizeof *a->input) == 0 &&
         memcmp(a->target, b->target, (size_t)a->target_len * sizeof *a->target) == 0;
}

static void the_key_decides(void **state) {
  Scratch *s = *state;
  Bench b = bench_of_tokens(s, 200, 512, 512);
  Corruption how = {.rate = 0.15, .mean_span = 3, .target_rate = 0.5, .seed = 1}, other = how;
  other.seed = 2;
  int differ_epoch = 0, differ_seed = 0, targets = 0;
  for (int64_t epoch = 0; epoch < 400; epoch++) {
    Example one = corrupted(&b, &how, epoch), again = corrupted(&b, &how, epoch);
    Example next = corrupted(&b, &how, epoch + 1), seeded = corrupted(&b, &other, epoch);
    assert_true(same(&one, &again));
    differ_epoch += !same(&one, &next);
    differ_seed += !same(&one, &seeded);
    targets += merge(b.t, &one).spans == 1;
    example_free(&one);
    example_free(&again);
    example_free(&next);
    example_free(&seeded);
  }
  assert_true(differ_epoch > 390 && differ_seed > 390);
  assert_true(abs(targets - 200) < 50); /* half of them: five deviations */
  bench_close(&b);
}

static void impossible_corruption_is_refused(void **state) {
  Scratch *s = *state;
  Bench b = bench_of_tokens(s, 20, 2, 512);
  Error err = {0};
  Example e;
  expect_error("length", examples_get_corrupted(b.set, 0, 0, &SPANS, &e, &err), &err, STATUS_USAGE,
               "data.jsonl|at least 3 tokens");
  bench_close(&b);
  scratch_write(s, "tokenizer_config.json", "{\"extra_ids\": 0}", 16);
  b = bench_of_tokens(s, 20, 512, 512);
  err = (Error){0};
  expect_error("sentinels", examples_get_corrupted(b.set, 0, 0, &SPANS, &e, &err), &err,
               STATUS_MISMATCH, "data.jsonl|sentinels");
  assert_null(e.input);
  bench_close(&b);
  /* Few sentinels: fewer, longer spans. */
  scratch_write(s, "tokenizer_config.json", "{\"extra_ids\": 2}", 16);
  b = bench_of_tokens(s, 100, 512, 512);
  e = corrupted(&b, &SPANS, 0);
  Merged m = merge(b.t, &e);
  assert_int_equal(m.spans, 2);
  assert_int_equal(m.noise, 15);
  example_free(&e);
  bench_close(&b);
  remove(scratch_path(s, "tokenizer_config.json"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_lost),
      cmocka_unit_test(spans_are_those_of_t5),
      cmocka_unit_test(rates_are_obeyed),
      cmocka_unit_test(long_lines_are_cut_to_fit),
      cmocka_unit_test(the_target_of_a_line_is_one_span),
      cmocka_unit_test(short_lines_have_an_example),
      cmocka_unit_test(the_key_decides),
      cmocka_unit_test(impossible_corruption_is_refused),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
