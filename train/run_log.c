#include "train/run_log.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json.h"

enum { METRICS_MAX = 1 << 30 }; /* bytes of a metrics file */

/* A number that may be missing or null, which reads as NaN. */
static Status read_number(const JsonDoc *doc, const char *key, double *out, Error *err) {
  *out = NAN;
  return json_has(doc, key) ? json_get_real(doc, key, -DBL_MAX, DBL_MAX, out, err) : STATUS_OK;
}

static Status read_groups(const JsonDoc *doc, const char *key, double out[METRIC_GROUPS],
                          Error *err) {
  JsonDoc groups = *doc;
  groups.root = NULL;
  if (json_has(doc, key)) TRY(json_get_object(doc, key, &groups.root, err));
  for (int g = 0; g < METRIC_GROUPS; g++) TRY(read_number(&groups, METRIC_GROUP[g], &out[g], err));
  return STATUS_OK;
}

static Status read_point(const JsonDoc *doc, RunPoint *p, Error *err) {
  TRY(json_get_int(doc, "step", 0, INT64_MAX, &p->step, err));
  if (json_has(doc, "skipped")) TRY(json_get_bool(doc, "skipped", &p->skipped, err));
  TRY(read_number(doc, "loss", &p->loss, err));
  TRY(read_number(doc, "valid_loss", &p->valid_loss, err));
  TRY(read_number(doc, "learning_rate", &p->learning_rate, err));
  TRY(read_groups(doc, "openness", p->openness, err));
  return read_groups(doc, "gate_norm", p->gate_norm, err);
}

static Status add_line(RunLog *log, JsonDoc *doc, const char *text, size_t size, Error *err) {
  TRY(json_parse(doc, text, size, err));
  RunPoint *p = &log->point[log->count];
  Status status = read_point(doc, p, err);
  json_free(doc);
  TRY(status);
  if (log->count > 0 && p->step <= p[-1].step)
    return error_set(err, STATUS_INPUT,
                     "%s: line %" PRId64 ": step: got %" PRId64 " after %" PRId64
                     "; steps must increase",
                     doc->file, doc->line, p->step, p[-1].step);
  log->count++;
  log->valid |= !isnan(p->valid_loss);
  for (int g = 0; g < METRIC_GROUPS; g++) log->gates |= !isnan(p->openness[g]);
  return STATUS_OK;
}

/* A last line without its newline is still being written by a run; it is left out. */
static Status add_lines(RunLog *log, const char *path, const char *text, size_t size, Error *err) {
  size_t lines = 0, at = 0;
  for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
  if (lines == 0)
    return error_set(err, STATUS_INPUT, "%s: no line; the run has not made a step yet", path);
  log->point = calloc(lines, sizeof *log->point);
  if (!log->point) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  for (size_t i = 0; i < lines; i++) {
    size_t end = (size_t)((const char *)memchr(text + at, '\n', size - at) - text);
    JsonDoc doc = {.file = path, .line = (int64_t)i + 1, .byte = (int64_t)at};
    TRY(add_line(log, &doc, text + at, end - at, err));
    at = end + 1;
  }
  return STATUS_OK;
}

Status run_log_read(RunLog *log, const char *dir, Error *err) {
  *log = (RunLog){0};
  char *path = path_join(dir, "metrics.jsonl"), *text = NULL;
  size_t size = 0;
  if (!path) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  Status status = file_read(path, METRICS_MAX, &text, &size, err);
  if (status == STATUS_OK) status = add_lines(log, path, text, size, err);
  if (status != STATUS_OK) run_log_free(log);
  free(text);
  free(path);
  return status;
}

void run_log_free(RunLog *log) {
  free(log->point);
  *log = (RunLog){0};
}
