#include "infer/eval/eval_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/visible.h"
#include "data/file/file.h"
#include "data/file/path.h"
#include "infer/eval/eval_grid.h"
#include "infer/eval/eval_long.h"
#include "infer/eval/eval_mean.h"
#include "infer/eval/eval_spell.h"

/* ---- grids ---- */

/* The rows of every table; `eligible` [rows]: sees no labels. */
typedef struct TableRows {
  int *method;
  bool *eligible;
  int count;
} TableRows;

static Status table_rows(TableRows *rows, const EvalSpec *spec, Error *err) {
  *rows = (TableRows){.method = calloc((size_t)spec->methods, sizeof *rows->method),
                      .eligible = calloc((size_t)spec->methods, sizeof *rows->eligible)};
  if (!rows->method || !rows->eligible) return error_set(err, STATUS_RUN, "out of memory: a table");
  for (int m = 0; m < spec->methods; m++) {
    if (!spec->method[m]->shown) continue;
    rows->eligible[rows->count] = spec->method[m]->rule == EVAL_ROUTED;
    rows->method[rows->count++] = m;
  }
  return STATUS_OK;
}

static void free_rows(TableRows *rows) {
  free(rows->method);
  free(rows->eligible);
}

static void set_mean(Grid *g, int row, int col, const EvalMean *mean) {
  *grid_at(g, row, col) = (GridValue){.state = mean->state, .score = mean->score};
}

/* Methods by the tasks of a group, and their mean. */
static Status group_grid(Grid *g, const Evaluation *e, const TableRows *rows, const char *group,
                         Error *err) {
  const EvalSpec *spec = e->spec;
  int tasks = 0;
  for (int t = 0; t < spec->tasks; t++) tasks += eval_task_in(&spec->task[t], group);
  TRY(grid_new(g, rows->count, tasks + (tasks > 1), err));
  snprintf(g->title, sizeof g->title, "%.100s: %s, percent", group, eval_metric_words(spec, group));
  for (int r = 0; r < rows->count; r++) {
    g->row[r] = spec->method[rows->method[r]]->name;
    int c = 0;
    for (int t = 0; t < spec->tasks; t++) {
      if (!eval_task_in(&spec->task[t], group)) continue;
      const EvalCell *cell = evaluation_cell(e, rows->method[r], t);
      g->col[c] = spec->task[t].name;
      *grid_at(g, r, c++) = (GridValue){.state = cell->state, .score = cell->score[0].score};
    }
    EvalMean mean = eval_mean(e, rows->method[r], group);
    if (tasks > 1) g->col[c] = "mean", set_mean(g, r, c, &mean);
  }
  grid_mark_columns(g, rows->eligible);
  return STATUS_OK;
}

/* Methods by groups, and the mean over all tasks. */
static Status means_grid(Grid *g, const Evaluation *e, const TableRows *rows, const char **group,
                         int groups, Error *err) {
  TRY(grid_new(g, rows->count, groups + 1, err));
  snprintf(g->title, sizeof g->title, "means: %s, percent", eval_metric_words(e->spec, NULL));
  for (int r = 0; r < rows->count; r++) {
    g->row[r] = e->spec->method[rows->method[r]]->name;
    for (int c = 0; c <= groups; c++) {
      EvalMean mean = eval_mean(e, rows->method[r], c < groups ? group[c] : NULL);
      g->col[c] = c < groups ? group[c] : "all tasks";
      set_mean(g, r, c, &mean);
    }
  }
  grid_mark_columns(g, rows->eligible);
  return STATUS_OK;
}

/* ---- all tables in one form ---- */

typedef Status (*PrintGrid)(const Grid *g, const char *name, FILE *out, Error *err);

static Status print_group(const Evaluation *e, const TableRows *rows, const char **group,
                          int groups, int which, PrintGrid print, FILE *out, Error *err) {
  Grid grid;
  if (which) fputc('\n', out);
  TRY(which < groups ? group_grid(&grid, e, rows, group[which], err)
                     : means_grid(&grid, e, rows, group, groups, err));
  Status status = print(&grid, "method", out, err);
  grid_free(&grid);
  return status;
}

static Status print_tables(const Evaluation *e, PrintGrid print, FILE *out, Error *err) {
  TableRows rows = {0};
  const char **group = calloc((size_t)e->spec->tasks, sizeof *group);
  Status status = group ? table_rows(&rows, e->spec, err)
                        : error_set(err, STATUS_RUN, "out of memory: the tables");
  int groups = status == STATUS_OK ? eval_spec_groups(e->spec, group) : 0;
  int tables = groups > 1 ? groups + 1 : groups;
  for (int i = 0; i < tables && status == STATUS_OK; i++)
    status = print_group(e, &rows, group, groups, i, print, out, err);
  free_rows(&rows);
  free(group);
  return status;
}

/* How a table's notes begin a line and put a name. */
typedef struct NoteStyle {
  const char *before;
  void (*put)(FILE *out, const char *text);
} NoteStyle;

