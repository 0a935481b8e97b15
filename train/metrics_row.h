/* metrics_row: what a run measured at one step, and the names it has on disk. One table of columns
 * writes the JSON, names the columns of the CSV, and reads the JSON back.
 *
 *   COLUMN                VALUE
 *   step                  optimizer steps done; 0 is before the first
 *   loss                  of the step, so up to tokens_per_second; null where NaN or Inf
 *   learning_rate
 *   grad_norm
 *   skipped               the step was skipped for NaN or Inf
 *   examples, input_tokens, target_tokens
 *   seconds               training time up to here
 *   tokens_per_second
 *   openness, gate_norm   {group: value}; train gate only: mean gate value, mean norm of v
 *   valid_loss            where the run was validated */
#ifndef SKEIN_METRICS_ROW_H
#define SKEIN_METRICS_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "data/text/json.h"
#include "infer/t5/t5_group.h"

typedef struct MetricsRow {
  int64_t step;
  bool trained; /* a step was made: the fields up to tokens_per_second count */
  double loss, learning_rate, grad_norm;
  bool skipped;
  int64_t examples, input_tokens, target_tokens;
  double seconds, tokens_per_second;
  bool gated; /* openness and gate_norm count; NaN where a group has no gate */
  double openness[T5_GROUPS], gate_norm[T5_GROUPS];
  bool validated; /* valid_loss counts */
  double valid_loss;
} MetricsRow;

/* A column of a row: its name, and whether it holds {group: value} or one value. */
typedef struct MetricsColumn {
  const char *name;
  bool grouped;
} MetricsColumn;

enum { METRICS_COLUMNS = 13 };
MetricsColumn metrics_column(int column);

/* The row as an object, without the columns that do not count. A new reference; NULL when out of
 * memory. */
json_t *metrics_row_json(const MetricsRow *row);
/* Reads a row back. Numbers that are missing or null are NaN. */
Status metrics_row_read(const JsonDoc *doc, MetricsRow *row, Error *err);

/* A number as JSON, null where it is not finite; and {group: value}, without the NaN ones. New
 * references; NULL when out of memory. */
json_t *metrics_number(double x);
json_t *metrics_groups(const double value[T5_GROUPS]);

#endif
