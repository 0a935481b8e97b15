#include "infer/eval/eval_sample.h"

#include <stdlib.h>

#include "autograd/ground/order.h"
#include "autograd/ground/rng.h"

/* An item and its lot. */
typedef struct Lot {
  uint64_t drawn;
  int64_t item;
} Lot;

static int order_lot(const void *a, const void *b) {
  const Lot *x = a, *y = b;
  int order = order_uint64(&x->drawn, &y->drawn);
  return order ? order : order_int64(&x->item, &y->item);
}

Status eval_sample(const EvalSpec *spec, const EvalTask *task, int64_t count, int64_t **item,
                   Error *err) {
  const int64_t asked = eval_task_limit(spec, task, count);
  const uint64_t seed = (uint64_t)spec->settings.sample_seed;
  *item = NULL;
  if (asked == count || spec->settings.sample_rule == SAMPLE_FIRST) return STATUS_OK;
  Lot *lot = malloc((size_t)count * sizeof *lot);
  int64_t *taken = malloc((size_t)asked * sizeof *taken);
  if (!lot || !taken) {
    free(lot);
    free(taken);
    return error_set(err, STATUS_RUN, "%s: out of memory: a sample", task->name);
  }
  for (int64_t i = 0; i < count; i++) lot[i] = (Lot){rng_key(seed, (uint64_t)i, 0, 0), i};
  qsort(lot, (size_t)count, sizeof *lot, order_lot);
  for (int64_t i = 0; i < asked; i++) taken[i] = lot[i].item;
  qsort(taken, (size_t)asked, sizeof *taken, order_int64);
  free(lot);
  *item = taken;
  return STATUS_OK;
}
