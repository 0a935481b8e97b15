/* metric_internal: the metrics' own statistics; metric.c has the table that names them. */
#ifndef SKEIN_METRIC_INTERNAL_H
#define SKEIN_METRIC_INTERNAL_H

#include "infer/metric/metric.h"

/* A score in [0, 1] of a prediction against one target. */
Status metric_equal(const char *prediction, const char *target, double *score, Error *err);
Status metric_squad_em(const char *prediction, const char *target, double *score, Error *err);
Status metric_squad_f1(const char *prediction, const char *target, double *score, Error *err);
Status metric_rouge_1(const char *prediction, const char *target, double *score, Error *err);
Status metric_rouge_2(const char *prediction, const char *target, double *score, Error *err);
Status metric_rouge_l(const char *prediction, const char *target, double *score, Error *err);
Status metric_rouge_lsum(const char *prediction, const char *target, double *score, Error *err);

/* Adds what BLEU needs of an item; the score of the sums, in [0, 1]. */
Status metric_bleu_add(MetricSums *sums, const char *prediction, const char *const *target,
                       int targets, Error *err);
double metric_bleu(const MetricSums *sums);
/* Counts of one text: no more n-grams match than there are, no more than its words. */
bool metric_bleu_valid(const MetricSums *sums);

/* Sorts scores [n] and takes their percentiles 2.5 and 97.5. */
Interval metric_percentiles(double *score, int64_t n);

#endif
