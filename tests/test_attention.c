/* Attention against its definition written out in double, and what it promises: a sequence does not
 * depend on its neighbours, and the last queries are those of the whole. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/op/ops.h"
#include "autograd/product/blas.h"
#include "tests/operands.h"
#include "tests/testing.h"

enum { SEQUENCES = 3 };

typedef struct Inputs {
  Operands o;
  Tensor *q, *k, *v, *bias;
  int64_t q_offset[SEQUENCES + 1], k_offset[SEQUENCES + 1];
  AttentionSpec spec;
} Inputs;

typedef struct Shape {
  int64_t q[SEQUENCES], k[SEQUENCES]; /* lengths */
  int heads;
  int64_t dk;
  bool causal, bias;
} Shape;

static void inputs_init(Inputs *in, const Shape *s) {
  *in = (Inputs){.spec = {.heads = s->heads,
                          .q = {SEQUENCES, in->q_offset},
                          .k = {SEQUENCES, in->k_offset},
                          .causal = s->causal,
                          .buckets = 8,
                          .max_distance = 20,
                          .bidirectional = !s->causal}};
  for (int i = 0; i < SEQUENCES; i++) {
    in->q_offset[i + 1] = in->q_offset[i] + s->q[i];
    in->k_offset[i + 1] = in->k_offset[i] + s->k[i];
  }
  int64_t width = s->heads * s->dk;
  in->q = operands_new(&in->o, in->q_offset[SEQUENCES], width);
  in->k = operands_new(&in->o, in->k_offset[SEQUENCES], width);
  in->v = operands_new(&in->o, in->k_offset[SEQUENCES], width);
  if (s->bias) in->bias = operands_new(&in->o, in->spec.buckets, s->heads);
}

/* The output into y [Tq, width]. */
static void attend(Inputs *in, float *y) {
  Runner r;
  runner_open(&r, 2, false);
  Tensor *out = op_attention(&r.c, in->q, in->k, in->v, in->bias, &in->spec);
  if (out) memcpy(y, out->data, (size_t)tensor_count(out) * sizeof *y);
  runner_close(&r);
}

/* The bucket by integers: the logarithmic ones begin where
 *   (distance / exact)^wide >= (max_distance / exact)^step,   step = 0 .. wide - 1. */
static int exact_bucket(int64_t relative, bool bidirectional, int buckets, int max_distance) {
  int first = bidirectional && relative > 0 ? buckets / 2 : 0;
  int64_t distance = relative < 0 ? -relative : bidirectional ? relative : 0;
  if (bidirectional) buckets /= 2;
  int exact = buckets / 2, wide = buckets - exact, step = 0;
  if (distance < exact) return first + (int)distance;
  if (distance > max_distance) return first + buckets - 1;
  for (int s = 1; s < wide; s++) {
    unsigned __int128 left = 1, right = 1;
    for (int i = 0; i < wide; i++) left *= (unsigned __int128)distance;
    for (int i = 0; i < s; i++) left *= (unsigned __int128)exact;
    for (int i = 0; i < wide; i++) right *= (unsigned __int128)exact;
    for (int i = 0; i < s; i++) right *= (unsigned __int128)max_distance;
    if (left >= right) step = s;
  }
  return first + exact + step;
}

static void buckets_are_those_of_the_formula(void **state) {
  (void)state;
  static const int sizes[][2] = {{32, 128}, {8, 20}, {16, 64}, {4, 16}, {10, 50}, {24, 100}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    int buckets = sizes[i][0], max_distance = sizes[i][1];
    for (int64_t p = -700; p <= 700; p++) {
      for (int both = 0; both < 2; both++) {
        if (!both && buckets > 24) continue; /* beyond 128 bits */
        assert_int_equal(attention_bucket(p, both, buckets, max_distance),
                         exact_bucket(p, both, buckets, max_distance));
      }
    }
  }
  assert_int_equal(attention_bucket(INT64_C(1) << 40, true, 32, 128), 31);
  assert_int_equal(attention_bucket(-(INT64_C(1) << 40), false, 32, 128), 31);
}

/* Hugging Face transformers 5.23.0, T5Attention._relative_position_bucket, num_buckets 32,
 * max_distance 128. */
