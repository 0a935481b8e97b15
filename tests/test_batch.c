/* Batches: which examples a step sees, how they are packed, and the reader thread. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "data/examples/batch.h"
#include "tests/corpus.h"
#include "tests/scratch.h"

static const ExampleKeys KEYS = {"input", "target", NULL};
enum { EXAMPLES = 37, START = 0 };

typedef struct Bench {
  Tokenizer *t;
  ExampleSet *set;
} Bench;

/* Example i has the words of a length of its own, and the digits of i as target. */
static Bench bench_open(Scratch *s, int64_t examples) {
  Bench b = {.t = corpus_tokenizer(s)};
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  for (int64_t i = 0; i < examples; i++) {
    fprintf(out, "{\"input\": \"");
    Rng rng = {.key = rng_key(3, (uint64_t)i, 0, 0)};
    for (uint64_t n = 1 + rng_below(&rng, 30); n > 0; n--) fputs("a gate ", out);
    fprintf(out, "%jd\", \"target\": \"%jd\"}\n", (intmax_t)i, (intmax_t)i);
  }
  fclose(out);
  Error err = {0};
  const char *path = scratch_write(s, "data.jsonl", text, size);
  expect_ok(path, examples_open(&b.set, path, &KEYS, b.t, 512, 512, &err), &err);
  free(text);
  return b;
}

static void bench_close(Bench *b) {
  examples_close(b->set);
  tokenizer_close(b->t);
}

static const BatchSpec SPEC = {
    .batch_size = 8, .max_tokens = 100, .seed = 1, .shuffle = true, .decoder_start = START};

static Batch make(const Bench *b, const BatchSpec *spec, int64_t step) {
  Batch batch;
  Error err = {0};
  expect_ok("batch", batch_make(b->set, spec, step, &batch, &err), &err);
  return batch;
}

/* The example that a sequence is: its target holds the digits. */
static int64_t example_of(const Bench *b, const MicroBatch *m, int64_t sequence) {
  int64_t from = m->target.offset[sequence], to = m->target.offset[sequence + 1];
  char *text;
  Error err = {0};
  expect_ok("target", tokenizer_decode(b->t, m->target_ids + from, to - from, &text, &err), &err);
  int64_t i = atoll(text);
  free(text);
  return i;
}

