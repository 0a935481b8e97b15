/* metrics: what a run measured, step by step.
 *
 * metrics.jsonl grows by a line a step; metrics.csv holds the same rows and is rewritten whole at
 * every checkpoint. On resume, rows after the checkpoint are dropped, so an interrupted run leaves
 * the same rows as one that was not (times apart).
 *
 *   KEY                   VALUE
 *   step                  optimizer steps done; 0 is before the first
 *   loss, learning_rate, grad_norm, skipped, examples, input_tokens, target_tokens
 *                         of the step; null where NaN or Inf
 *   seconds               training time up to here
 *   tokens_per_second     of the step
 *   openness, gate_norm   {group: value}; train gate only: mean gate value, mean norm of v
 *   valid_loss            where the run was validated */
#ifndef SKEIN_METRICS_H
#define SKEIN_METRICS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "autograd/ground/status.h"

/* Module groups of a T5, the rows of every gate figure (t5_linear_group). */
enum { METRIC_GROUPS = 5 };
extern const char *const METRIC_GROUP[METRIC_GROUPS];

/* A number as JSON, null where it is not finite; and {group: value}, without the NaN ones. New
 * references; NULL when out of memory. */
json_t *metrics_number(double x);
json_t *metrics_groups(const double value[METRIC_GROUPS]);

typedef struct MetricsRow {
  int64_t step;
  bool trained; /* a step was made: the fields up to tokens_per_second count */
  double loss, learning_rate, grad_norm;
  bool skipped;
  int64_t examples, input_tokens, target_tokens;
  double seconds, tokens_per_second;
  bool gated; /* openness and gate_norm count; NaN where a group has no gate */
  double openness[METRIC_GROUPS], gate_norm[METRIC_GROUPS];
  bool validated; /* valid_loss counts */
  double valid_loss;
} MetricsRow;

typedef struct Metrics Metrics;

/* Opens the metrics of a run directory, keeping the rows of steps up to `keep` (-1: none). */
Status metrics_open(Metrics **m, const char *dir, int64_t keep, Error *err);
void metrics_close(Metrics *m); /* NULL is allowed */

/* Appends a row to metrics.jsonl and to memory. */
Status metrics_add(Metrics *m, const MetricsRow *row, Error *err);
/* fsyncs metrics.jsonl and rewrites metrics.csv. */
Status metrics_flush(Metrics *m, Error *err);

#endif
