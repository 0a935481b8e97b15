/* dtype against a slow definition in double: the value of a pattern is spelt out from its fields,
 * and rounding is a search for the nearest value, ties to the pattern with an even last bit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/dtype.h"

enum { PATTERNS = 65536, SIGN = 0x8000 };

typedef struct Layout {
  Dtype dtype;
  int exponent_bits, fraction_bits;
} Layout;

static const Layout LAYOUTS[] = {{DTYPE_F16, 5, 10}, {DTYPE_BF16, 8, 7}};
enum { LAYOUT_COUNT = sizeof LAYOUTS / sizeof LAYOUTS[0] };

static unsigned infinity_of(const Layout *l) {
  return ((1u << l->exponent_bits) - 1) << l->fraction_bits;
}

/* The value of a non-negative pattern; one past the largest finite pattern is the number that would
 * follow if the exponent range did not end, which is where rounding to infinity begins. */
static double value_of(const Layout *l, unsigned pattern) {
  int bias = (1 << (l->exponent_bits - 1)) - 1;
  int exponent = (int)(pattern >> l->fraction_bits);
  double fraction = (double)(pattern & ((1u << l->fraction_bits) - 1));
  if (exponent == 0) return ldexp(fraction, 1 - bias - l->fraction_bits);
  return ldexp(fraction + ldexp(1, l->fraction_bits), exponent - bias - l->fraction_bits);
}

/* The pattern nearest to a finite x. */
static unsigned nearest(const Layout *l, double x) {
  double size = fabs(x);
  unsigned low = 0, high = infinity_of(l);
  unsigned sign = signbit(x) ? SIGN : 0;
  if (size >= value_of(l, high)) return sign | high;
  while (high - low > 1) {
    unsigned middle = (low + high) / 2;
    if (value_of(l, middle) <= size) low = middle;
    if (value_of(l, middle) > size) high = middle;
  }
  double below = size - value_of(l, low), above = value_of(l, high) - size;
  if (below < above || (below == above && low % 2 == 0)) return sign | low;
  return sign | high;
}

static void assert_narrows(const Layout *l, float x, unsigned want) {
  uint16_t got;
  dtype_narrow(&got, &x, l->dtype, 1);
  if (got != want) fail_msg("%s of %a: got %04x, want %04x", dtype_name(l->dtype), x, got, want);
}

static void every_pattern_widens_to_its_value(void **state) {
  (void)state;
  for (int k = 0; k < LAYOUT_COUNT; k++) {
    const Layout *l = &LAYOUTS[k];
    for (unsigned pattern = 0; pattern < PATTERNS; pattern++) {
      uint16_t stored = (uint16_t)pattern;
      float wide;
      dtype_widen(&wide, &stored, l->dtype, 1);
      unsigned magnitude = pattern & ~(unsigned)SIGN;
      assert_int_equal(!!signbit(wide), !!(pattern & SIGN));
      if (magnitude > infinity_of(l)) {
        assert_true(isnan(wide));
      } else if (magnitude == infinity_of(l)) {
        assert_true(isinf(wide));
      } else {
        assert_true(fabs((double)wide) == value_of(l, magnitude));
      }
    }
  }
}

static void every_pattern_survives_the_round_trip(void **state) {
  (void)state;
  uint16_t *in = malloc(PATTERNS * sizeof *in), *out = malloc(PATTERNS * sizeof *out);
  float *wide = malloc(PATTERNS * sizeof *wide);
  for (unsigned i = 0; i < PATTERNS; i++) in[i] = (uint16_t)i;
  for (int k = 0; k < LAYOUT_COUNT; k++) {
    const Layout *l = &LAYOUTS[k];
    dtype_widen(wide, in, l->dtype, PATTERNS);
    dtype_narrow(out, wide, l->dtype, PATTERNS);
    for (unsigned i = 0; i < PATTERNS; i++) {
      bool nan = (i & ~(unsigned)SIGN) > infinity_of(l);
      if (nan) assert_true((out[i] & ~(unsigned)SIGN) > infinity_of(l));
      if (!nan) assert_int_equal(out[i], i);
    }
  }
  free(in);
  free(out);
  free(wide);
}

/* Between each two neighbours: the midpoint goes to the even one, and the floats beside the
 * midpoint to their own side. The last pair is the largest number and infinity. */
