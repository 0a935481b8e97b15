#include "train/metrics.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/file/file.h"
#include "data/file/path.h"

struct Metrics {
  char *jsonl, *csv;
  FILE *stream; /* appends to metrics.jsonl, which alone keeps the rows */
};

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the metrics");
}

/* ---- metrics.jsonl ---- */

/* The lines of a text, without their ends; a last one that a crash cut short is none. */
typedef struct Lines {
  const char *at, *end;
} Lines;

static bool next_line(Lines *l, const char **line, size_t *size) {
  const char *newline = l->at < l->end ? memchr(l->at, '\n', (size_t)(l->end - l->at)) : NULL;
  if (!newline) return false;
  *line = l->at;
  *size = (size_t)(newline - l->at);
  l->at = newline + 1;
  return true;
}

static Lines lines_of(const MappedFile *f) {
  const char *text = (const char *)f->data;
  return (Lines){text, text ? text + f->size : text};
}

/* A line is a row where run_log.h would read it. */
static bool is_kept(const char *path, const char *line, size_t size, int64_t keep) {
  JsonDoc row = {.file = path};
  int64_t step;
  bool kept = json_parse(&row, line, size, NULL) == STATUS_OK &&
              json_get_int(&row, "step", INT64_MIN, keep, &step, NULL) == STATUS_OK;
  json_free(&row);
  return kept;
}

/* The rows of steps <= keep from an earlier part of the run, as they are there. */
static Status copy_rows(const Metrics *m, int64_t keep, FILE *out, Error *err) {
  MappedFile old;
  const char *line;
  size_t size;
  TRY(mapped_open(&old, m->jsonl, err));
  for (Lines lines = lines_of(&old); next_line(&lines, &line, &size);) {
    if (is_kept(m->jsonl, line, size, keep)) fwrite(line, 1, size + 1, out);
  }
  Status status = mapped_unchanged(&old, err);
  mapped_close(&old);
  return status;
}

static Status rewrite_jsonl(const Metrics *m, int64_t keep, Error *err) {
  AtomicFile file = {0};
  bool earlier = keep >= 0 && file_exists(m->jsonl);
  TRY(atomic_open(&file, m->jsonl, err));
  Status status = earlier ? copy_rows(m, keep, file.stream, err) : STATUS_OK;
  if (status == STATUS_OK) status = atomic_commit(&file, err);
  atomic_abort(&file);
  return status;
}

Status metrics_open(Metrics **out, const char *dir, int64_t keep, Error *err) {
  Metrics *m = *out = calloc(1, sizeof *m);
  if (!m) return no_memory(err);
  m->jsonl = path_join(dir, METRICS_JSONL);
  m->csv = path_join(dir, METRICS_CSV);
  if (!m->jsonl || !m->csv) return no_memory(err);
  TRY(rewrite_jsonl(m, keep, err));
  return file_append(&m->stream, m->jsonl, err);
}

void metrics_close(Metrics *m) {
  if (!m) return;
  if (m->stream) fclose(m->stream);
  free(m->jsonl);
  free(m->csv);
  free(m);
}

Status metrics_add(Metrics *m, const MetricsRow *row, Error *err) {
  json_t *json = metrics_row_json(row);
  char *line = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
  json_decref(json);
  if (!line) return no_memory(err);
  bool written = fprintf(m->stream, "%s\n", line) >= 0 && fflush(m->stream) == 0;
  free(line);
  return written ? STATUS_OK : error_set_errno(err, STATUS_RUN, "%s: cannot write", m->jsonl);
}

/* ---- metrics.csv ---- */

static void put_value(FILE *f, const json_t *value) {
  if (json_is_integer(value)) fprintf(f, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
  if (json_is_real(value)) fprintf(f, "%.9g", json_real_value(value));
  if (json_is_boolean(value)) fprintf(f, "%d", json_is_true(value));
}

/* The columns of one value, then those of a value a group. */
static void put_header(FILE *f) {
  for (int i = 0; i < METRICS_COLUMNS; i++) {
    MetricsColumn c = metrics_column(i);
    if (!c.grouped) fprintf(f, "%s%s", i ? "," : "", c.name);
  }
  for (int i = 0; i < METRICS_COLUMNS; i++) {
    MetricsColumn c = metrics_column(i);
    for (int g = 0; c.grouped && g < T5_GROUPS; g++) fprintf(f, ",%s.%s", c.name, T5_GROUP[g]);
  }
  fputc('\n', f);
}

static void put_groups(FILE *f, const json_t *values) {
  for (int g = 0; g < T5_GROUPS; g++) {
    fputc(',', f);
    put_value(f, json_object_get(values, T5_GROUP[g]));
  }
}

static void put_row(FILE *f, const json_t *row) {
  for (int i = 0; i < METRICS_COLUMNS; i++) {
    MetricsColumn c = metrics_column(i);
    if (c.grouped) continue;
    if (i) fputc(',', f);
    put_value(f, json_object_get(row, c.name));
  }
  for (int i = 0; i < METRICS_COLUMNS; i++) {
    MetricsColumn c = metrics_column(i);
    if (c.grouped) put_groups(f, json_object_get(row, c.name));
  }
  fputc('\n', f);
}

static Status put_rows(const Metrics *m, FILE *out, Error *err) {
  MappedFile rows;
  const char *line;
  size_t size;
  TRY(mapped_open(&rows, m->jsonl, err));
  Status status = STATUS_OK;
  for (Lines lines = lines_of(&rows); status == STATUS_OK && next_line(&lines, &line, &size);) {
    JsonDoc row = {.file = m->jsonl};
    if (json_parse(&row, line, size, NULL) == STATUS_OK) {
      put_row(out, row.root);
    } else {
      status = error_set(err, STATUS_RUN, "%s: was changed while the run writes it", m->jsonl);
    }
    json_free(&row);
  }
  mapped_close(&rows);
  return status;
}

Status metrics_flush(Metrics *m, Error *err) {
  if (fflush(m->stream) != 0 || fsync(fileno(m->stream)) != 0) {
    return error_set_errno(err, STATUS_RUN, "%s: cannot write", m->jsonl);
  }
  AtomicFile file = {0};
  TRY(atomic_open(&file, m->csv, err));
  put_header(file.stream);
  Status status = put_rows(m, file.stream, err);
  if (status == STATUS_OK) status = atomic_commit(&file, err);
  atomic_abort(&file);
  return status;
}
