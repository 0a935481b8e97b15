#include "infer/metric/metric.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/order.h"
#include "autograd/ground/rng.h"
#include "infer/metric/metric_internal.h"

Status metric_equal(const char *prediction, const char *target, double *score, Error *err) {
  (void)err;
  *score = strcmp(prediction, target) == 0;
  return STATUS_OK;
}

/* Which of several targets count. */
typedef enum Against { FIRST_TARGET, BEST_TARGET } Against;

typedef struct Measure {
  const char *name;
  Status (*score)(const char *prediction, const char *target, double *score, Error *err);
  Against against;
} Measure;

/* A measure without a score of single items (bleu) has sums of its own. */
static const Measure MEASURE[METRICS] = {
    [METRIC_ACCURACY] = {"accuracy", metric_equal, BEST_TARGET},
    [METRIC_EXACT_MATCH] = {"exact_match", metric_equal, FIRST_TARGET},
    [METRIC_EXACT_MATCH_MULTI] = {"exact_match_multi", metric_equal, BEST_TARGET},
    [METRIC_SQUAD_EM] = {"squad_em", metric_squad_em, BEST_TARGET},
    [METRIC_SQUAD_F1] = {"squad_f1", metric_squad_f1, BEST_TARGET},
    [METRIC_ROUGE_1] = {"rouge1", metric_rouge_1, BEST_TARGET},
    [METRIC_ROUGE_2] = {"rouge2", metric_rouge_2, BEST_TARGET},
    [METRIC_ROUGE_L] = {"rougeL", metric_rouge_l, BEST_TARGET},
    [METRIC_ROUGE_LSUM] = {"rougeLsum", metric_rouge_lsum, BEST_TARGET},
    [METRIC_BLEU] = {"bleu", NULL, BEST_TARGET},
};

const char *metric_name(Metric m) {
  return MEASURE[m].name;
}

int metric_find(const char *name) {
  for (int m = 0; m < METRICS; m++)
    if (strcmp(MEASURE[m].name, name) == 0) return m;
  return -1;
}

Status metric_add(Metric m, MetricSums *sums, const char *prediction, const char *const *target,
                  int targets, Error *err) {
  const Measure *measure = &MEASURE[m];
  assert(targets > 0);
  double best = 0, score;
  if (!measure->score) TRY(metric_bleu_add(sums, prediction, target, targets, err));
  for (int i = 0; measure->score && i < targets; i++) {
    TRY(measure->score(prediction, target[i], &score, err));
    if (score > best) best = score;
    if (measure->against == FIRST_TARGET) break;
  }
  sums->sum[0] += 1;
  if (measure->score) sums->sum[1] += best;
  return STATUS_OK;
}

bool metric_is_mean(Metric m) {
  return MEASURE[m].score != NULL;
}

double metric_score(Metric m, const MetricSums *sums) {
  if (sums->sum[0] == 0) return 0;
  return 100 * (MEASURE[m].score ? sums->sum[1] / sums->sum[0] : metric_bleu(sums));
}

bool metric_sums_valid(Metric m, const MetricSums *sums) {
  if (sums->sum[0] != 1) return false;
  return MEASURE[m].score ? sums->sum[1] >= 0 && sums->sum[1] <= 1 : metric_bleu_valid(sums);
}

/* ---- bootstrap ---- */

static double resampled_score(Metric m, const MetricSums *item, int64_t n, Rng *rng) {
  MetricSums sums = {{0}};
  for (int64_t i = 0; i < n; i++) {
    const MetricSums *drawn = &item[rng_below(rng, (uint64_t)n)];
    for (int s = 0; s < METRIC_SUMS; s++) sums.sum[s] += drawn->sum[s];
  }
  return metric_score(m, &sums);
}

/* Linear interpolation between order statistics, as numpy.percentile. */
static double sorted_percentile(const double *sorted, int64_t n, double q) {
  double at = q * (double)(n - 1);
  int64_t below = (int64_t)floor(at), above = below + 1 < n ? below + 1 : below;
  return sorted[below] + (at - (double)below) * (sorted[above] - sorted[below]);
}

Interval metric_percentiles(double *score, int64_t n) {
  qsort(score, (size_t)n, sizeof *score, order_double);
  return (Interval){sorted_percentile(score, n, 0.025), sorted_percentile(score, n, 0.975)};
}

Status metric_interval(Metric m, const MetricSums *item, int64_t n, int64_t samples, uint64_t seed,
                       Interval *out, Error *err) {
  assert(n > 0 && samples > 0);
  double *score = malloc((size_t)samples * sizeof *score);
  if (!score)
    return error_set(err, STATUS_RUN, "out of memory: %lld resamples", (long long)samples);
  for (int64_t s = 0; s < samples; s++) {
    Rng rng = {rng_key(seed, (uint64_t)s, (uint64_t)n, (uint64_t)m), 0};
    score[s] = resampled_score(m, item, n, &rng);
  }
  *out = metric_percentiles(score, samples);
  free(score);
  return STATUS_OK;
}
