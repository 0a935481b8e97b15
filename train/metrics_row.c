#include "train/metrics_row.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

#include "data/text/json_put.h"

typedef enum ColumnType { COLUMN_INT, COLUMN_REAL, COLUMN_BOOL, COLUMN_GROUPS } ColumnType;

typedef struct Column {
  const char *name;
  ColumnType type;
  size_t offset; /* of the value in a MetricsRow */
  size_t counts; /* of the bool that says whether it counts; ALWAYS: it does */
} Column;

#define AT(field) offsetof(MetricsRow, field)
#define ALWAYS    SIZE_MAX

/* clang-format off: a table */
static const Column COLUMN[] = {
    {"step", COLUMN_INT, AT(step), ALWAYS},
    {"loss", COLUMN_REAL, AT(loss), AT(trained)},
    {"learning_rate", COLUMN_REAL, AT(learning_rate), AT(trained)},
    {"grad_norm", COLUMN_REAL, AT(grad_norm), AT(trained)},
    {"skipped", COLUMN_BOOL, AT(skipped), AT(trained)},
    {"examples", COLUMN_INT, AT(examples), AT(trained)},
    {"input_tokens", COLUMN_INT, AT(input_tokens), AT(trained)},
    {"target_tokens", COLUMN_INT, AT(target_tokens), AT(trained)},
    {"seconds", COLUMN_REAL, AT(seconds), AT(trained)},
    {"tokens_per_second", COLUMN_REAL, AT(tokens_per_second), AT(trained)},
    {"openness", COLUMN_GROUPS, AT(openness), AT(gated)},
    {"gate_norm", COLUMN_GROUPS, AT(gate_norm), AT(gated)},
    {"valid_loss", COLUMN_REAL, AT(valid_loss), AT(validated)},
};
/* clang-format on */
_Static_assert(sizeof COLUMN / sizeof *COLUMN == METRICS_COLUMNS, "the header says how many");

MetricsColumn metrics_column(int column) {
  return (MetricsColumn){COLUMN[column].name, COLUMN[column].type == COLUMN_GROUPS};
}

/* ---- writing ---- */

json_t *metrics_number(double x) {
  return isfinite(x) ? json_real(x) : json_null();
}

json_t *metrics_groups(const double value[T5_GROUPS]) {
  json_t *o = json_object();
  for (int g = 0; g < T5_GROUPS; g++) {
    if (!isnan(value[g])) json_put(&o, T5_GROUP[g], json_real(value[g]));
  }
  return o;
}

static json_t *value_json(ColumnType type, const void *value) {
  switch (type) {
    case COLUMN_INT:
      return json_integer(*(const int64_t *)value);
    case COLUMN_BOOL:
      return json_boolean(*(const bool *)value);
    case COLUMN_GROUPS:
      return metrics_groups(value);
    default:
      return metrics_number(*(const double *)value);
  }
}

json_t *metrics_row_json(const MetricsRow *row) {
  const char *base = (const char *)row;
  json_t *o = json_object();
  for (int i = 0; i < METRICS_COLUMNS; i++) {
    const Column *c = &COLUMN[i];
    if (c->counts != ALWAYS && !*(const bool *)(base + c->counts)) continue;
    json_put(&o, c->name, value_json(c->type, base + c->offset));
  }
  return o;
}

/* ---- reading ---- */

/* A number that may be missing or null, which reads as NaN. */
static Status read_number(const JsonDoc *doc, const char *key, double *out, Error *err) {
  *out = NAN;
  return json_has(doc, key) ? json_get_real(doc, key, -DBL_MAX, DBL_MAX, out, err) : STATUS_OK;
}

static Status read_groups(const JsonDoc *doc, const char *key, double out[T5_GROUPS], Error *err) {
  JsonDoc groups = *doc;
  groups.root = NULL;
  if (json_has(doc, key)) TRY(json_get_object(doc, key, &groups.root, err));
  for (int g = 0; g < T5_GROUPS; g++) TRY(read_number(&groups, T5_GROUP[g], &out[g], err));
  return STATUS_OK;
}

static Status read_value(const JsonDoc *doc, const Column *c, void *value, Error *err) {
  switch (c->type) {
    case COLUMN_INT:
      return json_get_int(doc, c->name, 0, INT64_MAX, value, err);
    case COLUMN_BOOL:
      return json_get_bool(doc, c->name, value, err);
    case COLUMN_GROUPS:
      return read_groups(doc, c->name, value, err);
    default:
      return read_number(doc, c->name, value, err);
  }
}

Status metrics_row_read(const JsonDoc *doc, MetricsRow *row, Error *err) {
  char *base = (char *)row;
  *row = (MetricsRow){0};
  for (int i = 0; i < METRICS_COLUMNS; i++) {
    const Column *c = &COLUMN[i];
    bool there = json_has(doc, c->name), whole = c->type == COLUMN_INT || c->type == COLUMN_BOOL;
    if (there && c->counts != ALWAYS) *(bool *)(base + c->counts) = true;
    if (!there && whole && c->counts != ALWAYS) continue;
    TRY(read_value(doc, c, base + c->offset, err));
  }
  return STATUS_OK;
}