static int compare_int64(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* The examples of a batch in increasing order; returns how many. */
static int64_t list_examples(const Bench *b, const Batch *batch, int64_t *list) {
  int64_t n = 0;
  for (int64_t k = 0; k < batch->count; k++) {
    for (int64_t i = 0; i < batch->micro[k].input.count; i++) {
      list[n++] = example_of(b, &batch->micro[k], i);
    }
  }
  assert_int_equal(n, batch->examples);
  qsort(list, (size_t)n, sizeof *list, compare_int64);
  return n;
}

static void assert_same_ids(const int32_t *got, const int32_t *want, int64_t n) {
  assert_memory_equal(got, want, (size_t)n * sizeof *got);
}

static void sequences_are_the_examples(void **state) {
  Bench b = bench_open(*state, EXAMPLES);
  for (int64_t step = 0; step < 10; step++) {
    Batch batch = make(&b, &SPEC, step);
    int64_t inputs = 0, targets = 0;
    for (int64_t k = 0; k < batch.count; k++) {
      const MicroBatch *m = &batch.micro[k];
      assert_int_equal(m->input.count, m->target.count);
      assert_int_equal(m->input.offset[0], 0);
      assert_int_equal(m->target.offset[0], 0);
      for (int64_t i = 0; i < m->input.count; i++) {
        Example e;
        Error err = {0};
        expect_ok("get", examples_get(b.set, example_of(&b, m, i), &e, &err), &err);
        assert_int_equal(m->input.offset[i + 1] - m->input.offset[i], e.input_len);
        assert_int_equal(m->target.offset[i + 1] - m->target.offset[i], e.target_len);
        const int32_t *decoder = m->decoder_ids + m->target.offset[i];
        assert_same_ids(m->input_ids + m->input.offset[i], e.input, e.input_len);
        assert_same_ids(m->target_ids + m->target.offset[i], e.target, e.target_len);
        assert_int_equal(decoder[0], START);
        assert_same_ids(decoder + 1, e.target, e.target_len - 1);
        example_free(&e);
      }
      inputs += m->input.offset[m->input.count];
      targets += m->target.offset[m->target.count];
    }
    assert_int_equal(inputs, batch.input_tokens);
    assert_int_equal(targets, batch.target_tokens);
    batch_free(&batch);
  }
  bench_close(&b);
}

/* Counts in seen[epoch][example]; the batch size divides the epoch. */
static void walk(const Bench *b, const BatchSpec *spec, int epochs, int seen[][EXAMPLES]) {
  int64_t list[64];
  for (int64_t step = 0; step * spec->batch_size < epochs * EXAMPLES; step++) {
    Batch batch = make(b, spec, step);
    int64_t n = list_examples(b, &batch, list);
    assert_int_equal(n, spec->batch_size);
    batch_free(&batch);
    int64_t epoch = step * spec->batch_size / EXAMPLES;
    for (int64_t i = 0; i < n; i++) seen[epoch][list[i]]++;
  }
}

static void an_epoch_sees_every_example_once(void **state) {
  Bench b = bench_open(*state, EXAMPLES);
  BatchSpec spec = SPEC;
  enum { EPOCHS = 3 };
  for (int shuffle = 0; shuffle < 2; shuffle++) {
    int seen[EPOCHS][EXAMPLES] = {{0}};
    spec.shuffle = shuffle;
    spec.batch_size = EXAMPLES;
    walk(&b, &spec, EPOCHS, seen);
    spec.batch_size = 1;
    walk(&b, &spec, EPOCHS, seen);
    for (int e = 0; e < EPOCHS; e++) {
      for (int i = 0; i < EXAMPLES; i++) assert_int_equal(seen[e][i], 2);
    }
  }
  bench_close(&b);
}

/* The order of the stream, whatever the batch size. */
static void read_stream(const Bench *b, BatchSpec spec, int64_t n, int64_t *order) {
  spec.batch_size = 1;
  for (int64_t p = 0; p < n; p++) {
    Batch batch = make(b, &spec, p);
    assert_int_equal(list_examples(b, &batch, &order[p]), 1);
    batch_free(&batch);
  }
}

static void a_step_is_a_window_of_the_stream(void **state) {
  Bench b = bench_open(*state, EXAMPLES);
  enum { POSITIONS = 3 * EXAMPLES };
  int64_t order[POSITIONS], window[16], list[16];
  BatchSpec spec = SPEC;
  for (int shuffle = 0; shuffle < 2; shuffle++) {
    spec.shuffle = shuffle;
    read_stream(&b, spec, POSITIONS, order);
    for (int64_t p = 0; p < POSITIONS && !shuffle; p++) assert_int_equal(order[p], p % EXAMPLES);
    for (spec.batch_size = 1; spec.batch_size <= 16; spec.batch_size += 5) {
      for (int64_t step = 0; (step + 1) * spec.batch_size <= POSITIONS; step++) {
        size_t bytes = (size_t)spec.batch_size * sizeof *window;
        memcpy(window, order + step * spec.batch_size, bytes);
        qsort(window, (size_t)spec.batch_size, sizeof *window, compare_int64);
        Batch batch = make(&b, &spec, step);
        list_examples(&b, &batch, list);
        assert_memory_equal(list, window, bytes);
        batch_free(&batch);
      }
    }
  }
  bench_close(&b);
}

static void epochs_and_seeds_have_their_own_order(void **state) {
  Bench b = bench_open(*state, EXAMPLES);
  int64_t one[2 * EXAMPLES], again[2 * EXAMPLES], other[2 * EXAMPLES];
  BatchSpec spec = SPEC;
  read_stream(&b, spec, 2 * EXAMPLES, one);
  read_stream(&b, spec, 2 * EXAMPLES, again);
  spec.seed = 2;
  read_stream(&b, spec, 2 * EXAMPLES, other);
  assert_memory_equal(one, again, sizeof one);
  assert_memory_not_equal(one, one + EXAMPLES, sizeof one / 2);
  assert_memory_not_equal(one, other, sizeof one);
  bench_close(&b);
}

static int64_t micro_tokens(const MicroBatch *m) {
  return m->input.offset[m->input.count] + m->target.offset[m->target.count];
}

static void the_cut_changes_nothing_else(void **state) {
  Bench b = bench_open(*state, EXAMPLES);
  BatchSpec spec = SPEC;
  spec.batch_size = 16;
  static const int64_t limits[] = {1, 40, 64, 100, 333, 1000000};
  int64_t want[16], list[16];
  Batch whole = make(&b, &spec, 3);
  list_examples(&b, &whole, want);
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    spec.max_tokens = limits[i];
    Batch batch = make(&b, &spec, 3);
    list_examples(&b, &batch, list);
    assert_memory_equal(list, want, sizeof want);
    assert_int_equal(batch.examples, whole.examples);
    assert_int_equal(batch.input_tokens, whole.input_tokens);
    assert_int_equal(batch.target_tokens, whole.target_tokens);
    for (int64_t k = 0; k < batch.count; k++) {
      const MicroBatch *m = &batch.micro[k];
      assert_true(m->input.count > 0);
      assert_true(m->input.count == 1 || micro_tokens(m) <= limits[i]);
    }
    if (limits[i] == 1) assert_int_equal(batch.count, 16);
    if (limits[i] == 1000000) assert_int_equal(batch.count, 1);
    batch_free(&batch);
  }
  batch_free(&whole);
  bench_close(&b);
}