/* Which expert a rule chose, task by task. */
static void print_choices(const Evaluation *e, int method, const NoteStyle *style, FILE *out) {
  const EvalSpec *spec = e->spec;
  fputs(style->before, out);
  style->put(out, spec->method[method]->name);
  fputs(" chose", out);
  for (int t = 0; t < spec->tasks; t++) {
    const EvalCell *cell = evaluation_cell(e, method, t);
    if (cell->state != CELL_DONE) continue;
    if (spec->method[method]->rule == EVAL_BEST_INDIVIDUAL) {
      fputc(' ', out);
      style->put(out, cell->expert);
      fputs(", by label\n", out);
      return;
    }
    fputs(t ? ", " : " ", out);
    style->put(out, spec->task[t].name);
    fputs(": ", out);
    style->put(out, cell->expert);
    if (!spec->task[t].expert) fputs(" (by label)", out);
  }
  fputc('\n', out);
}

/* A line about a task: what there is of it, and how many. */
static void print_count(const char *task, const char *what, int64_t count, const NoteStyle *style,
                        FILE *out) {
  fputs(style->before, out);
  style->put(out, task);
  fprintf(out, ": %s: %" PRId64, what, count);
}

/* The items that scores are without, and the choices that count as one. */
static void print_items(const Evaluation *e, const NoteStyle *style, FILE *out) {
  for (int t = 0; e->items && t < e->spec->tasks; t++) {
    const char *name = e->spec->task[t].name;
    int64_t odd = evaluation_left_out(e, t), all = evaluation_offered(e, t) + odd;
    int64_t same = items_same(e->items[t]).count, alike = items_alike(e->items[t]).count;
    if (odd) {
      print_count(name, "left out", odd, style, out);
      fprintf(out, " of %" PRId64 " items\n", all);
    }
    if (same) print_count(name, "choices that are the same", same, style, out), fputc('\n', out);
    if (alike) print_count(name, "choices alike to the model", alike, style, out), fputc('\n', out);
  }
}

/* Whose gates nobody vouches for. */
static void print_provenance(const Evaluation *e, const NoteStyle *style, FILE *out) {
  int count = e->pool ? pool_unverified(e->pool) : 0;
  if (count == 0) return;
  fprintf(out, "%sgates of unverified provenance: %d of %d experts", style->before, count,
          pool_count(e->pool));
  const char *between = ": ";
  for (int i = 0; i < pool_count(e->pool) && count < pool_count(e->pool); i++) {
    if (!pool_is_unverified(e->pool, i)) continue;
    fputs(between, out);
    style->put(out, pool_entry(e->pool, i)->name);
    between = ", ";
  }
  fputc('\n', out);
}

static void print_notes(const Evaluation *e, const NoteStyle *style, FILE *out) {
  for (int m = 0; m < e->spec->methods; m++) {
    if (e->spec->method[m]->rule != EVAL_ROUTED && e->spec->method[m]->shown)
      print_choices(e, m, style, out);
  }
  print_items(e, style, out);
  print_provenance(e, style, out);
  if (e->pool && !pool_files_verified(e->pool))
    fprintf(out, "%sthe pool's files were not compared with pool.yaml (verify: false)\n",
            style->before);
}

Status eval_table_text(const Evaluation *e, FILE *out, Error *err) {
  TRY(print_tables(e, grid_text, out, err));
  fputs("\n* best of the methods that see no labels\n", out);
  print_notes(e, &(NoteStyle){"", visible_put}, out);
  return STATUS_OK;
}

static Status table_markdown(const Evaluation *e, FILE *out, Error *err) {
  TRY(print_tables(e, grid_markdown, out, err));
  fputs("\nBold: best of the methods that see no labels.\n", out);
  print_notes(e, &(NoteStyle){"\n", markdown_put}, out);
  return STATUS_OK;
}

static Status table_latex(const Evaluation *e, FILE *out, Error *err) {
  fputs("% needs \\usepackage{booktabs}\n", out);
  TRY(print_tables(e, grid_latex, out, err));
  print_notes(e, &(NoteStyle){"% ", latex_put}, out);
  return STATUS_OK;
}

/* ---- files ---- */

typedef Status (*WriteTable)(const Evaluation *e, FILE *out, Error *err);

static Status write_file(const Evaluation *e, const char *name, WriteTable write, Error *err) {
  char *path = path_below(e->spec->settings.output, name);
  if (!path) return error_set(err, STATUS_RUN, "%s: out of memory", name);
  AtomicFile file = {0};
  Status status = atomic_open(&file, path, err);
  if (status == STATUS_OK) status = write(e, file.stream, err);
  if (status == STATUS_OK) status = atomic_commit(&file, err);
  atomic_abort(&file);
  free(path);
  return status;
}

static Status write_failures(const Evaluation *e, Error *err) {
  if (evaluation_count(e, CELL_FAILED))
    return write_file(e, "failures.jsonl", eval_failures_jsonl, err);
  char *path = path_below(e->spec->settings.output, "failures.jsonl");
  Status status = path ? file_remove(path, err) /* of an earlier run */
                       : error_set(err, STATUS_RUN, "out of memory: the failures");
  free(path);
  return status;
}

Status eval_table_write(const Evaluation *e, Error *err) {
  TRY(write_file(e, "table.txt", eval_table_text, err));
  TRY(write_file(e, "table.md", table_markdown, err));
  TRY(write_file(e, "table.tex", table_latex, err));
  TRY(write_file(e, "table.csv", eval_long_csv, err));
  TRY(write_file(e, "table.json", eval_long_json, err));
  return write_failures(e, err);
}
