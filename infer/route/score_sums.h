/* score_sums: what the scores of experts are like over the rows of forwards: sums of them at every
 * module, of which a calibration (calibration.h) is made. A watcher of plans. */
#ifndef SKEIN_SCORE_SUMS_H
#define SKEIN_SCORE_SUMS_H

#include "infer/route/route.h"

typedef struct ScoreSums ScoreSums;

Status score_sums_new(ScoreSums **s, const Pool *pool, Error *err);
void score_sums_free(ScoreSums *s); /* NULL is allowed */

/* Adds every row that is seen, in the order of the rows, whether or not it is kept; the sums outlive
 * the watcher. */
RouteWatcher score_sums_watcher(ScoreSums *s);

/* Means and standard deviations (of all rows, biased) [experts, modules]; 0 where an expert has no
 * adapter. *constant: how many of the pairs with one have a score that never varied.
 * STATUS_USAGE where an expert was not scored at some row though it has an adapter there: a setting
 * left it out; STATUS_INPUT where no row was seen at a module that experts cover. */
Status score_sums_finish(const ScoreSums *s, float *mean, float *deviation, int64_t *constant,
                         Error *err);

#endif
