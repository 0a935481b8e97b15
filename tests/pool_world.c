#include "tests/pool_world.h"

#include "tests/tiny.h"

const TinyExpert POOL_EXPERT[POOL_WORLD] = {
    {"rhyme", "all-linear", 3, 1, DTYPE_F32, true, NULL},
    {"count", "q,wo", 5, 2, DTYPE_F32, false, NULL},
    {"name-2.b", "all-linear", 1, 3, DTYPE_BF16, false, NULL},
};

T5 *pool_world(Scratch *s) {
  T5 *model = tiny_model(true, false);
  tiny_pool(scratch_path(s, "pool"), model, POOL_EXPERT, POOL_WORLD);
  return model;
}

Pool *pool_world_open(Scratch *s, T5 *model) {
  Error err = {0};
  Pool *pool;
  const char *dir = scratch_path(s, "pool");
  expect_ok(dir, pool_open(&pool, dir, &model->modules, tiny_sample(model).hex, NULL, &err), &err);
  return pool;
}
