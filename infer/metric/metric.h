/* metric: how good predictions are. Every metric adds up statistics of single items, so that a
 * score, and its bootstrap interval, are functions of sums over items.
 *
 * The room infer/metric owns metrics, what they make of texts, and their statistics: intervals here,
 * comparisons of two systems in paired.h. It knows strings: no model, no item, no file.
 *
 *   METRIC             OF AN ITEM                                         REFERENCE
 *   accuracy           prediction is the label's choice                   -
 *   exact_match        prediction equals the target                       HF evaluate exact_match
 *   exact_match_multi  prediction is one of the targets                   GLIDER's code
 *   squad_em           as exact_match after SQuAD's normalisation         SQuAD v1.1 script
 *   squad_f1           bag-of-words F1 after it; the best of the targets  SQuAD v1.1 script
 *   rouge1 rouge2      F1 of n-grams                                      rouge-score, no stemmer
 *   rougeL             F1 of the longest common subsequence               rouge-score
 *   rougeLsum          the same by summary: union over sentences (lines)  rouge-score
 *   bleu               corpus BLEU-4 of HF evaluate (smooth=False) with tokenizer_13a
 */
#ifndef SKEIN_METRIC_H
#define SKEIN_METRIC_H

#include <stdbool.h>
#include <stdint.h>

#include "autograd/ground/status.h"

typedef enum Metric {
  METRIC_ACCURACY,
  METRIC_EXACT_MATCH,
  METRIC_EXACT_MATCH_MULTI,
  METRIC_SQUAD_EM,
  METRIC_SQUAD_F1,
  METRIC_ROUGE_1,
  METRIC_ROUGE_2,
  METRIC_ROUGE_L,
  METRIC_ROUGE_LSUM,
  METRIC_BLEU,
  METRICS,
} Metric;

const char *metric_name(Metric m);
/* -1 when there is none of this name. */
int metric_find(const char *name);

enum { METRIC_SUMS = 11 };
typedef struct MetricSums {
  double sum[METRIC_SUMS]; /* of the metric's own statistics; sum[0] counts items */
} MetricSums;

/* Adds the statistics of one prediction against its targets (at least one). For accuracy the
 * prediction and the target are the texts of choices. */
Status metric_add(Metric m, MetricSums *sums, const char *prediction, const char *const *target,
                  int targets, Error *err);
/* Whether the score is the mean of the items' scores, of which sum[1] is the sum, each in [0, 1];
 * false of a corpus score (bleu), which all its sums make. */
bool metric_is_mean(Metric m);
/* The score of summed statistics, in percent (0 to 100); 0 of nothing. */
double metric_score(Metric m, const MetricSums *sums);

/* Whether these can be the statistics of one item, wherever they come from: then sums of such have a
 * finite score. */
bool metric_sums_valid(Metric m, const MetricSums *sums);

/* Percentile bootstrap of the score over items [n], `samples` resamples keyed by `seed`: the 2.5
 * and 97.5 percentiles. */
typedef struct Interval {
  double low, high;
} Interval;
Status metric_interval(Metric m, const MetricSums *item, int64_t n, int64_t samples, uint64_t seed,
                       Interval *out, Error *err);

#endif
