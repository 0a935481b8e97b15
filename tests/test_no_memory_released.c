/* Every allocation may fail while checkpoints of PHATGOOSE and GLIDER are read, imported into pools
 * and written again. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/tensors/torch_write.h"
#include "infer/expert/gate_looks.h"
#include "infer/expert/released.h"
#include "infer/t5/t5.h"
#include "tests/no_memory.h"
#include "tests/scratch.h"
#include "tests/testing.h"
#include "tools/pool/pool_tool.h"

typedef struct World {
  T5 *model;
  char *base, *checkpoint, *directory, *embeddings;
  char file[PATH_MAX], out[PATH_MAX], pool[PATH_MAX];
  void *scratch;
} World;

static Status read_checkpoint(void *arg, Error *err) {
  const World *w = arg;
  Released r;
  Lora *lora = NULL;
  Gate *gate = NULL;
  GateLooks looks;
  TRY(released_open(&r, w->checkpoint, &w->model->modules, err));
  Status status = released_check(&r, err);
  if (status == STATUS_OK) status = released_read(&r, 0, &lora, &gate, err);
  if (status == STATUS_OK) status = gate_looks(gate, lora, &looks, err);
  lora_close(lora);
  gate_close(gate);
  released_close(&r);
  return status;
}

static Status write_file(void *arg, Error *err) {
  static const float values[] = {1, 2, 3};
  const World *w = arg;
  const SafetensorsItem item[] = {{"a", DTYPE_F32, values, 1, 3, true},
                                  {"b", DTYPE_BF16, values, 3, 1, false}};
  TorchWriter *t;
  TRY(torch_writer_open(&t, w->file, err));
  Status status = torch_writer_add(t, &item[0], err);
  if (status == STATUS_OK) status = torch_writer_add(t, &item[1], err);
  if (status == STATUS_OK) return torch_writer_commit(t, err);
  torch_writer_abort(t);
  return status;
}

static void checkpoints_are_read_and_written(void **state) {
  fail_each_allocation("read", read_checkpoint, *state, 50, 0);
  fail_each_allocation("written", write_file, *state, 10, 0);
}

/* A pool that was imported is removed again. */
static Status import_pool(void *arg, Error *err) {
  const World *w = arg;
  Error ignored = {0};
  PoolOptions o = {.base = w->base,
                   .directory = w->directory,
                   .embeddings = w->embeddings,
                   .raw_gates = true,
                   .json = true};
  Status status = pool_import("glider", w->out, &o, err);
  dir_remove(w->out, &ignored);
  return status;
}

static Status export_pool(void *arg, Error *err) {
  const World *w = arg;
  PoolOptions o = {.json = true};
  Status status = pool_export("phatgoose", w->pool, w->out, &o, err);
  unlink(w->out);
  return status;
}

static void pools_are_imported_and_exported(void **state) {
  World *w = *state;
  Error err = {0};
  PoolOptions o = {
      .base = w->base, .directory = w->directory, .embeddings = w->embeddings, .json = true};
  expect_ok("pool", pool_import("glider", w->pool, &o, &err), &err);
  fail_each_allocation("import", import_pool, w, 100, 0);
  fail_each_allocation("export", export_pool, w, 100, 0);
}

static int world_setup(void **state) {
  Error err = {0};
  World *w = calloc(1, sizeof *w);
  if (!w || scratch_setup(&w->scratch) != 0) return -1;
  strcpy(w->file, scratch_path(w->scratch, "file.pt"));
  strcpy(w->out, scratch_path(w->scratch, "out"));
  strcpy(w->pool, scratch_path(w->scratch, "pool"));
  w->base = golden_path("v1_1/base");
  w->checkpoint = golden_path("released/gate_run/best.pt");
  w->directory = golden_path("released/column");
  w->embeddings = golden_path("released/embeddings.pt");
  *state = w;
  return t5_open(&w->model, w->base, &err) == STATUS_OK ? 0 : -1;
}

static int world_teardown(void **state) {
  World *w = *state;
  int failed = scratch_teardown(&w->scratch);
  t5_close(w->model);
  free(w->base);
  free(w->checkpoint);
  free(w->directory);
  free(w->embeddings);
  free(w);
  return failed;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(checkpoints_are_read_and_written),
      cmocka_unit_test(pools_are_imported_and_exported),
  };
  return cmocka_run_group_tests_name("no memory: released checkpoints", tests, world_setup,
                                     world_teardown);
}
