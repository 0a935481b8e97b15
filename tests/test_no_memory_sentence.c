/* Every allocation may fail, as in test_no_memory: encoders of sentences are opened, and embed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "autograd/product/blas.h"
#include "tests/no_memory.h"
#include "tests/sentence_world.h"
#include "tests/testing.h"

static Status use_encoder(void *arg, Error *err) {
  static const char *const text[] = {"the caf\xc3\xa9", "a map of the harbour"};
  float out[2 * 64];
  int64_t failed;
  Sentence *s;
  TRY(sentence_open(&s, arg, err));
  Status status = sentence_embed(s, text, 2, out, &failed, err);
  sentence_close(s);
  return status;
}

static void encoders_are_opened_and_embed(void **state) {
  static const char *const CASES[] = {"dense", "prompt", "nomic resized", "lower case"};
  json_t *golden = golden_json("sentence/expected.json");
  const Scratch *scratch = *state;
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    const json_t *one = sentence_world_case(golden, CASES[i]);
    SentenceSettings settings = sentence_world_settings(one, scratch->dir);
    settings.threads = 1;
    sentence_world_write(*state, one, NULL);
    fail_each_allocation(CASES[i], use_encoder, &settings, 50, 0);
  }
  json_decref(golden);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(encoders_are_opened_and_embed)};
  blas_init();
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