/* First-fit decreasing in the plainest way: sizes in decreasing order, each into the first bin with
 * room. Returns the number of bins and their loads. */
static int64_t plain_packing(int64_t *size, int64_t n, int64_t max, int64_t *load) {
  int64_t bins = 0;
  qsort(size, (size_t)n, sizeof *size, compare_int64);
  for (int64_t i = n - 1; i >= 0; i--) {
    int64_t bin = 0;
    while (bin < bins && load[bin] + size[i] > max) bin++;
    if (bin == bins) load[bins++] = 0;
    load[bin] += size[i];
  }
  return bins;
}

static void packing_is_first_fit_decreasing(void **state) {
  enum { MANY = 500 };
  Bench b = bench_open(*state, MANY);
  BatchSpec spec = SPEC;
  int64_t size[MANY], load[MANY];
  for (spec.batch_size = 1; spec.batch_size <= MANY; spec.batch_size += 83) {
    for (spec.max_tokens = 30; spec.max_tokens < 2000; spec.max_tokens *= 3) {
      Batch batch = make(&b, &spec, 1);
      int64_t n = 0;
      for (int64_t k = 0; k < batch.count; k++) {
        const MicroBatch *m = &batch.micro[k];
        for (int64_t i = 0; i < m->input.count; i++) {
          size[n++] = m->input.offset[i + 1] - m->input.offset[i] + m->target.offset[i + 1] -
                      m->target.offset[i];
        }
      }
      assert_int_equal(plain_packing(size, n, spec.max_tokens, load), batch.count);
      for (int64_t k = 0; k < batch.count; k++) {
        assert_int_equal(micro_tokens(&batch.micro[k]), load[k]);
      }
      batch_free(&batch);
    }
  }
  bench_close(&b);
}

static void ranges_are_in_file_order(void **state) {
  Bench b = bench_open(*state, EXAMPLES);
  static const int64_t ranges[][3] = {{0, 5, 5},  {30, 100, 7}, {36, 1, 1},
                                      {37, 4, 0}, {40, 4, 0},   {3, 0, 0}};
  for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++) {
    Batch batch;
    Error err = {0};
    int64_t list[EXAMPLES];
    expect_ok("range", batch_make_range(b.set, &SPEC, ranges[r][0], ranges[r][1], &batch, &err),
              &err);
    assert_int_equal(list_examples(&b, &batch, list), ranges[r][2]);
    for (int64_t i = 0; i < ranges[r][2]; i++) assert_int_equal(list[i], ranges[r][0] + i);
    batch_free(&batch);
  }
  bench_close(&b);
}

