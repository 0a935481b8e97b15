#include "optim/adamw.h"

#include <assert.h>
#include <math.h>

#include "autograd/ground/parallel.h"

AdamW adamw_defaults(void) {
  return (AdamW){.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0};
}

/* What is the same for every element of one update. */
typedef struct Coefficients {
  float decay, beta1, rest1, beta2, rest2, step_size, root2, eps, grad_scale;
} Coefficients;

static void update_range(const Coefficients *s, const Param *param, int64_t from, int64_t to) {
  float *p = param->tensor->data, *m = param->m, *v = param->v;
  const float *grad = param->tensor->grad;
  for (int64_t i = from; i < to; i++) {
    float g = grad[i] * s->grad_scale;
    m[i] = s->beta1 * m[i] + s->rest1 * g;
    v[i] = s->beta2 * v[i] + s->rest2 * g * g;
    p[i] = p[i] * s->decay - s->step_size * (m[i] / (sqrtf(v[i]) / s->root2 + s->eps));
  }
}

typedef struct Update {
  Coefficients coefficients;
  const Param *params;
  int64_t n;
} Update;

enum { BLOCK = 1 << 15 }; /* elements a task; all parameters count as if laid end to end */

static void update_block(void *arg, int64_t task, int worker) {
  (void)worker;
  const Update *u = arg;
  int64_t from = task * BLOCK, to = from + BLOCK;
  for (int64_t i = 0, start = 0; i < u->n && start < to; i++) {
    int64_t count = tensor_count(u->params[i].tensor);
    int64_t first = from > start ? from - start : 0;
    int64_t last = to - start < count ? to - start : count;
    update_range(&u->coefficients, &u->params[i], first, last);
    start += count;
  }
}

void adamw_update(const AdamW *rule, Param *params, int64_t n, int64_t update, double lr,
                  float grad_scale, int threads) {
  assert(update >= 1);
  double t = (double)update;
  Update u = {.params = params, .n = n};
  u.coefficients = (Coefficients){.decay = (float)(1 - lr * rule->weight_decay),
                                  .beta1 = (float)rule->beta1,
                                  .rest1 = (float)(1 - rule->beta1),
                                  .beta2 = (float)rule->beta2,
                                  .rest2 = (float)(1 - rule->beta2),
                                  .step_size = (float)(lr / (1 - pow(rule->beta1, t))),
                                  .root2 = (float)sqrt(1 - pow(rule->beta2, t)),
                                  .eps = (float)rule->eps,
                                  .grad_scale = grad_scale};
  int64_t total = 0;
  for (int64_t i = 0; i < n; i++) total += tensor_count(params[i].tensor);
  parallel_for(threads, (total + BLOCK - 1) / BLOCK, update_block, &u);
}

static void update_all(const void *rule, Param *params, int64_t n, const OptimizerStep *step) {
  adamw_update(rule, params, n, step->update, step->learning_rate, step->grad_scale, step->threads);
}

Optimizer adamw_optimizer(const AdamW *rule) {
  return (Optimizer){rule, update_all};
}
