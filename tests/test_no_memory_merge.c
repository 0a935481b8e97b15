/* Every allocation may fail, as in test_no_memory: pools are merged, and saved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/product/blas.h"
#include "data/file/file.h"
#include "infer/merge/merge_save.h"
#include "tests/no_memory.h"
#include "tests/pool_world.h"
#include "tests/tiny.h"

typedef struct World {
  Pool *pool;
  char *out;
  const char *const *assignment;
} World;

static Status merge_and_save(const World *w, const MergeSettings *s, const OptionSet *set,
                             Error *err) {
  Merged merged;
  TRY(merge_pool(&merged, w->pool, s, err));
  Status status = merge_save(&merged, w->pool, w->out, err);
  if (status == STATUS_OK) {
    json_t *record = merge_record(&merged, w->pool, s, options_json(set, NULL, NULL));
    if (!record) status = error_set(err, STATUS_RUN, "out of memory: the record");
    json_decref(record);
  }
  merged_free(&merged);
  return status;
}

static Status use_merge(void *arg, Error *err) {
  const World *w = arg;
  MergeSettings s;
  OptionSet set;
  TRY(options_init(&set, MERGE_OPTION, MERGE_OPTIONS, &s, err));
  Status status = STATUS_OK;
  for (int i = 0; w->assignment[i] && status == STATUS_OK; i++)
    status = options_assign(&set, w->assignment[i], err);
  if (status == STATUS_OK) status = merge_and_save(w, &s, &set, err);
  options_free(&set);
  return status;
}

/* Every way that merges take: side by side, by spectra, dense whole and in part, and PEFT's. */
static void pools_are_merged(void **state) {
  static const char *const CASES[][4] = {
      {"merge.method=cat"},
      {"merge.method=linear", "merge.weights=0.5"},
      {"merge.method=ties", "merge.scope=expert", "merge.rank=2"},
      {"merge.method=dare-linear", "merge.density=0.5"},
      {"merge.method=tsv", "merge.rank=1"},
      {"merge.method=iso"},
  };
  Scratch *scratch = *state;
  T5 *model = pool_world(scratch);
  World w = {.pool = pool_world_open(scratch, model), .out = strdup(scratch_path(scratch, "out"))};
  assert_non_null(w.out);
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    w.assignment = CASES[i];
    fail_each_allocation(CASES[i][0], use_merge, &w, 50, 0);
  }
  free(w.out);
  pool_close(w.pool);
  t5_close(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(pools_are_merged)};
  blas_init();
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
