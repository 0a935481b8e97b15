/* Decoding with a cache against decoding everything at once, to the bit: in any split, after
 * reordering, and with several sequences reading one example. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "infer/t5/t5_cache.h"
#include "tests/scratch.h"
#include "tests/testing.h"
#include "tests/tiny.h"

enum { SEQUENCES = 5, LONGEST = 13, SPLITS = 12 };

/* Five sequences that read the three examples of a batch. */
static const int64_t SOURCE[SEQUENCES] = {2, 0, 0, 1, 2};
static const int64_t LENGTH[SEQUENCES] = {4, LONGEST, 1, 7, 9};

/* A model, an expert on it (or none), a batch and the sequences. */
typedef struct Decoder {
  T5 *model;
  Lora *lora;
  AdapterSet adapters;
  T5Run run;
  TinyBatch batch;
  int32_t ids[SEQUENCES][LONGEST];
  Bench bench;
  Tensor *encoded;
} Decoder;

static void decoder_open(Decoder *d, bool v1_1, bool expert) {
  Error err = {0};
  *d = (Decoder){.model = tiny_model(v1_1, false)};
  d->run = (T5Run){d->model, NULL, false};
  if (expert) {
    d->lora = tiny_lora(d->model, "all-linear", 3, 5);
    expect_ok("slots", lora_adapters(d->lora, &d->adapters, &err), &err);
    d->run.adapters = &d->adapters;
  }
  d->batch = tiny_batch(&d->model->config, 1);
  Rng rng = {.key = rng_key(3, 0, 0, 0)};
  for (int i = 0; i < SEQUENCES * LONGEST; i++) {
    d->ids[i / LONGEST][i % LONGEST] =
        (int32_t)rng_below(&rng, (uint64_t)d->model->config.vocab_size);
  }
  bench_open(&d->bench, false, 1);
  d->encoded = t5_encode(&d->bench.c, &d->run, d->batch.input, tiny_input(&d->batch));
  assert_non_null(d->encoded);
}

static void decoder_close(Decoder *d) {
  bench_close(&d->bench);
  free(d->adapters.slot);
  lora_close(d->lora);
  t5_close(d->model);
}

/* States of sequence s, alone, without a cache. */
static const float *states_alone(Decoder *d, int s) {
  int64_t *at = context_alloc(&d->bench.c, 2 * sizeof *at);
  at[0] = 0;
  at[1] = LENGTH[s];
  Tensor *y = t5_decode(&d->bench.c, &d->run, d->encoded, tiny_input(&d->batch), d->ids[s],
                        (Rows){{1, at}, &SOURCE[s]});
  assert_non_null(y);
  return y->data;
}

static T5Cache *make_cache(Decoder *d, int64_t capacity) {
  T5Cache *cache;
  expect_ok("cache",
            t5_cache_new(&cache, &d->bench.c, &d->run, d->encoded, tiny_input(&d->batch), SOURCE,
                         SEQUENCES, capacity),
            d->bench.c.error);
  return cache;
}

/* Adds more[s] tokens of the sequence read[s] to each sequence s of the cache; their states go to
 * got[s], where those before are. */
static void add_tokens(Decoder *d, T5Cache *cache, const int64_t *more, const int *read,
                       float got[SEQUENCES][LONGEST * 64]) {
  int64_t at[SEQUENCES + 1] = {0};
  int32_t ids[SEQUENCES * LONGEST];
  for (int s = 0; s < SEQUENCES; s++) {
    memcpy(ids + at[s], d->ids[read[s]] + cache->length[s], (size_t)more[s] * sizeof *ids);
    at[s + 1] = at[s] + more[s];
  }
  Tensor *y = t5_decode_next(&d->bench.c, &d->run, cache, ids, (Ragged){SEQUENCES, at});
  assert_non_null(y);
  assert_int_equal(y->rows, at[SEQUENCES]);
  for (int s = 0; s < SEQUENCES; s++) {
    memcpy(got[s] + (cache->length[s] - more[s]) * y->cols, y->data + at[s] * y->cols,
           (size_t)(more[s] * y->cols) * sizeof(float));
  }
}

static const int THEMSELVES[SEQUENCES] = {0, 1, 2, 3, 4};

static void compare_sequences(Decoder *d, const char *what, const int *read,
                              float got[SEQUENCES][LONGEST * 64]) {
  size_t width = (size_t)d->model->config.d_model * sizeof(float);
  for (int s = 0; s < SEQUENCES; s++) {
    if (memcmp(got[s], states_alone(d, read[s]), (size_t)LENGTH[read[s]] * width) != 0)
      fail_msg("%s: sequence %d differs", what, s);
  }
}

