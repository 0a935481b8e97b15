/* Every allocation may fail, as in test_no_memory: a tokenizer is opened from each of its files, used
 * and saved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "data/tokenizer/tokenizer.h"
#include "tests/no_memory.h"
#include "tests/scratch.h"
#include "tests/testing.h"

typedef struct World {
  char *path;      /* of the tokenizer */
  const char *out; /* a directory */
} World;

static Status use(const Tokenizer *t, const World *w, Error *err) {
  static const char text[] = "the  foo <extra_id_0> caf\xc3\xa9 e\xcc\x81 \xc2\xbd word left";
  int32_t *ids;
  int64_t count;
  char *back, hex[HASH_HEX];
  TRY(tokenizer_encode(t, text, sizeof text - 1, &ids, &count, err));
  Status status = tokenizer_decode(t, ids, count, &back, err);
  free(ids);
  if (status != STATUS_OK) return status;
  free(back);
  TRY(tokenizer_fingerprint(t, hex, err));
  return tokenizer_save(t, w->out, err);
}

static Status open_and_use(void *arg, Error *err) {
  const World *w = arg;
  Tokenizer *t;
  TRY(tokenizer_open(&t, w->path, err));
  Status status = use(t, w, err);
  tokenizer_close(t);
  return status;
}

static void tokenizers_are_opened_used_and_saved(void **state) {
  Scratch *s = *state;
  static const char *const names[] = {"spiece", "lower", "decoder", "plain", "saved"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    World w = {golden_path("tokenizer_files/%s", names[i]), s->dir};
    fail_each_allocation(names[i], open_and_use, &w, 100, 0);
    free(w.path);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(tokenizers_are_opened_used_and_saved)};
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
