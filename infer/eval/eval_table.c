#include "infer/eval/eval_table.h"

#include <stdlib.h>

#include "autograd/ground/visible.h"
#include "data/file/file.h"
#include "data/file/path.h"
#include "infer/eval/eval_best.h"
#include "infer/eval/eval_cost.h"
#include "infer/eval/eval_long.h"
#include "infer/eval/eval_mean.h"
#include "infer/eval/eval_notes.h"
#include "infer/eval/eval_spell.h"
#include "infer/eval/eval_split.h"
#include "infer/eval/eval_timing.h"

/* ---- rows ---- */

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: a table");
}

/* The rows of every table; `eligible` [rows]: sees no labels. */
typedef struct TableRows {
  int *method;
  bool *eligible;
  int count;
  bool *best; /* [rows], and task [tasks]: room for the columns in turn */
  int *task;
} TableRows;

static Status table_rows(TableRows *rows, const EvalSpec *spec, Error *err) {
  *rows = (TableRows){.method = calloc((size_t)spec->methods, sizeof *rows->method),
                      .eligible = calloc((size_t)spec->methods, sizeof *rows->eligible),
                      .best = calloc((size_t)spec->methods, sizeof *rows->best),
                      .task = calloc((size_t)spec->tasks, sizeof *rows->task)};
  if (!rows->method || !rows->eligible || !rows->best || !rows->task) return no_memory(err);
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
  free(rows->best);
  free(rows->task);
}

/* ---- columns ---- */

/* What a table is made from. */
typedef struct Making {
  const Evaluation *e;
  TableRows rows;
  const char **group; /* [groups] */
  int groups;
  EvalScored *scored;
} Making;

/* Marks a column over the first tasks of rows.task. */
static Status mark_best(const Making *m, Grid *g, int col, int tasks, Error *err) {
  const TableRows *rows = &m->rows;
  const BestOf of = {rows->method, rows->eligible, rows->count, rows->task, tasks};
  TRY(eval_best(m->scored, &of, rows->best, err));
  for (int r = 0; r < rows->count; r++) grid_at(g, r, col)->best = rows->best[r];
  return STATUS_OK;
}

static Status fill_task(const Making *m, Grid *g, int col, int task, Error *err) {
  g->col[col] = m->e->spec->task[task].name;
  for (int r = 0; r < m->rows.count; r++) {
    const EvalCell *cell = evaluation_cell(m->e, m->rows.method[r], task);
    const CellScore *s = &cell->score[0];
    *grid_at(g, r, col) =
        (GridValue){.state = cell->state, .score = s->score, .interval = s->interval};
  }
  m->rows.task[0] = task;
  return mark_best(m, g, col, 1, err);
}

/* The means over the tasks of a group (NULL: all). */
static Status fill_mean(const Making *m, Grid *g, int col, const char *name, const char *group,
                        Error *err) {
  int tasks = 0;
  g->col[col] = name;
  for (int t = 0; t < m->e->spec->tasks; t++) {
    if (eval_task_in(&m->e->spec->task[t], group)) m->rows.task[tasks++] = t;
  }
  for (int r = 0; r < m->rows.count; r++) {
    const EvalMean mean = eval_mean(m->e, m->rows.method[r], group);
    *grid_at(g, r, col) =
        (GridValue){.state = mean.state, .score = mean.score, .interval = mean.interval};
  }
  return mark_best(m, g, col, tasks, err);
}

/* ---- grids ---- */

static Status new_grid(const Making *m, Grid *g, int cols, Error *err) {
  TRY(grid_new(g, m->rows.count, cols, err));
  for (int r = 0; r < m->rows.count; r++) g->row[r] = m->e->spec->method[m->rows.method[r]]->name;
  return STATUS_OK;
}

/* Methods by the tasks of a group, and their mean. */
static Status group_grid(const Making *m, Grid *g, const char *group, Error *err) {
  const EvalSpec *spec = m->e->spec;
  int tasks = 0, col = 0;
  for (int t = 0; t < spec->tasks; t++) tasks += eval_task_in(&spec->task[t], group);
  TRY(new_grid(m, g, tasks + (tasks > 1), err));
  snprintf(g->title, sizeof g->title, "%.100s: %s, percent", group, eval_metric_words(spec, group));
  for (int t = 0; t < spec->tasks; t++) {
    if (eval_task_in(&spec->task[t], group)) TRY(fill_task(m, g, col++, t, err));
  }
  return tasks > 1 ? fill_mean(m, g, col, "mean", group, err) : STATUS_OK;
}

/* Methods by groups, and the mean over all tasks. */
static Status means_grid(const Making *m, Grid *g, Error *err) {
  TRY(new_grid(m, g, m->groups + 1, err));
  snprintf(g->title, sizeof g->title, "means: %s, percent", eval_metric_words(m->e->spec, NULL));
  for (int c = 0; c < m->groups; c++) TRY(fill_mean(m, g, c, m->group[c], m->group[c], err));
  return fill_mean(m, g, m->groups, "all tasks", NULL, err);
}

