/* Batches: which examples a step sees, and how they are packed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "tests/batch_world.h"
#include "tests/scratch.h"

/* The example that a sequence is: its target holds the digits. */
static int64_t example_of(const BatchWorld *b, const MicroBatch *m, int64_t sequence) {
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
static int64_t list_examples(const BatchWorld *b, const Batch *batch, int64_t *list) {
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

static void sequences_are_the_examples(void **state) {
  BatchWorld b = batch_world_open(*state, BATCH_WORLD);
  for (int64_t step = 0; step < 10; step++) {
    Batch batch = batch_world_make(&b, &BATCH_SPEC, step);
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
        assert_int_equal(decoder[0], BATCH_START);
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
  batch_world_close(&b);
}

/* Counts in seen[epoch][example]; the batch size divides the epoch. */
static void walk(const BatchWorld *b, const BatchSpec *spec, int epochs, int seen[][BATCH_WORLD]) {
  int64_t list[64];
  for (int64_t step = 0; step * spec->batch_size < epochs * BATCH_WORLD; step++) {
    Batch batch = batch_world_make(b, spec, step);
    int64_t n = list_examples(b, &batch, list);
    assert_int_equal(n, spec->batch_size);
    batch_free(&batch);
    int64_t epoch = step * spec->batch_size / BATCH_WORLD;
    for (int64_t i = 0; i < n; i++) seen[epoch][list[i]]++;
  }
}

static void an_epoch_sees_every_example_once(void **state) {
  BatchWorld b = batch_world_open(*state, BATCH_WORLD);
  BatchSpec spec = BATCH_SPEC;
  enum { EPOCHS = 3 };
  for (int shuffle = 0; shuffle < 2; shuffle++) {
    int seen[EPOCHS][BATCH_WORLD] = {{0}};
    spec.shuffle = shuffle;
    spec.batch_size = BATCH_WORLD;
    walk(&b, &spec, EPOCHS, seen);
    spec.batch_size = 1;
    walk(&b, &spec, EPOCHS, seen);
    for (int e = 0; e < EPOCHS; e++) {
      for (int i = 0; i < BATCH_WORLD; i++) assert_int_equal(seen[e][i], 2);
    }
  }
  batch_world_close(&b);
}

/* The order of the stream, whatever the batch size. */
static void read_stream(const BatchWorld *b, BatchSpec spec, int64_t n, int64_t *order) {
  spec.batch_size = 1;
  for (int64_t p = 0; p < n; p++) {
    Batch batch = batch_world_make(b, &spec, p);
    assert_int_equal(list_examples(b, &batch, &order[p]), 1);
    batch_free(&batch);
  }
}

static void a_step_is_a_window_of_the_stream(void **state) {
  BatchWorld b = batch_world_open(*state, BATCH_WORLD);
  enum { POSITIONS = 3 * BATCH_WORLD };
  int64_t order[POSITIONS], window[16], list[16];
  BatchSpec spec = BATCH_SPEC;
  for (int shuffle = 0; shuffle < 2; shuffle++) {
    spec.shuffle = shuffle;
    read_stream(&b, spec, POSITIONS, order);
    for (int64_t p = 0; p < POSITIONS && !shuffle; p++) assert_int_equal(order[p], p % BATCH_WORLD);
    for (spec.batch_size = 1; spec.batch_size <= 16; spec.batch_size += 5) {
      for (int64_t step = 0; (step + 1) * spec.batch_size <= POSITIONS; step++) {
        size_t bytes = (size_t)spec.batch_size * sizeof *window;
        memcpy(window, order + step * spec.batch_size, bytes);
        qsort(window, (size_t)spec.batch_size, sizeof *window, compare_int64);
        Batch batch = batch_world_make(&b, &spec, step);
        list_examples(&b, &batch, list);
        assert_memory_equal(list, window, bytes);
        batch_free(&batch);
      }
    }
  }
  batch_world_close(&b);
}

static void epochs_and_seeds_have_their_own_order(void **state) {
  BatchWorld b = batch_world_open(*state, BATCH_WORLD);
  int64_t one[2 * BATCH_WORLD], again[2 * BATCH_WORLD], other[2 * BATCH_WORLD];
  BatchSpec spec = BATCH_SPEC;
  read_stream(&b, spec, 2 * BATCH_WORLD, one);
  read_stream(&b, spec, 2 * BATCH_WORLD, again);
  spec.seed = 2;
  read_stream(&b, spec, 2 * BATCH_WORLD, other);
  assert_memory_equal(one, again, sizeof one);
  assert_memory_not_equal(one, one + BATCH_WORLD, sizeof one / 2);
  assert_memory_not_equal(one, other, sizeof one);
  batch_world_close(&b);
}

static int64_t micro_tokens(const MicroBatch *m) {
  return m->input.offset[m->input.count] + m->target.offset[m->target.count];
}

static void the_cut_changes_nothing_else(void **state) {
  BatchWorld b = batch_world_open(*state, BATCH_WORLD);
  BatchSpec spec = BATCH_SPEC;
  spec.batch_size = 16;
  static const int64_t limits[] = {1, 40, 64, 100, 333, 1000000};
  int64_t want[16], list[16];
  Batch whole = batch_world_make(&b, &spec, 3);
  list_examples(&b, &whole, want);
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    spec.max_tokens = limits[i];
    Batch batch = batch_world_make(&b, &spec, 3);
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
  batch_world_close(&b);
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
  BatchWorld b = batch_world_open(*state, MANY);
  BatchSpec spec = BATCH_SPEC;
  int64_t size[MANY], load[MANY];
  for (spec.batch_size = 1; spec.batch_size <= MANY; spec.batch_size += 83) {
    for (spec.max_tokens = 30; spec.max_tokens < 2000; spec.max_tokens *= 3) {
      Batch batch = batch_world_make(&b, &spec, 1);
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
  batch_world_close(&b);
}

static void ranges_are_in_file_order(void **state) {
  BatchWorld b = batch_world_open(*state, BATCH_WORLD);
  static const int64_t ranges[][3] = {{0, 5, 5},  {30, 100, 7}, {36, 1, 1},
                                      {37, 4, 0}, {40, 4, 0},   {3, 0, 0}};
  for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++) {
    Batch batch;
    Error err = {0};
    int64_t list[BATCH_WORLD];
    expect_ok("range",
              batch_make_range(b.set, &BATCH_SPEC, ranges[r][0], ranges[r][1], &batch, &err), &err);
    assert_int_equal(list_examples(&b, &batch, list), ranges[r][2]);
    for (int64_t i = 0; i < ranges[r][2]; i++) assert_int_equal(list[i], ranges[r][0] + i);
    batch_free(&batch);
  }
  batch_world_close(&b);
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
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