static void midpoints_round_to_even(void **state) {
  (void)state;
  for (int k = 0; k < LAYOUT_COUNT; k++) {
    const Layout *l = &LAYOUTS[k];
    for (unsigned low = 0; low < infinity_of(l); low++) {
      double middle = value_of(l, low) + (value_of(l, low + 1) - value_of(l, low)) / 2;
      float x = (float)middle;
      assert_true((double)x == middle);
      unsigned even = low % 2 == 0 ? low : low + 1;
      assert_narrows(l, x, even);
      assert_narrows(l, -x, even | SIGN);
      assert_narrows(l, nextafterf(x, 0), low);
      assert_narrows(l, nextafterf(x, INFINITY), low + 1);
    }
  }
}

static void floats_of_every_size_round_to_nearest(void **state) {
  (void)state;
  uint32_t bits = 1;
  for (int i = 0; i < 300000; i++) {
    bits = bits * 1664525u + 1013904223u;
    uint32_t mixed = bits ^ bits >> 15;
    float x;
    memcpy(&x, &mixed, sizeof x);
    for (int k = 0; k < LAYOUT_COUNT; k++) {
      if (isfinite(x)) assert_narrows(&LAYOUTS[k], x, nearest(&LAYOUTS[k], (double)x));
    }
  }
}

static void special_floats_keep_their_kind(void **state) {
  (void)state;
  /* Payloads in the low bits only: cutting or rounding them could make infinity or zero. */
  const uint32_t nans[] = {0x7fc00000, 0x7f800001, 0x7fffffff, 0xff800001, 0xffffffff};
  for (int k = 0; k < LAYOUT_COUNT; k++) {
    const Layout *l = &LAYOUTS[k];
    assert_narrows(l, INFINITY, infinity_of(l));
    assert_narrows(l, -INFINITY, infinity_of(l) | SIGN);
    assert_narrows(l, -0.0f, SIGN);
    assert_narrows(l, 3.4028235e38f, infinity_of(l));
    for (size_t i = 0; i < sizeof nans / sizeof nans[0]; i++) {
      float x;
      uint16_t got;
      memcpy(&x, &nans[i], sizeof x);
      dtype_narrow(&got, &x, l->dtype, 1);
      assert_true((got & ~(unsigned)SIGN) > infinity_of(l));
    }
  }
}

static void any_length_and_address_will_do(void **state) {
  (void)state;
  const Dtype dtypes[] = {DTYPE_F32, DTYPE_F16, DTYPE_BF16};
  unsigned char stored[4 * 70 + 3];
  float in[70], out[70];
  for (int i = 0; i < 70; i++) in[i] = (float)(i - 35) * 0.25f; /* exact in every type */
  for (size_t k = 0; k < 3; k++) {
    for (size_t shift = 0; shift < 3; shift++) {
      for (size_t n = 0; n < 70; n++) {
        size_t end = shift + n * dtype_size(dtypes[k]);
        memset(stored, 0xa5, sizeof stored);
        memset(out, 0, sizeof out);
        dtype_narrow(stored + shift, in, dtypes[k], n);
        assert_int_equal(stored[end], 0xa5);
        dtype_widen(out, stored + shift, dtypes[k], n);
        assert_memory_equal(out, in, n * sizeof *in);
        if (n < 69) assert_true(out[n] == 0);
      }
    }
  }
  dtype_widen(NULL, NULL, DTYPE_F32, 0);
  dtype_narrow(NULL, NULL, DTYPE_F32, 0);
}

static void names_and_sizes(void **state) {
  (void)state;
  assert_string_equal(dtype_name(DTYPE_F32), "f32");
  assert_string_equal(dtype_name(DTYPE_F16), "f16");
  assert_string_equal(dtype_name(DTYPE_BF16), "bf16");
  assert_int_equal(dtype_size(DTYPE_F32), 4);
  assert_int_equal(dtype_size(DTYPE_F16), 2);
  assert_int_equal(dtype_size(DTYPE_BF16), 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_pattern_widens_to_its_value),
      cmocka_unit_test(every_pattern_survives_the_round_trip),
      cmocka_unit_test(midpoints_round_to_even),
      cmocka_unit_test(floats_of_every_size_round_to_nearest),
      cmocka_unit_test(special_floats_keep_their_kind),
      cmocka_unit_test(any_length_and_address_will_do),
      cmocka_unit_test(names_and_sizes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