/* How many of the tokens that are left each sequence gets now. Split 0 gives all at once, 1 one at
 * a time, the others what a seed says, nothing too. */
static bool next_split(int split, int step, const T5Cache *cache, int64_t *more) {
  Rng rng = {.key = rng_key((uint64_t)split, (uint64_t)step, 0, 7)};
  bool left = false;
  for (int s = 0; s < SEQUENCES; s++) {
    int64_t rest = LENGTH[s] - cache->length[s];
    left = left || rest > 0;
    more[s] = split == 0   ? rest
              : split == 1 ? rest > 0
                           : (int64_t)rng_below(&rng, (uint64_t)(rest < 4 ? rest : 4) + 1);
  }
  return left;
}

static void any_split_is_all_at_once(void **state) {
  (void)state;
  static float got[SEQUENCES][LONGEST * 64];
  for (int family = 0; family < 4; family++) {
    Decoder d;
    decoder_open(&d, family % 2, family / 2);
    for (int split = 0; split < SPLITS; split++) {
      memset(got, 0, sizeof got);
      T5Cache *cache = make_cache(&d, split % 2 ? LONGEST : LONGEST + 3);
      int64_t more[SEQUENCES];
      for (int step = 0; next_split(split, step, cache, more); step++) {
        add_tokens(&d, cache, more, THEMSELVES, got);
      }
      compare_sequences(&d, "split", THEMSELVES, got);
      t5_cache_free(cache);
    }
    decoder_close(&d);
  }
}

/* All sequences at once, several of them reading one example, against each alone. */
static void shared_examples_are_copies(void **state) {
  (void)state;
  static float got[SEQUENCES][LONGEST * 64];
  for (int family = 0; family < 4; family++) {
    Decoder d;
    decoder_open(&d, family % 2, family / 2);
    int64_t at[SEQUENCES + 1] = {0}, width = d.model->config.d_model;
    int32_t ids[SEQUENCES * LONGEST];
    for (int s = 0; s < SEQUENCES; s++) {
      memcpy(ids + at[s], d.ids[s], (size_t)LENGTH[s] * sizeof *ids);
      at[s + 1] = at[s] + LENGTH[s];
    }
    Tensor *y = t5_decode(&d.bench.c, &d.run, d.encoded, tiny_input(&d.batch), ids,
                          (Rows){{SEQUENCES, at}, SOURCE});
    assert_non_null(y);
    for (int s = 0; s < SEQUENCES; s++) {
      memcpy(got[s], y->data + at[s] * width, (size_t)(LENGTH[s] * width) * sizeof(float));
    }
    compare_sequences(&d, "shared", THEMSELVES, got);
    decoder_close(&d);
  }
}

/* Two of each pair that reads the same example change places half-way, or one takes the place of
 * both: what follows is as if they had always been the ones they are now. */
static void reordered_sequences_go_on(void **state) {
  (void)state;
  static const int64_t orders[][SEQUENCES] = {
      {4, 2, 1, 3, 0}, {0, 1, 1, 3, 0}, {4, 2, 2, 3, 4}, {0, 1, 2, 3, 4}};
  static float got[SEQUENCES][LONGEST * 64];
  for (size_t o = 0; o < sizeof orders / sizeof *orders; o++) {
    Decoder d;
    decoder_open(&d, o % 2, true);
    T5Cache *cache = make_cache(&d, LONGEST);
    int64_t begin[SEQUENCES] = {3, 5, 1, 2, 0}, rest[SEQUENCES];
    int read[SEQUENCES];
    memset(got, 0, sizeof got);
    add_tokens(&d, cache, begin, THEMSELVES, got);
    expect_ok("reorder", t5_cache_reorder(cache, orders[o], &d.bench.error), &d.bench.error);
    static float before[SEQUENCES][LONGEST * 64];
    memcpy(before, got, sizeof got);
    for (int s = 0; s < SEQUENCES; s++) {
      read[s] = (int)orders[o][s];
      memcpy(got[s], before[read[s]], sizeof got[s]);
      assert_int_equal(cache->length[s], begin[read[s]]);
      rest[s] = LENGTH[read[s]] - cache->length[s];
    }
    add_tokens(&d, cache, rest, read, got);
    compare_sequences(&d, "reordered", read, got);
    t5_cache_free(cache);
    decoder_close(&d);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_split_is_all_at_once),
      cmocka_unit_test(shared_examples_are_copies),
      cmocka_unit_test(reordered_sequences_go_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