static void buckets_are_those_of_hugging_face(void **state) {
  (void)state;
  static const struct {
    int position, both, causal;
  } known[] = {
      {-1000, 15, 31}, {-128, 15, 31}, {-127, 15, 31}, {-91, 15, 29}, {-90, 14, 29}, {-64, 14, 26},
      {-63, 13, 26},   {-46, 13, 24},  {-45, 12, 23},  {-32, 12, 21}, {-31, 11, 21}, {-23, 11, 18},
      {-22, 10, 18},   {-16, 10, 16},  {-15, 9, 15},   {-12, 9, 12},  {-11, 8, 11},  {-9, 8, 9},
      {-8, 8, 8},      {-7, 7, 7},     {-1, 1, 1},     {0, 0, 0},     {1, 17, 0},    {7, 23, 0},
      {8, 24, 0},      {11, 24, 0},    {12, 25, 0},    {15, 25, 0},   {16, 26, 0},   {22, 26, 0},
      {23, 27, 0},     {31, 27, 0},    {32, 28, 0},    {45, 28, 0},   {46, 29, 0},   {63, 29, 0},
      {64, 30, 0},     {90, 30, 0},    {91, 31, 0},    {127, 31, 0},  {128, 31, 0},  {1000, 31, 0},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    assert_int_equal(attention_bucket(known[i].position, true, 32, 128), known[i].both);
    assert_int_equal(attention_bucket(known[i].position, false, 32, 128), known[i].causal);
  }
}

/* Query i (a row of q) attends to the keys of sequence s with the given head; adds to y. */
static void reference_row(const Inputs *in, int64_t s, int64_t i, int head, float *y) {
  const AttentionSpec *spec = &in->spec;
  int64_t width = in->q->cols, dk = width / spec->heads, column = head * dk;
  int64_t k0 = in->k_offset[s], keys = in->k_offset[s + 1] - k0;
  int64_t position = i - in->q_offset[s] + keys - (in->q_offset[s + 1] - in->q_offset[s]);
  int64_t seen = spec->causal ? position + 1 : keys;
  double *p = calloc((size_t)keys + 1, sizeof *p), max = -INFINITY, sum = 0;
  assert_non_null(p);
  for (int64_t j = 0; j < seen; j++) {
    for (int64_t d = 0; d < dk; d++) {
      p[j] += (double)in->q->data[i * width + column + d] *
              (double)in->k->data[(k0 + j) * width + column + d];
    }
    int bucket = in->bias ? exact_bucket(j - position, spec->bidirectional, spec->buckets,
                                         spec->max_distance)
                          : 0;
    if (in->bias) p[j] += (double)in->bias->data[bucket * spec->heads + head];
    max = fmax(max, p[j]);
  }
  for (int64_t j = 0; j < seen; j++) sum += exp(p[j] - max);
  for (int64_t d = 0; d < dk; d++) {
    double out = 0;
    for (int64_t j = 0; j < seen; j++) {
      out += exp(p[j] - max) / sum * (double)in->v->data[(k0 + j) * width + column + d];
    }
    y[i * width + column + d] = (float)out;
  }
  free(p);
}

static void compare_with_reference(Inputs *in, Comparison *comparison, const char *name) {
  size_t count = (size_t)tensor_count(in->q);
  float *got = calloc(count, sizeof *got), *want = calloc(count, sizeof *want);
  assert_true(got && want);
  attend(in, got);
  for (int64_t s = 0; s < SEQUENCES; s++) {
    for (int64_t i = in->q_offset[s]; i < in->q_offset[s + 1]; i++) {
      for (int head = 0; head < in->spec.heads; head++) reference_row(in, s, i, head, want);
    }
  }
  compare(comparison, name, got, want, (int64_t)count);
  free(got);
  free(want);
}

static void outputs_are_those_of_the_definition(void **state) {
  (void)state;
  static const struct {
    const char *name;
    Shape shape;
  } cases[] = {
      {"encoder", {{7, 0, 30}, {7, 0, 30}, 3, 5, false, true}},
      {"encoder, long", {{130, 64, 65}, {130, 64, 65}, 2, 16, false, true}},
      {"decoder", {{9, 1, 70}, {9, 1, 70}, 2, 8, true, true}},
      {"decoder, cached", {{1, 2, 66}, {40, 2, 90}, 2, 8, true, true}},
      {"single queries of many heads", {{1, 1, 65}, {1300, 3, 65}, 35, 16, false, true}},
      {"cross", {{3, 5, 0}, {20, 0, 4}, 2, 8, false, false}},
      {"many keys", {{3, 66, 0}, {1300, 700, 0}, 2, 8, false, false}},
      {"many keys, causal", {{600, 0, 0}, {1100, 0, 0}, 1, 8, true, true}},
      {"queries without keys", {{5, 0, 0}, {3, 0, 0}, 1, 2, true, true}},
  };
  Comparison comparison = compare_begin(5e-6, "attention and its definition in double");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Inputs in;
    inputs_init(&in, &cases[i].shape);
    compare_with_reference(&in, &comparison, cases[i].name);
    operands_free(&in.o);
  }
  compare_end(&comparison);
}

