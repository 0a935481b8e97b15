#include "tools/plot/timings_file.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/csv.h"

enum { LARGEST = 1 << 28, COLUMNS = 6, TASK = 0, METHOD, SECONDS, PREPARATION, ITEMS, TOKENS };

static const char *const COLUMN[COLUMNS] = {
    [TASK] = "task",
    [METHOD] = "method",
    [SECONDS] = "seconds",
    [PREPARATION] = "preparation_seconds",
    [ITEMS] = "examples_per_second",
    [TOKENS] = "tokens_per_second",
};

static Status bad_row(const CsvReader *r, const char *what, Error *err) {
  return error_set(err, STATUS_INPUT, "%s: line %" PRId64 ": %s; is it the work of skein eval?",
                   r->path, r->line, what);
}

static Status read_columns(CsvReader *r, char *field[COLUMNS], int *n, Error *err) {
  TRY(csv_read(r, field, COLUMNS, n, err));
  return *n == 0 || *n == COLUMNS ? STATUS_OK : bad_row(r, "want 6 columns", err);
}

static Status read_head(CsvReader *r, Error *err) {
  char *field[COLUMNS];
  int n;
  TRY(read_columns(r, field, &n, err));
  for (int i = 0; i < COLUMNS; i++) {
    if (n == 0 || strcmp(field[i], COLUMN[i]) != 0)
      return bad_row(r, "the columns are not those of timings", err);
  }
  return STATUS_OK;
}

static bool is_seconds(const char *text, double *x) {
  char *end;
  *x = strtod(text, &end);
  return end != text && !*end && isfinite(*x) && *x >= 0;
}

static int find_method(const Results *r, const char *name) {
  for (int m = 0; m < r->methods; m++)
    if (strcmp(r->method[m].name, name) == 0) return m;
  return -1;
}

static Status add_line(GroupTiming *timing, const Results *r, const CsvReader *reader,
                       char *const field[COLUMNS], Error *err) {
  double seconds, preparation, rate;
  const int t = results_find_task(r, field[TASK]), m = find_method(r, field[METHOD]);
  if (t < 0 || m < 0 || !*field[SECONDS]) return STATUS_OK;
  if (!is_seconds(field[SECONDS], &seconds) || !is_seconds(field[PREPARATION], &preparation) ||
      !is_seconds(field[TOKENS], &rate))
    return bad_row(reader, "seconds and rates must be numbers", err);
  GroupTiming *its = &timing[r->task[t].group * r->methods + m];
  its->seconds += seconds;
  its->tokens += seconds * rate;
  its->preparation = fmax(its->preparation, preparation);
  return STATUS_OK;
}

static Status read_text(GroupTiming *timing, const Results *r, const char *path, char *text,
                        size_t size, Error *err) {
  CsvReader reader;
  TRY(csv_open(&reader, path, text, size, err));
  TRY(read_head(&reader, err));
  while (*reader.at) {
    char *field[COLUMNS];
    int n;
    TRY(read_columns(&reader, field, &n, err));
    if (n == 0) break;
    TRY(add_line(timing, r, &reader, field, err));
  }
  return STATUS_OK;
}

Status timings_read(GroupTiming **timing, const Results *r, const char *dir, Error *err) {
  char *text = NULL, *path = path_below(dir, "timings.csv");
  size_t size;
  *timing = calloc((size_t)r->groups * (size_t)r->methods + 1, sizeof **timing);
  Status status = path && *timing
                      ? dir_require(dir, "timings.csv", "an evaluation that keeps timings", err)
                      : error_set(err, STATUS_RUN, "%s: out of memory", dir);
  if (status == STATUS_OK) status = file_read(path, LARGEST, &text, &size, err);
  if (status == STATUS_OK) status = read_text(*timing, r, path, text, size, err);
  free(text);
  free(path);
  return status;
}
