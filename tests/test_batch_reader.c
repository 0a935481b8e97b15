/* The thread that reads batches ahead. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/batch_world.h"
#include "tests/scratch.h"

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
  BatchWorld b = batch_world_open(*state, BATCH_WORLD);
  static const Corruption corruption = {
      .rate = 0.15, .mean_span = 3, .target_rate = 0.5, .seed = 9};
  BatchSpec spec = BATCH_SPEC;
  enum { STEPS = 20 };
  for (int corrupt = 0; corrupt < 2; corrupt++) {
    spec.corruption = corrupt ? &corruption : NULL;
    for (int64_t first = 0; first < STEPS; first += 7) {
      BatchReader *reader;
      Error err = {0};
      expect_ok("start", batch_reader_start(&reader, b.set, &spec, first, STEPS, &err), &err);
      for (int64_t step = first; step < STEPS; step++) {
        Batch got, want = batch_world_make(&b, &spec, step);
        expect_ok("next", batch_reader_next(reader, &got, &err), &err);
        assert_same_batch(&got, &want);
        batch_free(&got);
        batch_free(&want);
      }
      batch_reader_stop(reader);
    }
  }
  batch_world_close(&b);
}

static void a_reader_stops_at_any_time(void **state) {
  BatchWorld b = batch_world_open(*state, BATCH_WORLD);
  for (int64_t taken = 0; taken < 30; taken++) {
    BatchReader *reader;
    Error err = {0};
    expect_ok("start", batch_reader_start(&reader, b.set, &BATCH_SPEC, 0, 1 << 30, &err), &err);
    for (int64_t step = 0; step < taken; step++) {
      Batch got;
      expect_ok("next", batch_reader_next(reader, &got, &err), &err);
      batch_free(&got);
    }
    if (taken % 3 == 1) usleep(2000);
    batch_reader_stop(reader);
  }
  batch_reader_stop(NULL);
  batch_world_close(&b);
}

/* The last line is damaged while the file is in use: the steps before it are had, the step that
 * needs it fails, and so does every later call. */
static void an_error_comes_in_its_turn(void **state) {
  Scratch *s = *state;
  BatchWorld b = batch_world_open(s, BATCH_WORLD);
  BatchSpec spec = BATCH_SPEC;
  spec.shuffle = false;
  int fd = open(scratch_path(s, "data.jsonl"), O_WRONLY);
  assert_true(fd >= 0);
  assert_int_equal(pwrite(fd, "x", 1, lseek(fd, 0, SEEK_END) - 2), 1); /* the brace of line 37 */
  close(fd);
  BatchReader *reader;
  Batch got;
  Error err = {0};
  expect_ok("start", batch_reader_start(&reader, b.set, &spec, 0, 100, &err), &err);
  for (int64_t step = 0; step < BATCH_WORLD / 8; step++) {
    expect_ok("next", batch_reader_next(reader, &got, &err), &err);
    batch_free(&got);
  }
  for (int again = 0; again < 3; again++) {
    err = (Error){0};
    expect_error("next", batch_reader_next(reader, &got, &err), &err, STATUS_INPUT,
                 "data.jsonl: line 37");
  }
  batch_reader_stop(reader);
  batch_world_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reading_may_begin_anywhere),
      cmocka_unit_test(a_reader_stops_at_any_time),
      cmocka_unit_test(an_error_comes_in_its_turn),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