/* Scores that grow or fall along the keys by more than float's exp can hold. An ulp of a score of
 * 300 is 3e-5, and so is the relative error of its exp. */
static void any_range_of_scores_is_right(void **state) {
  (void)state;
  static const Shape shape = {{3, 1, 0}, {1100, 1100, 0}, 1, 4, false, false};
  Comparison comparison = compare_begin(1e-4, "attention with scores from -300 to 300");
  for (int falling = 0; falling < 2; falling++) {
    Inputs in;
    inputs_init(&in, &shape);
    for (int64_t i = 0; i < tensor_count(in.q); i++) in.q->data[i] = fabsf(in.q->data[i]);
    for (int64_t j = 0; j < in.k->rows; j++) {
      int64_t rank = falling ? 1099 - j % 1100 : j % 1100;
      for (int64_t d = 0; d < 4; d++) in.k->data[j * 4 + d] = (float)(rank - 550) * 0.25f;
    }
    compare_with_reference(&in, &comparison, falling ? "falling" : "growing");
    operands_free(&in.o);
  }
  compare_end(&comparison);
}

static void a_sequence_does_not_depend_on_its_neighbours(void **state) {
  (void)state;
  static const Shape shape = {{70, 9, 200}, {70, 9, 200}, 2, 8, true, true};
  Inputs in;
  inputs_init(&in, &shape);
  float *batch = calloc((size_t)tensor_count(in.q), sizeof *batch);
  float *alone = calloc((size_t)tensor_count(in.q), sizeof *alone);
  assert_true(batch && alone);
  attend(&in, batch);
  for (int s = 0; s < SEQUENCES; s++) {
    int64_t row = in.q_offset[s], rows = shape.q[s], at = row * in.q->cols;
    int64_t offset[] = {0, rows};
    Tensor q = tensor_view(in.q->data + at, DTYPE_F32, rows, in.q->cols);
    Tensor k = tensor_view(in.k->data + at, DTYPE_F32, rows, in.q->cols);
    Tensor v = tensor_view(in.v->data + at, DTYPE_F32, rows, in.q->cols);
    Inputs one = {.q = &q, .k = &k, .v = &v, .bias = in.bias, .spec = in.spec};
    one.spec.q = one.spec.k = (Ragged){1, offset};
    attend(&one, alone + at);
  }
  assert_memory_equal(batch, alone, (size_t)tensor_count(in.q) * sizeof *batch);
  free(batch);
  free(alone);
  operands_free(&in.o);
}

static void a_frozen_bias_may_be_stored_in_16_bits(void **state) {
  (void)state;
  static const Shape shape = {{7, 0, 12}, {7, 0, 12}, 3, 5, false, false};
  static const Dtype dtypes[] = {DTYPE_BF16, DTYPE_F16};
  for (int i = 0; i < 2; i++) {
    Inputs in;
    inputs_init(&in, &shape);
    float stored[19 * 15], widened[19 * 15];
    in.bias = operands_frozen(&in.o, dtypes[i], in.spec.buckets, in.spec.heads);
    attend(&in, stored);
    in.bias = operands_widened(&in.o, in.bias);
    attend(&in, widened);
    assert_memory_equal(stored, widened, sizeof stored);
    operands_free(&in.o);
  }
}

int main(void) {
  blas_init();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(buckets_are_those_of_the_formula),
      cmocka_unit_test(buckets_are_those_of_hugging_face),
      cmocka_unit_test(outputs_are_those_of_the_definition),
      cmocka_unit_test(any_range_of_scores_is_right),
      cmocka_unit_test(a_sequence_does_not_depend_on_its_neighbours),
      cmocka_unit_test(a_frozen_bias_may_be_stored_in_16_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
