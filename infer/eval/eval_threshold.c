#include "infer/eval/eval_threshold.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "autograd/ground/order.h"

static const double SAME = 1e-9; /* percent: scores that differ by less differ by rounding */

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the candidates of a threshold");
}

/* ---- the sums of a task on either side ---- */

/* A task's items by their cosines: the first k of them score before[k] with beta, the others
 * after[k] with gamma + beta. */
typedef struct Sides {
  Metric metric;
  int64_t count;
  double *cosine;             /* [count] ascending */
  MetricSums *before, *after; /* [count + 1] */
} Sides;

static void sides_free(Sides *s, int tasks) {
  for (int t = 0; s && t < tasks; t++) {
    free(s[t].cosine);
    free(s[t].before);
    free(s[t].after);
  }
  free(s);
}

/* An item and its cosine. */
typedef struct Ranked {
  double cosine;
  int64_t item;
} Ranked;

static int order_ranked(const void *a, const void *b) {
  const Ranked *x = a, *y = b;
  int order = (x->cosine > y->cosine) - (x->cosine < y->cosine);
  return order ? order : order_int64(&x->item, &y->item);
}

static MetricSums add_sums(const MetricSums *a, const MetricSums *b) {
  MetricSums sum = *a;
  for (int j = 0; j < METRIC_SUMS; j++) sum.sum[j] += b->sum[j];
  return sum;
}

static Status sides_make(Sides *s, const ThresholdTask *task, Error *err) {
  size_t count = (size_t)task->count;
  Ranked *ranked = calloc(count, sizeof *ranked);
  *s = (Sides){task->metric, task->count, calloc(count, sizeof *s->cosine),
               calloc(count + 1, sizeof *s->before), calloc(count + 1, sizeof *s->after)};
  bool made = ranked && s->cosine && s->before && s->after;
  for (int64_t i = 0; made && i < task->count; i++) ranked[i] = (Ranked){task->cosine[i], i};
  if (made) qsort(ranked, count, sizeof *ranked, order_ranked);
  for (int64_t k = 0; made && k < task->count; k++) {
    s->cosine[k] = ranked[k].cosine;
    s->before[k + 1] = add_sums(&s->before[k], &task->below[ranked[k].item]);
  }
  for (int64_t k = task->count - 1; made && k >= 0; k--)
    s->after[k] = add_sums(&s->after[k + 1], &task->above[ranked[k].item]);
  free(ranked);
  return made ? STATUS_OK : no_memory(err);
}

/* How many items are not above the threshold. */
static int64_t count_below(const Sides *s, double threshold) {
  int64_t low = 0, high = s->count;
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (s->cosine[middle] > threshold) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

static double score_at(const Sides *s, int tasks, double threshold) {
  double sum = 0;
  for (int t = 0; t < tasks; t++) {
    int64_t k = count_below(&s[t], threshold);
    MetricSums all = add_sums(&s[t].before[k], &s[t].after[k]);
    sum += metric_score(s[t].metric, &all);
  }
  return sum / tasks;
}

/* ---- candidates ---- */

/* A number between two, of as few digits as there is one. */
static double between(double low, double high) {
  double middle = low + (high - low) / 2;
  for (int digits = 1; digits < 17; digits++) {
    char text[40];
    snprintf(text, sizeof text, "%.*g", digits, middle);
    double x = strtod(text, NULL);
    if (low <= x && x < high && x > -1 && x < 1) return x;
  }
  return fmin(middle, 1); /* a cosine may be above 1 by rounding */
}

/* The cosines of all tasks, ascending, each once. */
static Status all_cosines(const Sides *s, int tasks, double **cosine, int64_t *count, Error *err) {
  int64_t all = 0, kept = 0;
  for (int t = 0; t < tasks; t++) all += s[t].count;
  double *c = *cosine = calloc((size_t)all + 1, sizeof *c);
  if (!c) return no_memory(err);
  for (int t = 0; t < tasks; t++)
    for (int64_t i = 0; i < s[t].count; i++) c[kept++] = s[t].cosine[i];
  kept = 0;
  qsort(c, (size_t)all, sizeof *c, order_double);
  for (int64_t i = 0; i < all; i++)
    if (i == 0 || c[i] > c[kept - 1]) c[kept++] = c[i];
  *count = kept;
  return STATUS_OK;
}

static Status fill_curve(ThresholdCurve *curve, const Sides *s, int tasks, Error *err) {
  double *cosine, widest = -1, most = -1;
  int64_t count = 0;
  TRY(all_cosines(s, tasks, &cosine, &count, err));
  curve->point = calloc((size_t)count + 1, sizeof *curve->point);
  if (!curve->point) {
    free(cosine);
    return no_memory(err);
  }
  curve->points = count + 1;
  for (int64_t i = 0; i <= count; i++) {
    double low = i == 0 ? -1 : cosine[i - 1], high = i == count ? 1 : cosine[i];
    double p = i == 0 ? -1 : i == count ? 1 : between(low, high);
    ThresholdPoint *point = &curve->point[i];
    *point = (ThresholdPoint){p, score_at(s, tasks, p)};
    bool better = point->score > most + SAME;
    if (!better && !(fabs(point->score - most) <= SAME && high - low > widest)) continue;
    curve->best = i;
    most = better ? point->score : most;
    widest = high - low;
  }
  free(cosine);
  return STATUS_OK;
}

Status threshold_curve(ThresholdCurve *curve, const ThresholdTask *task, int tasks, Error *err) {
  *curve = (ThresholdCurve){0};
  Sides *s = calloc((size_t)tasks, sizeof *s);
  if (!s) return no_memory(err);
  Status status = STATUS_OK;
  for (int t = 0; t < tasks && status == STATUS_OK; t++) status = sides_make(&s[t], &task[t], err);
  if (status == STATUS_OK) status = fill_curve(curve, s, tasks, err);
  sides_free(s, tasks);
  return status;
}

void threshold_curve_free(ThresholdCurve *curve) {
  free(curve->point);
  *curve = (ThresholdCurve){0};
}
