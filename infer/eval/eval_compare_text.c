/* Comparisons as text, as Markdown and as LaTeX. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "infer/eval/eval_compare.h"
#include "infer/eval/eval_form.h"

enum { FIELD = 80 };
static const double SIGNIFICANT = 0.05;

static const char *method_name(const EvalComparison *c, int m) {
  return c->of->method[m].name;
}

/* ---- fields ---- */

/* "+5.0 [-1.2, +11.2]" */
static void difference_text(const Paired *p, char text[FIELD]) {
  snprintf(text, FIELD, "%+.1f [%+.1f, %+.1f]", p->difference, p->interval.low, p->interval.high);
}

static Status add_test(Columns *t, const char *const first[4], const Paired *p, double holm,
                       const char *won, Error *err) {
  char difference[FIELD], raw[P_TEXT], corrected[P_TEXT];
  difference_text(p, difference);
  p_text(p->p, raw);
  p_text(holm, corrected);
  const char *text[] = {first[0], first[1], first[2], first[3], difference, raw, corrected, won};
  return columns_add(t, text, err);
}

/* A row over items, and over tasks where there are several. */
static Status add_row(Columns *t, const CompareRow *row, const char *label, Error *err) {
  char items[FIELD], a[FIELD], b[FIELD], won[FIELD], tasks[FIELD];
  snprintf(items, sizeof items, "%" PRId64, row->items);
  snprintf(a, sizeof a, "%.1f", row->score_a);
  snprintf(b, sizeof b, "%.1f", row->score_b);
  snprintf(won, sizeof won, "%" PRId64 ":%" PRId64, row->won, row->lost);
  snprintf(tasks, sizeof tasks, "  over its %d tasks", row->tasks);
  TRY(add_test(t, (const char *[]){label, items, a, b}, &row->by_item, row->item_holm, won, err));
  if (row->tasks == 1) return STATUS_OK;
  return add_test(t, (const char *[]){tasks, "", "", ""}, &row->by_task, row->task_holm, "", err);
}

/* ---- tables ---- */

/* One pair: a row for each scope. */
static Status put_pair(const EvalComparison *c, const TableForm *f, FILE *out, Error *err) {
  const CompareRow *all = &c->row[c->rows - 1];
  const char *a = method_name(c, all->a), *b = method_name(c, all->b);
  char title[700];
  Columns t = {.cols = 8};
  const char *head[] = {"", "items", a, b, "difference", "p", "p (Holm)", "won:lost"};
  snprintf(title, sizeof title, "%.300s minus %.300s: %s, percent", a, b,
           all->metric ? all->metric : "each task's first metric");
  Status status = columns_add(&t, head, err);
  for (int i = 0; i < c->rows && status == STATUS_OK; i++)
    status = add_row(&t, &c->row[i], c->row[i].name, err);
  if (status == STATUS_OK) form_table(f, title, &t, out);
  columns_free(&t);
  return status;
}

static bool same_scope(const CompareRow *x, const CompareRow *y) {
  return x->scope == y->scope && strcmp(x->name, y->name) == 0;
}

/* All pairs on the scope of a row. */
static Status put_pairs(const EvalComparison *c, const CompareRow *scope, const TableForm *f,
                        FILE *out, Error *err) {
  static const char *const HEAD[] = {"pair",       "items", "first",    "second",
                                     "difference", "p",     "p (Holm)", "won:lost"};
  char title[400];
  Columns t = {.cols = 8};
  snprintf(title, sizeof title, "%.200s: %s, percent", scope->name,
           scope->metric ? scope->metric : "each task's first metric");
  Status status = columns_add(&t, HEAD, err);
  for (int i = 0; i < c->rows && status == STATUS_OK; i++) {
    const CompareRow *row = &c->row[i];
    char label[700];
    if (!same_scope(row, scope)) continue;
    snprintf(label, sizeof label, "%.300s - %.300s", method_name(c, row->a),
             method_name(c, row->b));
    status = add_row(&t, row, label, err);
  }
  if (status == STATUS_OK) form_table(f, title, &t, out);
  columns_free(&t);
  return status;
}

static void set_value(const Grid *g, int row, int col, const CompareRow *r, double sign) {
  const Interval i = r->by_item.interval;
  *grid_at(g, row, col) =
      (GridValue){.state = CELL_DONE,
                  .score = sign * r->by_item.difference,
                  .interval = sign > 0 ? i : (Interval){-i.high, -i.low},
                  .best = r->item_holm < SIGNIFICANT && sign * r->by_item.difference > 0};
}

static void set_p(const Grid *g, int row, int col, double p) {
  *grid_at(g, row, col) = (GridValue){.state = CELL_DONE, .score = p, .best = p < SIGNIFICANT};
}

/* Methods by methods, on the scope of all that is compared. */
static Status new_matrix(const EvalComparison *c, Grid *g, Error *err) {
  TRY(grid_new(g, c->of->methods, c->of->methods, err));
  for (int m = 0; m < c->of->methods; m++) g->row[m] = g->col[m] = method_name(c, m);
  return STATUS_OK;
}

