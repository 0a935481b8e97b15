/* eval_threshold: GLIDER's threshold p, chosen by what items scored on either side of it.
 *
 * By the rule alpha = gamma 1[max cos > p] + beta (Li et al. 2024, arXiv 2410.07172, section 3.3) an
 * item is answered with one of two weights of instructions, gamma + beta or beta. So its answers with
 * both, and its largest cosine, say what every p would make of it.
 *
 * Candidates are -1, a number between each two neighbours among the different cosines of all items,
 * and 1: no other p tells the items apart otherwise. The score of one is the mean over tasks of their
 * metric. The best is the largest; of equals that of the widest gap between cosines, of those the
 * first. */
#ifndef SKEIN_EVAL_THRESHOLD_H
#define SKEIN_EVAL_THRESHOLD_H

#include "infer/metric/metric.h"

/* A task's items. */
typedef struct ThresholdTask {
  Metric metric;
  int64_t count;           /* 1 at least */
  const double *cosine;    /* [count] the largest of an item with any expert */
  const MetricSums *below; /* [count] what was scored with beta */
  const MetricSums *above; /* [count] with gamma + beta */
} ThresholdTask;

typedef struct ThresholdPoint {
  double threshold; /* p, of few digits where the gap allows it */
  double score;     /* percent */
} ThresholdPoint;

typedef struct ThresholdCurve {
  ThresholdPoint *point; /* [points] by p, ascending */
  int64_t points, best;  /* best: an index */
} ThresholdCurve;

/* Free with threshold_curve_free whatever is returned. */
Status threshold_curve(ThresholdCurve *curve, const ThresholdTask *task, int tasks, Error *err);
void threshold_curve_free(ThresholdCurve *curve); /* a zeroed ThresholdCurve is allowed */

#endif
