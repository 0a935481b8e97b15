#include "infer/metric/paired.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/order.h"
#include "autograd/ground/rng.h"
#include "infer/metric/metric_internal.h"

/* Sums in another order differ in their last bits: as large means up to so many points. */
static const double POINTS_ALIKE = 1e-9;

typedef enum Purpose { RESAMPLE = 1, SWAP } Purpose;

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: a paired comparison");
}

static void add_sums(MetricSums *to, const MetricSums *item) {
  for (int s = 0; s < METRIC_SUMS; s++) to->sum[s] += item->sum[s];
}

static double score_difference(Metric m, const MetricSums *a, const MetricSums *b) {
  return metric_score(m, a) - metric_score(m, b);
}

static double part_difference(const PairedPart *part) {
  MetricSums a = {{0}}, b = {{0}};
  for (int64_t i = 0; i < part->n; i++) {
    add_sums(&a, &part->a[i]);
    add_sums(&b, &part->b[i]);
  }
  return score_difference(part->metric, &a, &b);
}

double paired_difference(const PairedPart *part, int parts) {
  double sum = 0;
  assert(parts > 0);
  for (int k = 0; k < parts; k++) sum += part_difference(&part[k]);
  return sum / parts;
}

int paired_winner(Metric m, const MetricSums *a, const MetricSums *b) {
  double difference = score_difference(m, a, b);
  return (difference > POINTS_ALIKE) - (difference < -POINTS_ALIKE);
}

/* ---- what items add ---- */

/* What each item of a mean adds to the difference over all parts, in points. */
static double item_points(const PairedPart *part, int parts, int64_t i) {
  return score_difference(part->metric, &part->a[i], &part->b[i]) /
         ((double)part->n * (double)parts);
}

static int64_t count_items(const PairedPart *part, int parts) {
  int64_t items = 0;
  for (int k = 0; k < parts; k++) items += part[k].n;
  return items;
}

/* ---- bootstrap ---- */

/* Of a mean, whose items are their points. */
static double resampled_mean(const double *points, int64_t n, Rng *rng) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += points[rng_below(rng, (uint64_t)n)];
  return sum;
}

static double resampled_sums(const PairedPart *part, Rng *rng) {
  MetricSums a = {{0}}, b = {{0}};
  for (int64_t i = 0; i < part->n; i++) {
    const uint64_t drawn = rng_below(rng, (uint64_t)part->n);
    add_sums(&a, &part->a[drawn]);
    add_sums(&b, &part->b[drawn]);
  }
  return score_difference(part->metric, &a, &b);
}

static double resampled_difference(const PairedPart *part, int parts, const double *points,
                                   Rng *rng) {
  double sum = 0;
  for (int k = 0; k < parts; points += part[k++].n) {
    sum += metric_is_mean(part[k].metric) ? resampled_mean(points, part[k].n, rng)
                                          : resampled_sums(&part[k], rng) / parts;
  }
  return sum;
}

Status paired_interval(const PairedPart *part, int parts, int64_t samples, uint64_t seed,
                       Interval *out, Error *err) {
  assert(parts > 0 && samples > 0);
  double *difference = malloc((size_t)samples * sizeof *difference);
  double *points = malloc((size_t)count_items(part, parts) * sizeof *points), *next = points;
  for (int k = 0; points && k < parts; k++) {
    for (int64_t i = 0; i < part[k].n; i++) *next++ = item_points(&part[k], parts, i);
  }
  for (int64_t s = 0; difference && points && s < samples; s++) {
    Rng rng = {rng_key(seed, (uint64_t)s, (uint64_t)parts, RESAMPLE), 0};
    difference[s] = resampled_difference(part, parts, points, &rng);
  }
  bool whole = difference && points;
  if (whole) *out = metric_percentiles(difference, samples);
  free(difference);
  free(points);
  return whole ? STATUS_OK : no_memory(err);
}

/* ---- permutation ---- */

/* Whether to swap the items that differ, one bit each. */
typedef struct Swaps {
  Rng rng;
  uint64_t word;
  int left;
} Swaps;

static bool next_swap(Swaps *s) {
  if (s->left == 0) s->word = rng_next(&s->rng), s->left = 64;
  bool swap = s->word & 1;
  s->word >>= 1;
  s->left--;
  return swap;
}

/* What is swapped. Of metrics that are means a swap turns one sign, and the items that are alike
 * need not be looked at again. */
typedef struct Swapping {
  const PairedPart *part;
  int parts;
  double *points; /* [means] what each item of a mean that differs adds to the difference */
  int64_t means;
  int64_t differing; /* items, of all metrics */
} Swapping;