static Status put_differences(const EvalComparison *c, const TableForm *f, FILE *out, Error *err) {
  Grid g;
  const CompareRow *last = &c->row[c->rows - 1];
  TRY(new_matrix(c, &g, err));
  g.signs = true;
  snprintf(g.title, sizeof g.title, "%.100s: row minus column, points", last->name);
  for (int i = 0; i < c->rows; i++) {
    const CompareRow *r = &c->row[i];
    if (!same_scope(r, last)) continue;
    set_value(&g, r->a, r->b, r, 1);
    set_value(&g, r->b, r->a, r, -1);
  }
  Status status = f->grid(&g, "", out, err);
  grid_free(&g);
  return status;
}

static Status put_chances(const EvalComparison *c, const TableForm *f, FILE *out, Error *err) {
  Grid g;
  const CompareRow *last = &c->row[c->rows - 1];
  TRY(new_matrix(c, &g, err));
  g.chances = true;
  snprintf(g.title, sizeof g.title, "%.100s: p (Holm), above the diagonal over items%s", last->name,
           last->tasks > 1 ? ", below over tasks" : "");
  for (int i = 0; i < c->rows; i++) {
    const CompareRow *r = &c->row[i];
    if (!same_scope(r, last)) continue;
    set_p(&g, r->a, r->b, r->item_holm);
    if (r->tasks > 1) set_p(&g, r->b, r->a, r->task_holm);
  }
  Status status = f->grid(&g, "", out, err);
  grid_free(&g);
  return status;
}

static Status put_items(const EvalComparison *c, const TableForm *f, FILE *out, Error *err) {
  static const char *const HEAD[] = {"won by", "against", "task", "id", "won with", "lost with"};
  Columns t = {.cols = 6};
  fputc('\n', out);
  Status status = columns_add(&t, HEAD, err);
  for (int i = 0; i < c->items && status == STATUS_OK; i++) {
    const CompareItem *item = &c->item[i];
    const bool first = item->score_a > item->score_b;
    char won[FIELD], lost[FIELD];
    snprintf(won, sizeof won, "%.1f", first ? item->score_a : item->score_b);
    snprintf(lost, sizeof lost, "%.1f", first ? item->score_b : item->score_a);
    const char *text[] = {method_name(c, first ? item->a : item->b),
                          method_name(c, first ? item->b : item->a),
                          item->task,
                          item->id,
                          won,
                          lost};
    status = columns_add(&t, text, err);
  }
  if (status == STATUS_OK) form_table(f, "items on which they differ", &t, out);
  columns_free(&t);
  return status;
}

/* ---- all of it ---- */

static bool is_one_pair(const EvalComparison *c) {
  return c->row[0].a == c->row[c->rows - 1].a && c->row[0].b == c->row[c->rows - 1].b;
}

static Status put_all_pairs(const EvalComparison *c, const TableForm *f, FILE *out, Error *err) {
  if (!c->settings.against) {
    TRY(put_differences(c, f, out, err));
    fputc('\n', out);
    TRY(put_chances(c, f, out, err));
    fprintf(out, "\n%s* p < 0.05 (Holm)\n\n", f->line);
  }
  bool first = true;
  for (int i = 0; i < c->rows; i++) {
    bool before = false;
    for (int k = 0; k < i && !before; k++) before = same_scope(&c->row[k], &c->row[i]);
    if (before) continue;
    if (!first) fputc('\n', out);
    first = false;
    TRY(put_pairs(c, &c->row[i], f, out, err));
  }
  return STATUS_OK;
}

static void put_legend(const EvalComparison *c, const TableForm *f, FILE *out) {
  const CompareSettings *s = &c->settings;
  fprintf(
      out,
      "\n%s[] 95 %% of a paired bootstrap over items; p: the two swapped item by item, "
      "two-sided\n%s(%" PRId64 " samples, seed %" PRId64
      "). Holm: corrected for %s.\n"
      "%sOver tasks: the tasks are what is drawn and swapped.\n",
      f->line, f->line, s->samples, s->seed,
      is_one_pair(c) ? "the number of single tasks" : "the pairs of a table (single tasks: of all)",
      f->line);
  for (int i = 0; i < c->notes; i++) {
    fputs(f->line, out);
    f->put(out, c->note[i]);
    fputc('\n', out);
  }
}

static Status put_all(const EvalComparison *c, const TableForm *f, FILE *out, Error *err) {
  TRY(is_one_pair(c) ? put_pair(c, f, out, err) : put_all_pairs(c, f, out, err));
  if (c->settings.items) TRY(put_items(c, f, out, err));
  put_legend(c, f, out);
  return STATUS_OK;
}

Status eval_comparison_text(const EvalComparison *c, FILE *out, Error *err) {
  return put_all(c, &form_text, out, err);
}

Status eval_comparison_markdown(const EvalComparison *c, FILE *out, Error *err) {
  return put_all(c, &form_markdown, out, err);
}

Status eval_comparison_latex(const EvalComparison *c, FILE *out, Error *err) {
  fputs("% needs \\usepackage{booktabs}\n", out);
  return put_all(c, &form_latex, out, err);
}
