/* What of the program itself a finished cell of an evaluation depends on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "infer/eval/eval_identity.h"
#include "tests/scratch.h"

typedef enum Again { SAME, AGAIN } Again;

/* Kernels that do not fuse give other bits; those that fuse give the same, except in bf16. */
static void test_the_program(void **state) {
  (void)state;
  static const Kernels plain = {.name = "plain"}, avx = {.name = "avx", .fused = true};
  static const Kernels wide = {.name = "wide", .fused = true};
  static const struct {
    const char *what, *version;
    const Kernels *kernels;
    Precision precision;
    Again again;
  } CASES[] = {{"nothing", "0.1.0+abc", &avx, PRECISION_F32, SAME},
               {"a commit", "0.1.0+def", &avx, PRECISION_F32, SAME},
               {"a release", "0.1.1+abc", &avx, PRECISION_F32, AGAIN},
               {"kernels that fuse too", "0.1.0", &wide, PRECISION_F32, SAME},
               {"kernels that do not fuse", "0.1.0", &plain, PRECISION_F32, AGAIN},
               {"precision", "0.1.0", &avx, PRECISION_BF16, AGAIN}};
  char first[HASH_HEX], bf16[HASH_HEX], hex[HASH_HEX];
  Error err = {0};
  expect_ok("f32", eval_program_identity("0.1.0", &avx, PRECISION_F32, first, &err), &err);
  expect_ok("bf16", eval_program_identity("0.1.0", &wide, PRECISION_BF16, bf16, &err), &err);
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    expect_ok(
        CASES[i].what,
        eval_program_identity(CASES[i].version, CASES[i].kernels, CASES[i].precision, hex, &err),
        &err);
    if ((strcmp(hex, first) != 0) != (CASES[i].again == AGAIN)) fail_msg("%s", CASES[i].what);
  }
  assert_string_not_equal(hex, bf16); /* other kernels in bf16 */
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_program)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
