/* Reading ablation.csv. */
#include "tools/plot/ablation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json.h"

enum { LARGEST = 1 << 28, FIXED = 9 }; /* columns beside the axes */

static const char *const AFTER[FIXED - 1] = {"group", "task", "metric", "score",
                                             "low",   "high", "n",      "examples_per_second"};

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: an ablation");
}

/* ---- lines of CSV ---- */

/* Cuts a line into fields in place; returns how many there are, at most `most` are kept. */
static int split_line(char *line, char **field, int most) {
  int n = 0;
  for (char *in = line;; in++) {
    char *out = in;
    if (n < most) field[n] = out;
    n++;
    bool quoted = *in == '"';
    if (quoted) in++;
    while (*in && (quoted || *in != ',')) {
      if (quoted && *in == '"') {
        if (in[1] != '"') {
          quoted = false;
          in++;
          continue;
        }
        in++;
      }
      *out++ = *in++;
    }
    bool last = *in == '\0';
    *out = '\0';
    if (last) return n;
  }
}

static Status bad_line(const char *path, int line, const char *what, Error *err) {
  return error_set(err, STATUS_INPUT, "%s: line %d: %s; is it the work of skein ablate?", path,
                   line, what);
}

/* method, the axes, then the fixed columns. */
static Status read_header(Ablation *a, const char *path, char *line, Error *err) {
  int most = 64 + FIXED;
  char *field[64 + FIXED];
  int n = split_line(line, field, most), axes = n - FIXED - 1;
  bool right = axes > 0 && n <= most && strcmp(field[0], "method") == 0;
  for (int i = 0; right && i < FIXED - 1; i++) right = strcmp(field[1 + axes + i], AFTER[i]) == 0;
  if (!right) return bad_line(path, 1, "the columns are not those of an ablation", err);
  a->axis = calloc((size_t)axes, sizeof(char *));
  if (!a->axis) return no_memory(err);
  for (a->axes = 0; a->axes < axes; a->axes++) {
    a->axis[a->axes] = strdup(field[1 + a->axes]);
    if (!a->axis[a->axes]) return no_memory(err);
  }
  return STATUS_OK;
}

bool ablation_number(const char *text, double *x) {
  char *end;
  *x = strtod(text, &end);
  return end != text && !*end && isfinite(*x);
}

static Status keep_row(Ablation *a, const char *path, int line, char **field, Error *err) {
  AblationRow *grown = realloc(a->row, (size_t)(a->rows + 1) * sizeof *grown);
  if (!grown) return no_memory(err);
  a->row = grown;
  AblationRow *row = &a->row[a->rows++];
  char **after = field + 1 + a->axes;
  *row = (AblationRow){.value = calloc((size_t)a->axes, sizeof(char *)),
                       .method = strdup(field[0]),
                       .group = strdup(after[0]),
                       .metric = strdup(after[2]),
                       .scored = strcmp(after[8], "done") == 0};
  if (!row->value || !row->method || !row->group || !row->metric) return no_memory(err);
  for (int i = 0; i < a->axes; i++) {
    row->value[i] = strdup(field[1 + i]);
    if (!row->value[i]) return no_memory(err);
  }
  if (row->scored &&
      !(ablation_number(after[3], &row->score) && ablation_number(after[4], &row->low) &&
        ablation_number(after[5], &row->high)))
    return bad_line(path, line, "score, low and high must be numbers", err);
  return STATUS_OK;
}

static Status read_lines(Ablation *a, const char *path, char *text, Error *err) {
  char **field = NULL;
  Status status = STATUS_OK;
  int number = 1;
  for (char *line; status == STATUS_OK && (line = strsep(&text, "\n")) && *line; number++) {
    if (number == 1) {
      status = read_header(a, path, line, err);
      if (status == STATUS_OK && !(field = calloc((size_t)(a->axes + FIXED + 1), sizeof *field)))
        status = no_memory(err);
      continue;
    }
    int n = split_line(line, field, a->axes + FIXED + 1);
    if (n != a->axes + FIXED + 1) {
      status = bad_line(path, number, "another number of columns than in the first line", err);
    } else if (strcmp(field[2 + a->axes], "mean") == 0) {
      status = keep_row(a, path, number, field, err);
    }
  }
  free(field);
  if (status == STATUS_OK && a->rows == 0) return bad_line(path, 1, "there are no means", err);
  return status;
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
static void read_pool(Ablation *a, const char *dir) {
  char *path = path_join(dir, "table.json");
  JsonDoc doc = {0};
  const char *pool;
  if (path && json_parse_file(&doc, path, LARGEST, NULL) == STATUS_OK && json_has(&doc, "pool") &&
      json_get_string(&doc, "pool", &pool, NULL) == STATUS_OK) {
    snprintf(a->pool, sizeof a->pool, "%s", pool);
  }
  json_free(&doc);
  free(path);
}

Status ablation_read(Ablation *a, const char *dir, Error *err) {
  *a = (Ablation){0};
  char *text = NULL, *path = path_join(dir, "ablation.csv");
  size_t size;
  Status status = path ? file_read(path, LARGEST, &text, &size, err) : no_memory(err);
  if (status == STATUS_OK) status = read_lines(a, path, text, err);
  if (status == STATUS_OK) status = find_groups(a, err);
  if (status == STATUS_OK) read_pool(a, dir);
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
