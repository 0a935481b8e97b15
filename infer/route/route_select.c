#include "infer/route/route_select.h"

#include <assert.h>
#include <math.h>

#include "autograd/ground/parallel.h"
#include "autograd/kernel/kernels.h"

enum {
  ROWS_PER_TASK = 64,
  SURVIVORS_FIRST = 8, /* of top-p, looked for first; doubled until there are enough */
};

static const double NORMALISE_EPS = 1e-6; /* see Normalise */

/* In place. Of nothing but -infinity every weight is 0; NaN stays NaN. */
static void softmax_row(const Kernels *k, float *z, int64_t n) {
  float max = k->max(z, n);
  if (max == -INFINITY) {
    for (int64_t i = 0; i < n; i++) z[i] = z[i] == -INFINITY ? 0 : z[i];
    return;
  }
  k->scale(z, (float)(1 / k->exp_sum(z, z, max, n)), z, n);
}

/* Indices of the n largest of w [experts], the largest first, of equal ones the lowest index. */
static void find_largest(const float *w, int experts, int n, int32_t *found) {
  int count = 0;
  for (int i = 0; i < experts; i++) {
    if (count == n && !(w[i] > w[found[n - 1]])) continue;
    int at = count < n ? count++ : n - 1;
    for (; at > 0 && w[i] > w[found[at - 1]]; at--) found[at] = found[at - 1];
    found[at] = i;
  }
}

/* Top-p from the top: what is left below an expert, itself included, must be more than 1 - p. How
 * many of the n found survive; n + 1 when the next one would too. */
static int count_survivors(const float *w, const int32_t *found, int n, double total,
                           double top_p) {
  double left = total;
  for (int i = 0; i < n; i++) {
    if (i > 0 && left <= 1 - top_p) return i;
    left -= (double)w[found[i]];
  }
  return left > 1 - top_p ? n + 1 : n;
}

/* The experts that the rule keeps, the largest weight first, into `found` [experts]. */
static int find_kept(const float *w, int experts, const Selection *how, int32_t *found) {
  if (how->top_p >= 1) {
    int n = how->top_k < experts ? how->top_k : experts;
    find_largest(w, experts, n, found);
    return n;
  }
  double total = 0;
  for (int i = 0; i < experts; i++) total += (double)w[i];
  for (int n = SURVIVORS_FIRST;; n *= 2) {
    if (n > experts) n = experts;
    find_largest(w, experts, n, found);
    int kept = count_survivors(w, found, n, total, how->top_p);
    if (kept <= n) return kept;
    if (n == experts) return n;
  }
}

typedef struct Selecting {
  const Kernels *kernels;
  Tensor *logits; /* [T, experts] become weights */
  const Selection *how;
  Plan *plan;
  int32_t *found; /* [threads, experts] */
} Selecting;

static void select_row(const Selecting *s, int64_t row, int32_t *found) {
  int experts = (int)s->logits->cols, slots = s->plan->slots;
  float *w = s->logits->data + row * experts;
  int32_t *expert = s->plan->expert + row * slots;
  float *weight = s->plan->weight + row * slots;
  softmax_row(s->kernels, w, experts);
  int kept = find_kept(w, experts, s->how, found);
  bool all = s->how->top_p >= 1 && s->how->normalise == NORMALISE_ALL;
  double sum = all ? NORMALISE_EPS : 0;
  for (int i = 0; i < kept; i++) sum += (double)w[found[i]];
  for (int i = 0; i < slots; i++) {
    bool chosen = i < kept && w[found[i]] != 0;
    expert[i] = chosen ? found[i] : -1;
    weight[i] = chosen ? (float)((double)w[found[i]] / sum) : 0;
  }
}

static void select_rows(void *arg, int64_t task, int worker) {
  const Selecting *s = arg;
  int64_t end = (task + 1) * ROWS_PER_TASK;
  for (int64_t t = task * ROWS_PER_TASK; t < end && t < s->plan->rows; t++) {
    select_row(s, t, s->found + worker * s->logits->cols);
  }
}

Plan *plan_select(Context *c, Tensor *logits, const Selection *how) {
  if (context_failed(c)) return NULL;
  assert(how->top_k >= 1 && how->top_p > 0 && logits->cols > 0);
  int experts = (int)logits->cols;
  int slots = how->top_p < 1 || how->top_k > experts ? experts : how->top_k;
  Plan *plan = plan_new(c, logits->rows, slots);
  size_t found = (size_t)c->threads * (size_t)experts;
  Selecting s = {c->kernels, logits, how, plan, context_alloc(c, found * sizeof(int32_t))};
  if (context_failed(c)) return NULL;
  parallel_for(c->threads, (plan->rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK, select_rows, &s);
  return plan;
}
