/* What `train --dry-run` says of memory, against what a step of each objective takes. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"
#include "tests/workspace.h"
#include "train/estimate.h"

/* ---- what is held ---- */

/* Bytes of the blocks behind the parameters: values, gradients, two moments. */
static double state_held(const Objective *o) {
  size_t bytes = 0;
  for (int64_t i = 0; i < o->params; i++) {
    const Param *p = &o->param[i];
    bytes += malloc_usable_size(p->tensor->data) + malloc_usable_size(p->tensor->grad);
    bytes += malloc_usable_size(p->m) + malloc_usable_size(p->v);
  }
  return (double)bytes;
}

/* The arena of a step is one stretch of memory with a pattern in it; what the step has written over
 * ends at the most that it ever held. */
enum { STRETCH = 64 << 20, PATTERN = 0xa5 };

static unsigned char *pattern_arena(Arena *arena) {
  ArenaMark empty = arena_mark(arena);
  unsigned char *stretch = arena_alloc(arena, STRETCH);
  assert_non_null(stretch);
  memset(stretch, PATTERN, STRETCH);
  arena_release(arena, empty);
  return stretch;
}

static double most_held(Arena *arena, const unsigned char *stretch) {
  assert_ptr_equal(arena_alloc(arena, STRETCH), stretch);
  size_t bytes = STRETCH;
  while (bytes > 0 && stretch[bytes - 1] == PATTERN) bytes--;
  assert_true(bytes < STRETCH);
  return (double)bytes;
}

static double step_holds(const Objective *o, const ExampleSet *train, Error *err) {
  const TrainSettings *t = &o->settings->train;
  Stepper s;
  Batch batch;
  Corruption corruption;
  StepResult result;
  BatchSpec spec = objective_batch_spec(o, &corruption);
  Learner learner = objective_learner(o);
  expect_ok("batch", batch_make(train, &spec, 0, &batch, err), err);
  expect_ok("stepper", stepper_init(&s, 1, t->recompute, PRECISION_F32, err), err);
  unsigned char *stretch = pattern_arena(s.arena);
  expect_ok("step", step_train(&s, &learner, &batch, 1, 1e-3f, &result, err), err);
  double held = most_held(s.arena, stretch);
  stepper_free(&s);
  batch_free(&batch);
  return held;
}

/* Bytes behind the header of a safetensors file, which is what is mapped of a base. */
static double data_bytes(const char *path) {
  FILE *f = fopen(path, "r");
  uint64_t header;
  assert_non_null(f);
  assert_int_equal(fread(&header, sizeof header, 1, f), 1);
  assert_int_equal(fseek(f, 0, SEEK_END), 0);
  double bytes = (double)ftell(f) - (double)sizeof header - (double)header;
  assert_int_equal(fclose(f), 0);
  return bytes;
}

/* ---- against the estimate ---- */

/* What malloc may add to a block: rounding up to 16, and 8 of the next block's header. */
enum { BLOCKS = 4, BLOCK_SLACK = 24 };

/* Of the larger. The estimate counts the tensors of T5 for tokens of mean length. It leaves out the
 * hidden rows of adapters (rank / d_model of a linear's input, an eighth here and some 2 % at the
 * published shapes) and the rows of logits in flight, and takes half of the largest block for the
 * gradients in flight, which is too much where heads * d_kv is far above d_model. */
#define ACTIVATION_TOLERANCE 0.15

static void assert_near(const char *what, double estimated, double held, double tolerance) {
  double larger = estimated > held ? estimated : held;
  if (estimated - held <= tolerance * larger && held - estimated <= tolerance * larger) return;
  fail_msg("%s: %.0f bytes estimated, %.0f held", what, estimated, held);
}

static void compare_terms(const Objective *o, const Estimate *e, double step) {
  bool learnt = o->on.base.model->tensor[0].tensor->needs_grad;
  double state = state_held(o);
  double mapped = data_bytes(workspace_path(&space, "base/model.safetensors"));
  assert_near("weights", e->weight_bytes, learnt ? 0 : mapped, 0);
  assert_true(state >= e->state_bytes);
  assert_true(state <= e->state_bytes + (double)(o->params * BLOCKS * BLOCK_SLACK));
  assert_near(o->kind->name, e->activation_bytes, step, ACTIVATION_TOLERANCE);
}

/* A step of one micro-batch with every example, on shapes in the proportions of the published. */
static void compare_objective(const ObjectiveKind *kind, const char *recompute, const char *shape,
                              const char *heads) {
  RunSettings settings;
  OptionSet set = {0};
  Objective o;
  ExampleSet *train, *valid;
  WorkSample work;
  Error err = {0};
  const char *const assignments[] = {
      "train.batch_size=50", "train.max_tokens=100000", recompute, shape, heads, NULL};
  expect_ok("settings", workspace_settings(&space, kind, "out", assignments, &set, &settings, &err),
            &err);
  expect_ok("open", objective_open(&o, &settings, space.dir, false, (NoteTaker){0}, &err), &err);
  expect_ok("data", objective_open_data(&o, &train, &valid, &err), &err);
  expect_ok("work", work_sample(&work, &o, train, &err), &err);
  Estimate e = estimate_run(&o, &work);
  compare_terms(&o, &e, step_holds(&o, train, &err));
  examples_close(train);
  examples_close(valid);
  objective_close(&o);
  options_free(&set);
}

static void a_step_holds_what_was_estimated(void **state) {
  (void)state;
  static const char *const RECOMPUTE[] = {"train.recompute=false", "train.recompute=true"};
  for (int i = 0; i < 2; i++) {
    compare_objective(&objective_gate, RECOMPUTE[i], NULL, NULL);
    compare_objective(&objective_lora, RECOMPUTE[i], "lora.rank=2", NULL);
    compare_objective(&objective_base, RECOMPUTE[i], "model.d_kv=6", "model.heads=2");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_step_holds_what_was_estimated),
  };
  return cmocka_run_group_tests(tests, make_space, remove_space);
}
