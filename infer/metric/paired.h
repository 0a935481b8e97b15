/* paired: whether two systems differ that were asked the same items.
 *
 * A part is a task: its items, judged by one metric, of both systems in the same order. The
 * difference is the mean over parts of the score of a minus the score of b, in points (percent).
 *
 *   interval  paired bootstrap, percentiles 2.5 and 97.5: each resample draws as many items of
 *             every part as it has, with replacement, the same ones for both systems, and takes the
 *             difference of their scores (Koehn 2004, Statistical Significance Tests for Machine
 *             Translation Evaluation, section 4; the percentiles as Efron and Tibshirani 1993,
 *             chapter 13). Parts are fixed: it says how much other items would change.
 *   p         permutation, two-sided: were the systems alike, what each made of an item could as
 *             well be the other's, so the two are swapped at random, item by item; p is the share
 *             of swaps whose difference is at least as large (Fisher 1935; Riezler and Maxwell
 *             2005, section 4). Where all swaps of the items that differ are no more than
 *             `samples`, all are taken and p is exact; otherwise `samples` random ones, and p =
 *             (1 + hits) / (1 + samples), which is never 0 (Phipson and Smyth 2010).
 *
 * The same items, samples and seed give the same numbers on every machine. */
#ifndef SKEIN_PAIRED_H
#define SKEIN_PAIRED_H

#include "infer/metric/metric.h"

typedef struct PairedPart {
  Metric metric;
  const MetricSums *a, *b; /* [n] of single items, borrowed */
  int64_t n;               /* 1 or more */
} PairedPart;

typedef struct Paired {
  double difference;
  Interval interval;
  double p;
} Paired;

/* Of one part or more. */
double paired_difference(const PairedPart *part, int parts);
Status paired_interval(const PairedPart *part, int parts, int64_t samples, uint64_t seed,
                       Interval *out, Error *err);
Status paired_p(const PairedPart *part, int parts, int64_t samples, uint64_t seed, double *p,
                Error *err);
/* All three. */
Status paired_test(const PairedPart *part, int parts, int64_t samples, uint64_t seed, Paired *out,
                   Error *err);

/* The same over tasks: difference [tasks] in points, of which each is one observation. It says how
 * much other tasks would change. */
Status paired_tasks(const double *difference, int64_t tasks, int64_t samples, uint64_t seed,
                    Paired *out, Error *err);

/* Whether an item is of another score under the two systems: 1 won by a, -1 lost, 0 alike. */
int paired_winner(Metric m, const MetricSums *a, const MetricSums *b);

/* Corrects p [n] for having been looked at together (Holm 1979: step-down, the family-wise error
 * is kept): the k-th smallest is multiplied by n - k, k from 0, and never below the one before it,
 * at most 1. */
Status holm_correct(double *p, int64_t n, Error *err);

#endif
