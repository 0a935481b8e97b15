/* metrics: what a run measured, step by step, a row (train/metrics_row.h) a step.
 *
 * metrics.jsonl grows by a line a step; metrics.csv holds the same rows and is rewritten whole at
 * every checkpoint, with a column a group where a value has groups. On resume, rows after the
 * checkpoint are dropped, so an interrupted run leaves the same rows as one that was not (times
 * apart). run_log.h reads them back. */
#ifndef SKEIN_METRICS_H
#define SKEIN_METRICS_H

#include "train/metrics_row.h"

/* The files in a run's directory, and what is read of one at most. */
#define METRICS_JSONL "metrics.jsonl"
#define METRICS_CSV   "metrics.csv"
enum { METRICS_MOST = 1 << 30 };

typedef struct Metrics Metrics;

/* Opens the metrics of a run directory, keeping the rows of steps up to `keep` (-1: none). */
Status metrics_open(Metrics **m, const char *dir, int64_t keep, Error *err);
void metrics_close(Metrics *m); /* NULL is allowed */

/* Appends a row to metrics.jsonl; nothing of it stays in memory. */
Status metrics_add(Metrics *m, const MetricsRow *row, Error *err);
/* fsyncs metrics.jsonl and rewrites metrics.csv from it. */
Status metrics_flush(Metrics *m, Error *err);

#endif
