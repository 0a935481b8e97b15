/* Reading ablation.csv. */
#include "tools/plot/ablation.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/csv.h"
#include "data/text/json.h"

enum {
  LARGEST = 1 << 28,
  AXES_MOST = 64,
  FIXED = 8,                            /* columns beside method and axes */
  COLUMNS_MOST = AXES_MOST + FIXED + 2, /* with the method, and with TIMED */
};

static const char *const AFTER[FIXED] = {"group", "task", "metric", "score",
                                         "low",   "high", "n",      "state"};
/* What versions before timings had files of their own wrote before the state. */
static const char TIMED[] = "examples_per_second";

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: an ablation");
}

static Status bad_row(const CsvReader *r, const char *what, Error *err) {
  return error_set(err, STATUS_INPUT, "%s: line %" PRId64 ": %s; is it the work of skein ablate?",
                   r->path, r->line, what);
}

/* The name of an axis is part of that of its figure. */
static Status add_axis(Ablation *a, const CsvReader *r, const char *name, Error *err) {
  if (!path_name_valid(name))
    return error_set(err, STATUS_INPUT,
                     "%s: line %" PRId64 ": the axis '%.80s' cannot name a figure; " PATH_NAME_RULE,
                     r->path, r->line, name);
  for (int i = 0; i < a->axes; i++) {
    if (strcmp(a->axis[i], name) == 0) return bad_row(r, "two axes have one name", err);
  }
  a->axis[a->axes] = strdup(name);
  return a->axis[a->axes++] ? STATUS_OK : no_memory(err);
}

/* method, the axes, then the fixed columns. */
static Status read_header(Ablation *a, CsvReader *r, Error *err) {
  char *field[COLUMNS_MOST];
  int n;
  TRY(csv_read(r, field, COLUMNS_MOST, &n, err));
  a->timed = n > FIXED && n <= COLUMNS_MOST && strcmp(field[n - 2], TIMED) == 0;
  if (a->timed) field[n - 2] = field[n - 1];
  int axes = n - a->timed - FIXED - 1;
  bool right = axes > 0 && axes <= AXES_MOST && strcmp(field[0], "method") == 0;
  for (int i = 0; right && i < FIXED; i++) right = strcmp(field[1 + axes + i], AFTER[i]) == 0;
  if (!right) return bad_row(r, "the columns are not those of an ablation", err);
  a->axis = calloc((size_t)axes, sizeof(char *));
  if (!a->axis) return no_memory(err);
  for (int i = 0; i < axes; i++) TRY(add_axis(a, r, field[1 + i], err));
  return STATUS_OK;
}

bool ablation_number(const char *text, double *x) {
  char *end;
  *x = strtod(text, &end);
  return end != text && !*end && isfinite(*x);
}

static Status keep_row(Ablation *a, const CsvReader *r, char **field, Error *err) {
  AblationRow *grown = array_grow(a->row, (size_t)a->rows, 1, sizeof *grown);
  if (!grown) return no_memory(err);
  a->row = grown;
  AblationRow *row = &a->row[a->rows++];
  char **after = field + 1 + a->axes;
  *row = (AblationRow){.value = calloc((size_t)a->axes, sizeof(char *)),
                       .method = strdup(field[0]),
                       .group = strdup(after[0]),
                       .metric = strdup(after[2]),
                       .scored = strcmp(after[FIXED - 1 + a->timed], "done") == 0};
  if (!row->value || !row->method || !row->group || !row->metric) return no_memory(err);
  for (int i = 0; i < a->axes; i++) {
    row->value[i] = strdup(field[1 + i]);
    if (!row->value[i]) return no_memory(err);
  }
  if (row->scored &&
      !(ablation_number(after[3], &row->score) && ablation_number(after[4], &row->low) &&
        ablation_number(after[5], &row->high)))
    return bad_row(r, "score, low and high must be numbers", err);
  return STATUS_OK;
}

static Status read_rows(Ablation *a, CsvReader *r, Error *err) {
  char *field[COLUMNS_MOST];
  int columns = a->axes + FIXED + 1 + a->timed;
  for (int n; *r->at;) {
    TRY(csv_read(r, field, columns, &n, err));
    if (n == 0) break;
    if (n != columns) return bad_row(r, "another number of columns than in the first line", err);
    if (strcmp(field[2 + a->axes], "mean") == 0) TRY(keep_row(a, r, field, err));
  }
  if (a->rows == 0) return bad_row(r, "there are no means", err);
  return STATUS_OK;
}

static Status read_text(Ablation *a, const char *path, char *text, size_t size, Error *err) {
  CsvReader r;
  TRY(csv_open(&r, path, text, size, err));
  TRY(read_header(a, &r, err));
  return read_rows(a, &r, err);
}

static Status find_groups(Ablation *a, Error *err) {
  a->group = calloc((size_t)a->rows, sizeof(char *));
  if (!a->group) return no_memory(err);
  for (int r = 0; r < a->rows; r++) {
    int g = 0;
    while (g < a->groups && strcmp(a->group[g], a->row[r].group) != 0) g++;
    if (g == a->groups) a->group[a->groups++] = a->row[r].group;
  }
  return STATUS_OK;
}

/* For titles; without table.json they do not name the pool. */
static Status read_pool(Ablation *a, const char *dir, Error *err) {
  char *path = path_below(dir, "table.json");
  if (!path) return no_memory(err);
  JsonDoc doc = {0};
  const char *pool = "";
  bool there = file_exists(path);
  Status status = there ? json_parse_file(&doc, path, LARGEST, err) : STATUS_OK;
  if (status == STATUS_OK && there && json_has(&doc, "pool"))
    status = json_get_string(&doc, "pool", &pool, err);
  snprintf(a->pool, sizeof a->pool, "%s", pool);
  json_free(&doc);
  free(path);
  return status;
}

Status ablation_read(Ablation *a, const char *dir, Error *err) {
  *a = (Ablation){0};
  char *text = NULL, *path = path_below(dir, "ablation.csv");
  size_t size;
  Status status = dir_require(dir, "ablation.csv", "an ablation (skein ablate makes one)", err);
  if (!path) status = no_memory(err);
  if (status == STATUS_OK) status = file_read(path, LARGEST, &text, &size, err);
  if (status == STATUS_OK) status = read_text(a, path, text, size, err);
  if (status == STATUS_OK) status = find_groups(a, err);
  if (status == STATUS_OK) status = read_pool(a, dir, err);
  free(text);
  free(path);
  return status;
}

void ablation_free(Ablation *a) {
  for (int r = 0; r < a->rows; r++) {
    AblationRow *row = &a->row[r];
    for (int i = 0; row->value && i < a->axes; i++) free(row->value[i]);
    free(row->value);
    free(row->method);
    free(row->group);
    free(row->metric);
  }
  for (int i = 0; i < a->axes; i++) free(a->axis[i]);
  free(a->axis);
  free(a->row);
  free(a->group);
  *a = (Ablation){0};
}
