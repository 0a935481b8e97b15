/* The count of floating-point operations against a walk over the model, and the groups of linears.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/tiny.h"

/* Products of every linear for the rows that it sees. */
static double count_linears(const T5 *m, int64_t in, int64_t out) {
  double flops = 0;
  for (int i = 0; i < m->modules.count; i++) {
    const char *name = m->modules.module[i].name, *last = strrchr(name, '.');
    bool of_input =
        strncmp(name, "encoder", 7) == 0 ||
        (strstr(name, "EncDec") && (strcmp(last, ".k") == 0 || strcmp(last, ".v") == 0));
    flops += 2 * (double)tensor_count(&m->linear[i].weight) * (double)(of_input ? in : out);
  }
  return flops;
}

/* Scores and sums of attention, pair by pair. */
static double count_attention(const T5Config *c, int64_t in, int64_t out) {
  double pair = 2 * 2 * (double)t5_inner(c), flops = 0;
  for (int64_t i = 0; i < in; i++) flops += c->encoder_layers * pair * (double)in;
  for (int64_t i = 0; i < out; i++) {
    for (int64_t j = 0; j <= i; j++) flops += c->decoder_layers * pair;
    flops += c->decoder_layers * pair * (double)in;
  }
  return flops;
}

static void flops_are_those_of_the_model(void **state) {
  (void)state;
  for (int family = 0; family < 2; family++) {
    T5 *m = tiny_model(family, false);
    int64_t in = 11, out = 7;
    double head = 2 * (double)tensor_count(m->head) * (double)out;
    double want = count_linears(m, in, out) + count_attention(&m->config, in, out) + head;
    double got = t5_forward_flops(&m->config, in, out, (double)in, (double)out);
    assert_true(fabs(got - want) < 1e-9 * want);
    t5_close(m);
  }
}

/* Every linear and, of what is decoded, the head; attention is left out. */
static void weights_multiply_what_they_are(void **state) {
  (void)state;
  for (int family = 0; family < 2; family++) {
    T5 *m = tiny_model(family, false);
    const double want = count_linears(m, 11, 7) / 2 + (double)(tensor_count(m->head) * 7);
    assert_true((double)t5_weight_multiply_adds(&m->config, 11, 7) == want);
    t5_close(m);
  }
}

static void every_linear_has_a_group(void **state) {
  (void)state;
  static const char *const groups[] = {"encoder.self", "encoder.ff", "decoder.self",
                                       "decoder.cross", "decoder.ff"};
  const int want[] = {2 * 4, 2 * 3, 3 * 4, 3 * 4, 3 * 3};
  int count[5] = {0};
  T5 *m = tiny_model(true, false);
  for (int i = 0; i < m->modules.count; i++) {
    for (int g = 0; g < 5; g++)
      count[g] += strcmp(m->modules.group[m->modules.module[i].group], groups[g]) == 0;
  }
  for (int g = 0; g < 5; g++) assert_int_equal(count[g], want[g]);
  t5_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(flops_are_those_of_the_model),
      cmocka_unit_test(weights_multiply_what_they_are),
      cmocka_unit_test(every_linear_has_a_group),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
