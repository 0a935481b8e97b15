#include "train/run_log.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "train/metrics.h"

/* The validations come in order, so that an equal one is no better. */
static void keep_best(RunLog *log, const MetricsRow *p, double *best) {
  if (!isfinite(p->valid_loss) || (log->best_step >= 0 && p->valid_loss >= *best)) return;
  log->best_step = p->step;
  *best = p->valid_loss;
}

static Status add_line(RunLog *log, JsonDoc *doc, const char *text, size_t size, double *best,
                       Error *err) {
  TRY(json_parse(doc, text, size, err));
  MetricsRow *p = &log->point[log->count];
  Status status = metrics_row_read(doc, p, err);
  json_free(doc);
  TRY(status);
  if (log->count > 0 && p->step <= p[-1].step)
    return error_set(err, STATUS_INPUT,
                     "%s: line %" PRId64 ": step: got %" PRId64 " after %" PRId64
                     "; steps must increase",
                     doc->file, doc->line, p->step, p[-1].step);
  log->count++;
  keep_best(log, p, best);
  log->valid |= !isnan(p->valid_loss);
  for (int g = 0; g < T5_GROUPS; g++) log->gates |= !isnan(p->openness[g]);
  return STATUS_OK;
}

/* A last line without its newline is still being written by a run; it is left out. */
static Status add_lines(RunLog *log, const char *path, const char *text, size_t size, Error *err) {
  size_t lines = 0, at = 0;
  double best = INFINITY;
  for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
  if (lines == 0)
    return error_set(err, STATUS_INPUT, "%s: no line; the run has not made a step yet", path);
  log->point = calloc(lines, sizeof *log->point);
  if (!log->point) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  for (size_t i = 0; i < lines; i++) {
    size_t end = (size_t)((const char *)memchr(text + at, '\n', size - at) - text);
    JsonDoc doc = {.file = path, .line = (int64_t)i + 1, .byte = (int64_t)at};
    TRY(add_line(log, &doc, text + at, end - at, &best, err));
    at = end + 1;
  }
  return STATUS_OK;
}

Status run_log_read(RunLog *log, const char *dir, Error *err) {
  *log = (RunLog){.best_step = -1};
  char *path = path_below(dir, METRICS_JSONL), *text = NULL;
  size_t size = 0;
  if (!path) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  Status status = dir_require(dir, METRICS_JSONL, "a training run (skein train makes one)", err);
  if (status == STATUS_OK) status = file_read(path, METRICS_MOST, &text, &size, err);
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