static bool item_differs(const PairedPart *part, int64_t i) {
  return memcmp(&part->a[i], &part->b[i], sizeof part->a[i]) != 0;
}

static void add_part(Swapping *w, const PairedPart *part) {
  for (int64_t i = 0; i < part->n; i++) {
    if (!item_differs(part, i)) continue;
    w->differing++;
    if (!metric_is_mean(part->metric)) continue;
    w->points[w->means++] = item_points(part, w->parts, i);
  }
}

static double swapped_part(const PairedPart *part, Swaps *s) {
  MetricSums a = {{0}}, b = {{0}};
  for (int64_t i = 0; i < part->n; i++) {
    bool swap = item_differs(part, i) && next_swap(s);
    add_sums(&a, swap ? &part->b[i] : &part->a[i]);
    add_sums(&b, swap ? &part->a[i] : &part->b[i]);
  }
  return score_difference(part->metric, &a, &b);
}

static double swapped_difference(const Swapping *w, Swaps *s) {
  double sum = 0;
  for (int64_t i = 0; i < w->means; i++) sum += next_swap(s) ? -w->points[i] : w->points[i];
  for (int k = 0; k < w->parts; k++) {
    if (!metric_is_mean(w->part[k].metric)) sum += swapped_part(&w->part[k], s) / w->parts;
  }
  return sum;
}

static double p_of_swaps(const Swapping *w, int64_t samples, uint64_t seed) {
  const bool all = w->differing < 62 && INT64_C(1) << w->differing <= samples;
  const int64_t swaps = all ? INT64_C(1) << w->differing : samples;
  const double least = fabs(paired_difference(w->part, w->parts)) - POINTS_ALIKE;
  int64_t hits = 0;
  for (int64_t i = 0; i < swaps; i++) {
    const uint64_t key = rng_key(seed, (uint64_t)i, (uint64_t)w->parts, SWAP);
    Swaps s = {.rng = {key, 0}, .word = (uint64_t)i, .left = all ? 64 : 0};
    hits += fabs(swapped_difference(w, &s)) >= least;
  }
  return all ? (double)hits / (double)swaps : (double)(1 + hits) / (double)(1 + swaps);
}

Status paired_p(const PairedPart *part, int parts, int64_t samples, uint64_t seed, double *p,
                Error *err) {
  Swapping w = {.part = part, .parts = parts};
  w.points = calloc((size_t)count_items(part, parts), sizeof *w.points);
  if (!w.points) return no_memory(err);
  for (int k = 0; k < parts; k++) add_part(&w, &part[k]);
  *p = p_of_swaps(&w, samples, seed);
  free(w.points);
  return STATUS_OK;
}

/* ---- both ---- */

Status paired_test(const PairedPart *part, int parts, int64_t samples, uint64_t seed, Paired *out,
                   Error *err) {
  out->difference = paired_difference(part, parts);
  TRY(paired_interval(part, parts, samples, seed, &out->interval, err));
  return paired_p(part, parts, samples, seed, &out->p, err);
}

/* Tasks as the items of a mean: a has the differences, b nothing. */
Status paired_tasks(const double *difference, int64_t tasks, int64_t samples, uint64_t seed,
                    Paired *out, Error *err) {
  assert(tasks > 0);
  MetricSums *a = calloc((size_t)tasks, sizeof *a), *b = calloc((size_t)tasks, sizeof *b);
  for (int64_t t = 0; a && b && t < tasks; t++) {
    a[t].sum[0] = b[t].sum[0] = 1;
    a[t].sum[1] = difference[t] / 100;
  }
  const PairedPart part = {METRIC_ACCURACY, a, b, tasks};
  Status status = a && b ? paired_test(&part, 1, samples, seed, out, err) : no_memory(err);
  free(a);
  free(b);
  return status;
}

/* ---- many at once ---- */

static int order_by_value(const void *a, const void *b) {
  return order_double(*(const double *const *)a, *(const double *const *)b);
}

Status holm_correct(double *p, int64_t n, Error *err) {
  double **sorted = calloc((size_t)n + 1, sizeof *sorted), least = 0;
  if (!sorted) return no_memory(err);
  for (int64_t i = 0; i < n; i++) sorted[i] = &p[i];
  qsort(sorted, (size_t)n, sizeof *sorted, order_by_value);
  for (int64_t k = 0; k < n; k++) {
    least = fmax(least, fmin(1, *sorted[k] * (double)(n - k)));
    *sorted[k] = least;
  }
  free(sorted);
  return STATUS_OK;
}
