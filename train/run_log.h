/* run_log: the metrics of a training run, read back from the metrics.jsonl of its directory. */
#ifndef SKEIN_RUN_LOG_H
#define SKEIN_RUN_LOG_H

#include <stddef.h>

#include "train/metrics_row.h"

typedef struct RunLog {
  MetricsRow *point; /* [count], steps increase; what was not measured at a step is NaN */
  size_t count;
  bool valid, gates; /* some point has valid_loss, openness */
  /* The step of the lowest validation, the first among equals, whose parameters are the result
   * (loop.h); -1: none was validated, the last step is. */
  int64_t best_step;
} RunLog;

/* A log without a whole line, or whose steps do not increase, is STATUS_INPUT. The run may still be
 * going on. */
Status run_log_read(RunLog *log, const char *dir, Error *err);
void run_log_free(RunLog *log); /* a zeroed RunLog is allowed */

#endif