static Status make_grids(EvalTable *t, const Making *m, Error *err) {
  const int grids = m->groups > 1 ? m->groups + 1 : m->groups;
  t->grid = calloc((size_t)grids, sizeof *t->grid);
  if (!t->grid) return no_memory(err);
  while (t->grids < grids) {
    const int which = t->grids++;
    Grid *g = &t->grid[which];
    TRY(which < m->groups ? group_grid(m, g, m->group[which], err) : means_grid(m, g, err));
  }
  return STATUS_OK;
}

Status eval_table_make(EvalTable *t, const Evaluation *e, Error *err) {
  Making m = {.e = e, .group = calloc((size_t)e->spec->tasks, sizeof *m.group)};
  *t = (EvalTable){.e = e};
  Status status = m.group ? table_rows(&m.rows, e->spec, err) : no_memory(err);
  if (status == STATUS_OK) status = eval_scored_new(&m.scored, e, err);
  if (status == STATUS_OK) m.groups = eval_spec_groups(e->spec, m.group);
  if (status == STATUS_OK) status = make_grids(t, &m, err);
  if (status == STATUS_OK) status = eval_split(e->spec, m.rows.method, &t->grid, &t->grids, err);
  eval_scored_free(m.scored);
  free_rows(&m.rows);
  free(m.group);
  return status;
}

void eval_table_free(EvalTable *t) {
  for (int i = 0; i < t->grids; i++) grid_free(&t->grid[i]);
  free(t->grid);
  *t = (EvalTable){0};
}

/* ---- all tables in one form ---- */

#define BEST_WORDS     "better than each other method that sees no labels (p < 0.05, see skein compare)"
#define INTERVAL_WORDS "half of the 95 % bootstrap interval; none where all items score the same"

typedef Status (*PrintGrid)(const Grid *g, const char *name, FILE *out, Error *err);

static Status print_grids(const EvalTable *t, PrintGrid print, FILE *out, Error *err) {
  for (int i = 0; i < t->grids; i++) {
    if (i) fputc('\n', out);
    TRY(print(&t->grid[i], "method", out, err));
  }
  return STATUS_OK;
}

Status eval_table_text(const EvalTable *t, FILE *out, Error *err) {
  TRY(print_grids(t, grid_text, out, err));
  TRY(eval_costs_put(t->e, &form_text, out, err));
  fputs("\n* " BEST_WORDS "\n± " INTERVAL_WORDS "\n", out);
  eval_notes_put(t->e, &(NoteStyle){"", visible_put}, out);
  return STATUS_OK;
}

static Status table_markdown(const EvalTable *t, FILE *out, Error *err) {
  TRY(print_grids(t, grid_markdown, out, err));
  TRY(eval_costs_put(t->e, &form_markdown, out, err));
  fputs("\nBold: " BEST_WORDS ". ±: " INTERVAL_WORDS ".\n", out);
  eval_notes_put(t->e, &(NoteStyle){"\n", markdown_put}, out);
  return STATUS_OK;
}

static Status table_latex(const EvalTable *t, FILE *out, Error *err) {
  fputs("% needs \\usepackage{booktabs}\n", out);
  TRY(print_grids(t, grid_latex, out, err));
  TRY(eval_costs_put(t->e, &form_latex, out, err));
  fputs("% bold: " BEST_WORDS "\n% \\pm: " INTERVAL_WORDS "\n", out);
  eval_notes_put(t->e, &(NoteStyle){"% ", latex_put}, out);
  return STATUS_OK;
}

static Status table_csv(const EvalTable *t, FILE *out, Error *err) {
  return eval_long_csv(t->e, out, err);
}

static Status table_timings(const EvalTable *t, FILE *out, Error *err) {
  return eval_timings_csv(t->e, out, err);
}

static Status table_json(const EvalTable *t, FILE *out, Error *err) {
  return eval_long_json(t->e, out, err);
}

static Status table_failures(const EvalTable *t, FILE *out, Error *err) {
  return eval_failures_jsonl(t->e, out, err);
}

/* ---- files ---- */

typedef Status (*WriteTable)(const EvalTable *t, FILE *out, Error *err);

static Status write_file(const EvalTable *t, const char *name, WriteTable write, Error *err) {
  char *path = path_below(t->e->spec->settings.output, name);
  if (!path) return error_set(err, STATUS_RUN, "%s: out of memory", name);
  AtomicFile file = {0};
  Status status = atomic_open(&file, path, err);
  if (status == STATUS_OK) status = write(t, file.stream, err);
  if (status == STATUS_OK) status = atomic_commit(&file, err);
  atomic_abort(&file);
  free(path);
  return status;
}

static Status write_failures(const EvalTable *t, Error *err) {
  if (evaluation_count(t->e, CELL_FAILED))
    return write_file(t, "failures.jsonl", table_failures, err);
  char *path = path_below(t->e->spec->settings.output, "failures.jsonl");
  Status status = path ? file_remove(path, err) /* of an earlier run */
                       : error_set(err, STATUS_RUN, "out of memory: the failures");
  free(path);
  return status;
}

Status eval_table_write(const EvalTable *t, Error *err) {
  TRY(write_file(t, "table.txt", eval_table_text, err));
  TRY(write_file(t, "table.md", table_markdown, err));
  TRY(write_file(t, "table.tex", table_latex, err));
  TRY(write_file(t, "table.csv", table_csv, err));
  TRY(write_file(t, "timings.csv", table_timings, err));
  TRY(write_file(t, "table.json", table_json, err));
  return write_failures(t, err);
}
