#include "infer/eval/eval_timing.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/csv.h"
#include "data/text/json.h"
#include "data/text/json_put.h"

#define FORMAT "skein-timing"
enum { VERSION = 1, LARGEST = 1 << 16 };

double timing_clock(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static char *timing_path(const CellParts *p, const char *kept) {
  return eval_cell_path(p->spec->settings.output, p->method->name, p->task->name, kept,
                        CELL_TIMING);
}

/* ---- a cell's ---- */

static Status get_timing(const JsonDoc *doc, const char *identity, CellTiming *timing) {
  const char *said;
  TRY(json_get_string(doc, "identity", &said, NULL));
  if (strcmp(said, identity) != 0) return STATUS_MISMATCH;
  TRY(json_get_real(doc, "seconds", 0, 1e12, &timing->answering, NULL));
  return json_get_real(doc, "preparation_seconds", 0, 1e12, &timing->preparation, NULL);
}

/* What is no timing of this identity is none. */
static void parse_timing(EvalCell *cell, const char *path, const char *text, size_t size) {
  JsonDoc doc = {.file = path};
  CellTiming read = {0};
  const bool whole = json_parse(&doc, text, size, NULL) == STATUS_OK &&
                     get_timing(&doc, cell->identity, &read) == STATUS_OK;
  if (whole) cell->timing = read;
  json_free(&doc);
}

Status eval_timing_read(EvalCell *cell, const CellParts *p, Error *err) {
  char *path = timing_path(p, cell->kept ? cell->identity : NULL), *text = NULL;
  size_t size = 0;
  cell->timing = (CellTiming){0};
  if (!path) return error_set(err, STATUS_RUN, "%s: out of memory", p->task->name);
  Status status = file_exists(path) ? file_read(path, LARGEST, &text, &size, err) : STATUS_OK;
  if (text) parse_timing(cell, path, text, size);
  free(text);
  free(path);
  return status;
}

static Status make_dir_of(const char *path, Error *err) {
  char *dir = path_parent(path);
  Status status = dir ? dir_make(dir, err) : error_set(err, STATUS_RUN, "%s: out of memory", path);
  free(dir);
  return status;
}

Status eval_timing_write(const EvalCell *cell, const CellParts *p, Error *err) {
  char *path = timing_path(p, NULL);
  json_t *root = json_object();
  json_put(&root, "format", json_string(FORMAT));
  json_put(&root, "version", json_integer(VERSION));
  json_put(&root, "identity", json_string(cell->identity));
  json_put(&root, "seconds", json_real(cell->timing.answering));
  json_put(&root, "preparation_seconds", json_real(cell->timing.preparation));
  Status status =
      path && root ? make_dir_of(path, err) : error_set(err, STATUS_RUN, "out of memory: a timing");
  if (status == STATUS_OK) status = json_write_file(root, path, err);
  json_decref(root);
  free(path);
  return status;
}

/* ---- of an evaluation ---- */

static double cell_tokens(const EvalCell *cell) {
  return (double)(cell->cost.input_tokens + cell->cost.output_tokens);
}

static double rate(double count, double seconds) {
  return seconds > 0 ? count / seconds : 0;
}

static void put_line(const EvalTask *task, const EvalMethod *method, const EvalCell *cell,
                     FILE *out) {
  const CellTiming *t = &cell->timing;
  csv_put(out, task->name);
  fputc(',', out);
  csv_put(out, method->name);
  if (t->answering > 0) {
    fprintf(out, ",%.6g,%.6g,%.6g,%.6g\n", t->answering, t->preparation,
            rate((double)cell->items, t->answering), rate(cell_tokens(cell), t->answering));
  } else {
    fputs(",,,,\n", out);
  }
}

Status eval_timings_csv(const Evaluation *e, FILE *out, Error *err) {
  (void)err;
  fputs("task,method,seconds,preparation_seconds,examples_per_second,tokens_per_second\n", out);
  for (int t = 0; t < e->spec->tasks; t++) {
    for (int m = 0; m < e->spec->methods; m++) {
      const EvalCell *cell = evaluation_cell(e, m, t);
      if (cell->state == CELL_DONE) put_line(&e->spec->task[t], e->spec->method[m], cell, out);
    }
  }
  return STATUS_OK;
}
