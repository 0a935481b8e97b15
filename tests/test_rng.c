/* Random numbers: the published SplitMix64 outputs, moments and uniformity, and permutations. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"

/* The outputs of Vigna's splitmix64.c for state 1234567; recomputed with Python's integers from
 * the algorithm as published (Steele, Lea, Flood 2014, figure 17). */
static void draws_are_splitmix64(void **state) {
  (void)state;
  static const uint64_t expected[] = {6457827717110365317u, 3203168211198807973u,
                                      9817491932198370423u, 4593380528125082431u,
                                      16408922859458223821u};
  Rng rng = {.key = 1234567};
  for (size_t i = 0; i < 5; i++) assert_true(rng_next(&rng) == expected[i]);
  rng = (Rng){.key = 1234567, .counter = 3};
  assert_true(rng_next(&rng) == expected[3]); /* any draw without those before it */
  rng = (Rng){0};
  assert_true(rng_next(&rng) == 0xe220a8397b1dcdafu);
}

static void keys_depend_on_every_word(void **state) {
  (void)state;
  uint64_t key[] = {rng_key(1, 2, 3, 4), rng_key(2, 2, 3, 4), rng_key(1, 3, 3, 4),
                    rng_key(1, 2, 4, 4), rng_key(1, 2, 3, 5), rng_key(2, 1, 3, 4),
                    rng_key(1, 3, 2, 4), rng_key(1, 2, 4, 3), rng_key(0, 0, 0, 0)};
  for (size_t i = 0; i < sizeof key / sizeof *key; i++) {
    for (size_t j = 0; j < i; j++) assert_true(key[i] != key[j]);
  }
  assert_true(key[0] == rng_key(1, 2, 3, 4));
}

enum { DRAWS = 1 << 20 };

/* A mean of DRAWS numbers strays from its expectation by less than five standard errors. */
static void assert_mean(double sum, double mean, double deviation) {
  assert_true(fabs(sum / DRAWS - mean) < 5 * deviation / sqrt(DRAWS));
}

static void uniform_has_its_moments(void **state) {
  (void)state;
  Rng rng = {.key = rng_key(42, 0, 0, 0)};
  double sum = 0, squares = 0, neighbours = 0, last = 0.5;
  for (int i = 0; i < DRAWS; i++) {
    double u = rng_uniform(&rng);
    assert_true(u >= 0 && u < 1);
    sum += u;
    squares += u * u;
    neighbours += (u - 0.5) * (last - 0.5);
    last = u;
  }
  assert_mean(sum, 0.5, sqrt(1.0 / 12));
  assert_mean(squares, 1.0 / 3, sqrt(1.0 / 5 - 1.0 / 9));
  assert_mean(neighbours, 0, 1.0 / 12);
}

static void normal_has_its_moments(void **state) {
  (void)state;
  Rng rng = {.key = rng_key(42, 0, 0, 1)};
  double moment[5] = {0};
  int tail = 0;
  for (int i = 0; i < DRAWS; i++) {
    double z = (double)rng_normal(&rng);
    assert_true(isfinite(z));
    for (int p = 1; p <= 4; p++) moment[p] += pow(z, p);
    tail += fabs(z) > 3;
  }
  assert_true(rng.counter == 2 * (uint64_t)DRAWS);
  assert_mean(moment[1], 0, 1);
  assert_mean(moment[2], 1, sqrt(2));
  assert_mean(moment[3], 0, sqrt(15));
  assert_mean(moment[4], 3, sqrt(96));
  assert_mean(tail, 0.0026997960633, sqrt(0.0026997960633)); /* P(|z| > 3) */
}

static void below_is_even(void **state) {
  (void)state;
  Rng rng = {.key = rng_key(42, 0, 0, 2)};
  int hits[7] = {0};
  for (int i = 0; i < DRAWS; i++) {
    uint64_t x = rng_below(&rng, 7);
    assert_true(x < 7);
    hits[x]++;
  }
  for (int i = 0; i < 7; i++) assert_mean(hits[i], 1.0 / 7, sqrt(6.0 / 49));
  /* A modulo of 64 bits by 3 * 2^62 would give the lowest third twice as often as it should. */
  uint64_t third = (uint64_t)1 << 62;
  int low = 0;
  for (int i = 0; i < DRAWS; i++) low += rng_below(&rng, 3 * third) < third;
  assert_mean(low, 1.0 / 3, sqrt(2.0 / 9));
  assert_true(rng_below(&rng, 1) == 0);
}

static void assert_bijection(uint64_t key, uint64_t n) {
  bool *seen = calloc(n, sizeof *seen);
  assert_non_null(seen);
  for (uint64_t i = 0; i < n; i++) {
    uint64_t image = rng_permute(key, i, n);
    assert_true(image < n);
    assert_false(seen[image]);
    seen[image] = true;
  }
  free(seen);
}

static void permute_is_a_bijection(void **state) {
  (void)state;
  for (uint64_t n = 1; n <= 70; n++) {
    for (uint64_t key = 0; key < 20; key++) assert_bijection(key, n);
  }
  static const uint64_t sizes[] = {255,  256,  257,   1000,  1024,  1025,
                                   4096, 4097, 65535, 65537, 100003};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) assert_bijection(7, sizes[i]);
  for (uint64_t i = 0; i < 100; i++) assert_true(rng_permute(3, i, UINT64_MAX) < UINT64_MAX);
}

/* All 24 orders of four things come up equally often over keys. */
static void permute_reaches_every_order(void **state) {
  (void)state;
  enum { KEYS = 24000 };
  int hits[256] = {0}, orders = 0;
  for (uint64_t key = 0; key < KEYS; key++) {
    int code = 0;
    for (uint64_t i = 0; i < 4; i++)
      code = code * 4 + (int)rng_permute(rng_key(9, key, 0, 0), i, 4);
    hits[code]++;
  }
  double chi = 0;
  for (int i = 0; i < 256; i++) {
    if (!hits[i]) continue;
    orders++;
    chi += pow(hits[i] - 1000, 2) / 1000;
  }
  assert_int_equal(orders, 24);
  assert_true(chi < 60); /* 23 degrees of freedom: 99.997 % */
}

/* Where things land does not depend on where they were. */
static void permute_mixes(void **state) {
  (void)state;
  enum { N = 1000 };
  double product = 0;
  int fixed = 0;
  for (uint64_t i = 0; i < N; i++) {
    uint64_t image = rng_permute(11, i, N);
    product += ((double)i - (N - 1) / 2.0) * ((double)image - (N - 1) / 2.0);
    fixed += image == i;
  }
  double variance = (N * (double)N - 1) / 12;
  assert_true(fabs(product / N / variance) < 5 / sqrt(N)); /* correlation */
  assert_true(fixed < 10);                                 /* 1 expected */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(draws_are_splitmix64),
      cmocka_unit_test(keys_depend_on_every_word),
      cmocka_unit_test(uniform_has_its_moments),
      cmocka_unit_test(normal_has_its_moments),
      cmocka_unit_test(below_is_even),
      cmocka_unit_test(permute_is_a_bijection),
      cmocka_unit_test(permute_reaches_every_order),
      cmocka_unit_test(permute_mixes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
