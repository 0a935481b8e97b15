/* run_log: the metrics of a training run, read back from RUN_DIR/metrics.jsonl. */
#ifndef SKEIN_RUN_LOG_H
#define SKEIN_RUN_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autograd/ground/status.h"
#include "train/metrics.h"

/* What was not measured at a step is NaN. */
typedef struct RunPoint {
  int64_t step; /* optimizer steps done */
  bool skipped; /* the step was skipped for NaN or Inf */
  double loss, valid_loss, learning_rate;
  double openness[METRIC_GROUPS], gate_norm[METRIC_GROUPS];
} RunPoint;

typedef struct RunLog {
  RunPoint *point; /* [count], steps increase */
  size_t count;
  bool valid, gates; /* some point has valid_loss, openness */
} RunLog;

/* A log without a whole line, or whose steps do not increase, is STATUS_INPUT. The run may still be
 * going on. */
Status run_log_read(RunLog *log, const char *dir, Error *err);
void run_log_free(RunLog *log); /* a zeroed RunLog is allowed */

#endif
