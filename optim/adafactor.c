#include "optim/adafactor.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "autograd/ground/parallel.h"

Adafactor adafactor_defaults(void) {
  return (Adafactor){
      .eps = 1e-30, .eps_scale = 1e-3, .clip = 1, .decay = -0.8, .scale_parameter = true};
}

/* What is the same for every parameter of one update. */
typedef struct Update {
  const Adafactor *rule;
  Param *params;
  double rate, beta; /* lr and b_t */
  float grad_scale;
} Update;

static double rms(const float *x, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
  return n > 0 ? sqrt(sum / (double)n) : 0;
}

/* moment = b_t moment + (1 - b_t) s */
static float decayed(const Update *u, float moment, double s) {
  return (float)(u->beta * (double)moment + (1 - u->beta) * s);
}

/* g becomes the update of a vector. */
static void update_vector(const Update *u, float *v, float *g, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    v[i] = decayed(u, v[i], (double)g[i] * (double)g[i] + u->rule->eps);
    g[i] = (float)((double)g[i] / sqrt((double)v[i]));
  }
}

static double mean_square(const Update *u, const float *g, int64_t n, int64_t step) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += (double)g[i * step] * (double)g[i * step] + u->rule->eps;
  return sum / (double)n;
}

/* g becomes the update of a matrix. */
static void update_matrix(const Update *u, Param *p, float *g) {
  int64_t rows = p->tensor->rows, cols = p->tensor->cols;
  float *r = p->m, *c = p->v;
  double mean = 0;
  for (int64_t i = 0; i < rows; i++) r[i] = decayed(u, r[i], mean_square(u, g + i * cols, cols, 1));
  for (int64_t k = 0; k < cols; k++) c[k] = decayed(u, c[k], mean_square(u, g + k, rows, cols));
  for (int64_t i = 0; i < rows; i++) mean += (double)r[i] / (double)rows;
  for (int64_t i = 0; i < rows; i++) {
    double row = sqrt(mean / (double)r[i]);
    for (int64_t k = 0; k < cols; k++)
      g[i * cols + k] = (float)((double)g[i * cols + k] * row / sqrt((double)c[k]));
  }
}

/* One parameter. Its gradient becomes its update: it is zeroed before the next. */
static void update_param(void *arg, int64_t task, int worker) {
  (void)worker;
  const Update *u = arg;
  Param *p = &u->params[task];
  float *x = p->tensor->data, *g = p->tensor->grad;
  int64_t n = tensor_count(p->tensor);
  double scale = u->rule->scale_parameter ? fmax(u->rule->eps_scale, rms(x, n)) : 1;
  for (int64_t i = 0; i < n; i++) g[i] *= u->grad_scale;
  if (p->tensor->rows > 1 && p->tensor->cols > 1) {
    update_matrix(u, p, g);
  } else {
    update_vector(u, p->v, g, n);
  }
  double rate = scale * u->rate, step = rate / fmax(1, rms(g, n) / u->rule->clip);
  for (int64_t i = 0; i < n; i++) {
    double kept = (double)x[i] * (1 - rate * u->rule->weight_decay);
    x[i] = (float)(kept - step * (double)g[i]);
  }
}

static void update_all(const void *rule, Param *params, int64_t n, const OptimizerStep *step) {
  assert(step->update >= 1);
  const Adafactor *a = rule;
  Update u = {a, params, step->learning_rate, 1 - pow((double)step->update, a->decay),
              step->grad_scale};
  parallel_for(step->threads, n, update_param, &u);
}

Optimizer adafactor_optimizer(const Adafactor *rule) {
  return (Optimizer){rule, update_all};
}
