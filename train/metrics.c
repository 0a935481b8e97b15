#include "train/metrics.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "autograd/ground/array.h"
#include "data/file/file.h"
#include "data/file/path.h"

/* A row is kept as its JSON, which is what both files are written from. */
struct Metrics {
  char *jsonl, *csv;
  FILE *stream;
  json_t **row;
  size_t rows;
};

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the metrics");
}

static Status keep_row(Metrics *m, json_t *row, Error *err) {
  if (!row) return no_memory(err);
  json_t **grown = array_grow(m->row, m->rows, 1, sizeof(json_t *));
  if (!grown) {
    json_decref(row);
    return no_memory(err);
  }
  m->row = grown;
  m->row[m->rows++] = row;
  return STATUS_OK;
}

/* ---- metrics.jsonl ---- */

static Status write_line(FILE *stream, const json_t *row, const char *path, Error *err) {
  char *line = json_dumps(row, JSON_COMPACT | JSON_REAL_PRECISION(9));
  if (!line) return no_memory(err);
  int written = fprintf(stream, "%s\n", line);
  free(line);
  return written < 0 ? error_set_errno(err, STATUS_RUN, "%s: cannot write", path) : STATUS_OK;
}

/* Keeps the rows of steps <= keep from an earlier part of the run. A last line that a crash cut
 * short is dropped: its step is done again. */
static Status read_rows(Metrics *m, int64_t keep, Error *err) {
  char *text = NULL;
  size_t size = 0;
  TRY(file_read(m->jsonl, METRICS_MOST, &text, &size, err));
  Status status = STATUS_OK;
  for (char *line = text, *end; status == STATUS_OK && (end = strchr(line, '\n')); line = end + 1) {
    json_t *row = json_loadb(line, (size_t)(end - line), 0, NULL);
    json_t *step = json_object_get(row, "step");
    if (json_is_integer(step) && json_integer_value(step) <= keep) {
      status = keep_row(m, row, err);
    } else {
      json_decref(row);
    }
  }
  free(text);
  return status;
}

static Status rewrite_jsonl(const Metrics *m, Error *err) {
  AtomicFile file = {0};
  TRY(atomic_open(&file, m->jsonl, err));
  for (size_t i = 0; i < m->rows; i++) {
    Status status = write_line(file.stream, m->row[i], m->jsonl, err);
    if (status == STATUS_OK) continue;
    atomic_abort(&file);
    return status;
  }
  return atomic_commit(&file, err);
}

Status metrics_open(Metrics **out, const char *dir, int64_t keep, Error *err) {
  Metrics *m = *out = calloc(1, sizeof *m);
  if (!m) return no_memory(err);
  m->jsonl = path_join(dir, METRICS_JSONL);
  m->csv = path_join(dir, METRICS_CSV);
  if (!m->jsonl || !m->csv) return no_memory(err);
  if (keep >= 0 && access(m->jsonl, F_OK) == 0) TRY(read_rows(m, keep, err));
  TRY(rewrite_jsonl(m, err));
  m->stream = fopen(m->jsonl, "ae");
  if (!m->stream) return error_set_errno(err, STATUS_RUN, "%s: cannot append", m->jsonl);
  return STATUS_OK;
}

void metrics_close(Metrics *m) {
  if (!m) return;
  if (m->stream) fclose(m->stream);
  for (size_t i = 0; i < m->rows; i++) json_decref(m->row[i]);
  free(m->row);
  free(m->jsonl);
  free(m->csv);
  free(m);
}

Status metrics_add(Metrics *m, const MetricsRow *row, Error *err) {
  json_t *json = metrics_row_json(row);
  TRY(keep_row(m, json, err));
  TRY(write_line(m->stream, json, m->jsonl, err));
  if (fflush(m->stream) != 0) return error_set_errno(err, STATUS_RUN, "%s: cannot write", m->jsonl);
  return STATUS_OK;
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

Status metrics_flush(Metrics *m, Error *err) {
  if (fflush(m->stream) != 0 || fsync(fileno(m->stream)) != 0) {
    return error_set_errno(err, STATUS_RUN, "%s: cannot write", m->jsonl);
  }
  AtomicFile file = {0};
  TRY(atomic_open(&file, m->csv, err));
  put_header(file.stream);
  for (size_t i = 0; i < m->rows; i++) put_row(file.stream, m->row[i]);
  return atomic_commit(&file, err);
}