static void assert_same_batch(const Batch *a, const Batch *b) {
  assert_int_equal(a->count, b->count);
  assert_int_equal(a->examples, b->examples);
  for (int64_t k = 0; k < a->count; k++) {
    const MicroBatch *x = &a->micro[k], *y = &b->micro[k];
    assert_int_equal(x->input.count, y->input.count);
    size_t offsets = (size_t)(x->input.count + 1) * sizeof(int64_t);
    assert_memory_equal(x->input.offset, y->input.offset, offsets);
    assert_memory_equal(x->target.offset, y->target.offset, offsets);
    int64_t inputs = x->input.offset[x->input.count], targets = x->target.offset[x->target.count];
    assert_same_ids(x->input_ids, y->input_ids, inputs);
    assert_same_ids(x->target_ids, y->target_ids, targets);
    assert_same_ids(x->decoder_ids, y->decoder_ids, targets);
  }
}

/* With and without corruption, the reader gives what batch_make gives. */
static void reading_may_begin_anywhere(void **state) {
  Bench b = bench_open(*state, EXAMPLES);
  static const Corruption corruption = {
      .rate = 0.15, .mean_span = 3, .target_rate = 0.5, .seed = 9};
  BatchSpec spec = SPEC;
  enum { STEPS = 20 };
  for (int corrupt = 0; corrupt < 2; corrupt++) {
    spec.corruption = corrupt ? &corruption : NULL;
    for (int64_t first = 0; first < STEPS; first += 7) {
      BatchReader *reader;
      Error err = {0};
      expect_ok("start", batch_reader_start(&reader, b.set, &spec, first, STEPS, &err), &err);
      for (int64_t step = first; step < STEPS; step++) {
        Batch got, want = make(&b, &spec, step);
        expect_ok("next", batch_reader_next(reader, &got, &err), &err);
        assert_same_batch(&got, &want);
        batch_free(&got);
        batch_free(&want);
      }
      batch_reader_stop(reader);
    }
  }
  bench_close(&b);
}

static void a_reader_stops_at_any_time(void **state) {
  Bench b = bench_open(*state, EXAMPLES);
  for (int64_t taken = 0; taken < 30; taken++) {
    BatchReader *reader;
    Error err = {0};
    expect_ok("start", batch_reader_start(&reader, b.set, &SPEC, 0, 1 << 30, &err), &err);
    for (int64_t step = 0; step < taken; step++) {
      Batch got;
      expect_ok("next", batch_reader_next(reader, &got, &err), &err);
      batch_free(&got);
    }
    if (taken % 3 == 1) usleep(2000);
    batch_reader_stop(reader);
  }
  batch_reader_stop(NULL);
  bench_close(&b);
}

/* The last line is damaged while the file is in use: the steps before it are had, the step that
 * needs it fails, and so does every later call. */
static void an_error_comes_in_its_turn(void **state) {
  Scratch *s = *state;
  Bench b = bench_open(s, EXAMPLES);
  BatchSpec spec = SPEC;
  spec.shuffle = false;
  int fd = open(scratch_path(s, "data.jsonl"), O_WRONLY);
  assert_true(fd >= 0);
  assert_int_equal(pwrite(fd, "x", 1, lseek(fd, 0, SEEK_END) - 2), 1); /* the brace of line 37 */
  close(fd);
  BatchReader *reader;
  Batch got;
  Error err = {0};
  expect_ok("start", batch_reader_start(&reader, b.set, &spec, 0, 100, &err), &err);
  for (int64_t step = 0; step < EXAMPLES / 8; step++) {
    expect_ok("next", batch_reader_next(reader, &got, &err), &err);
    batch_free(&got);
  }
  for (int again = 0; again < 3; again++) {
    err = (Error){0};
    expect_error("next", batch_reader_next(reader, &got, &err), &err, STATUS_INPUT,
                 "data.jsonl: line 37");
  }
  batch_reader_stop(reader);
  bench_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sequences_are_the_examples),
      cmocka_unit_test(an_epoch_sees_every_example_once),
      cmocka_unit_test(a_step_is_a_window_of_the_stream),
      cmocka_unit_test(epochs_and_seeds_have_their_own_order),
      cmocka_unit_test(the_cut_changes_nothing_else),
      cmocka_unit_test(packing_is_first_fit_decreasing),
      cmocka_unit_test(ranges_are_in_file_order),
      cmocka_unit_test(reading_may_begin_anywhere),
      cmocka_unit_test(a_reader_stops_at_any_time),
      cmocka_unit_test(an_error_comes_in_its_turn),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
