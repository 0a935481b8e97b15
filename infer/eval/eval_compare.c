#include "infer/eval/eval_compare.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "infer/eval/eval_pairing.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: a comparison");
}

/* ---- notes ---- */

static Status note(EvalComparison *c, Error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Once, however many pairs it is true of. */
static Status note(EvalComparison *c, Error *err, const char *format, ...) {
  char *text;
  va_list args;
  va_start(args, format);
  int n = vasprintf(&text, format, args);
  va_end(args);
  if (n < 0) return no_memory(err);
  for (int i = 0; i < c->notes; i++) {
    if (strcmp(c->note[i], text) == 0) {
      free(text);
      return STATUS_OK;
    }
  }
  char **grown = array_grow(c->note, (size_t)c->notes, 1, sizeof *grown);
  if (!grown) free(text);
  if (!grown) return no_memory(err);
  c->note = grown;
  c->note[c->notes++] = text;
  return STATUS_OK;
}

/* ---- the tasks of a pair ---- */

/* What two methods have in common. */
typedef struct Common {
  int a, b;
  const ComparedCell **cell; /* [tasks] of a */
  Pairing *pairing;          /* [tasks] */
  int tasks;
  PairedPart *part; /* [tasks] and difference [tasks]: room for the scopes in turn */
  double *difference;
} Common;

static void common_free(Common *m) {
  for (int t = 0; t < m->tasks; t++) pairing_free(&m->pairing[t]);
  free(m->cell);
  free(m->pairing);
  free(m->part);
  free(m->difference);
}

static bool is_asked(const CompareSettings *s, const ComparedCell *cell) {
  return (!s->task || strcmp(s->task, cell->task) == 0) &&
         (!s->group || strcmp(s->group, cell->group) == 0);
}

/* Whether the cells can be compared; where they cannot, the notes say why. */
static Status check_pair(EvalComparison *c, const ComparedCell *x, const ComparedCell *y,
                         const ComparedMethod *other, bool *fits, Error *err) {
  *fits = false;
  if (!y)
    return note(c, err, "%s: not compared with %s, which has no such cell", x->task, other->name);
  if (x->metric != y->metric) {
    return note(c, err, "%s: not compared: one is judged by %s, the other by %s", x->task,
                metric_name(x->metric), metric_name(y->metric));
  }
  if (!c->settings.by_id && strcmp(x->items, y->items) != 0) {
    return note(c, err,
                "%s: not compared: the items are of different files (--by-id: the same ids are "
                "the same items)",
                x->task);
  }
  *fits = true;
  return STATUS_OK;
}

static Status add_task(EvalComparison *c, Common *m, ComparedCell *x, ComparedCell *y, Error *err) {
  Pairing *p = &m->pairing[m->tasks];
  m->cell[m->tasks++] = x;
  TRY(pairing_make(p, x, y, err));
  if (p->alone_a || p->alone_b) {
    TRY(note(c, err,
             "%s: %" PRId64 " items are compared; %" PRId64 " and %" PRId64
             " were asked of one method alone",
             x->task, p->count, p->alone_a, p->alone_b));
  }
  if (p->count > 0) return STATUS_OK;
  pairing_free(&m->pairing[--m->tasks]);
  return STATUS_OK;
}

static Status common_make(EvalComparison *c, Common *m, Error *err) {
  const ComparedMethod *a = &c->of->method[m->a], *b = &c->of->method[m->b];
  const size_t room = (size_t)a->cells + 1;
  m->cell = calloc(room, sizeof *m->cell);
  m->pairing = calloc(room, sizeof *m->pairing);
  m->part = calloc(room, sizeof *m->part);
  m->difference = calloc(room, sizeof *m->difference);
  if (!m->cell || !m->pairing || !m->part || !m->difference) return no_memory(err);
  for (int i = 0; i < a->cells; i++) {
    ComparedCell *x = &a->cell[i], *y = compared_cell(b, x->task);
    bool fits;
    if (!is_asked(&c->settings, x)) continue;
    TRY(check_pair(c, x, y, b, &fits, err));
    if (fits) TRY(add_task(c, m, x, y, err));
  }
  for (int i = 0; i < b->cells; i++) {
    if (is_asked(&c->settings, &b->cell[i]) && !compared_cell(a, b->cell[i].task))
      TRY(note(c, err, "%s: not compared with %s, which has no such cell", b->cell[i].task,
               a->name));
  }
  return STATUS_OK;
}

/* ---- rows ---- */

static double sums_score(Metric m, const MetricSums *item, int64_t n) {
  MetricSums all = {{0}};
  for (int64_t i = 0; i < n; i++) {
    for (int s = 0; s < METRIC_SUMS; s++) all.sum[s] += item[i].sum[s];
  }
  return metric_score(m, &all);
}

/* Adds a task to what a row is over. */
static void add_part(CompareRow *row, const Common *m, int task) {
  const PairedPart part = pairing_part(&m->pairing[task], m->cell[task]->metric);
  const char *metric = metric_name(part.metric);
  const double a = sums_score(part.metric, part.a, part.n);
  const double b = sums_score(part.metric, part.b, part.n);
  for (int64_t i = 0; i < part.n; i++) {
    const int winner = paired_winner(part.metric, &part.a[i], &part.b[i]);
    row->won += winner > 0;
    row->lost += winner < 0;
  }
  row->metric = row->tasks == 0 || row->metric == metric ? metric : NULL;
  row->items += part.n;
  row->score_a += a;
  row->score_b += b;
  m->part[row->tasks] = part;
  m->difference[row->tasks++] = a - b;
}

static Status test_row(const EvalComparison *c, const Common *m, CompareRow *row, Error *err) {
  const int64_t samples = c->settings.samples;
  const uint64_t seed = (uint64_t)c->settings.seed;
  row->score_a /= row->tasks;
  row->score_b /= row->tasks;
  TRY(paired_test(m->part, row->tasks, samples, seed, &row->by_item, err));
  row->item_holm = row->by_item.p;
  if (row->tasks == 1) return STATUS_OK;
  TRY(paired_tasks(m->difference, row->tasks, samples, seed, &row->by_task, err));
  row->task_holm = row->by_task.p;
  return STATUS_OK;
}

/* The row of a pair over the tasks of a scope. */
static Status add_row(EvalComparison *c, const Common *m, CompareScope scope, const char *name,
                      Error *err) {
  CompareRow *grown = array_grow(c->row, (size_t)c->rows, 1, sizeof *grown);
  if (!grown) return no_memory(err);
  c->row = grown;
  CompareRow *row = &grown[c->rows++];
  *row = (CompareRow){.a = m->a, .b = m->b, .scope = scope, .name = name};
  for (int t = 0; t < m->tasks; t++) {
    const char *its = scope == COMPARE_TASK ? m->cell[t]->task : m->cell[t]->group;
    if (scope == COMPARE_ALL || strcmp(its, name) == 0) add_part(row, m, t);
  }
  return test_row(c, m, row, err);
}

/* Whether the group of a task has come before. */
static bool group_before(const Common *m, int task) {
  for (int t = 0; t < task; t++) {
    if (strcmp(m->cell[t]->group, m->cell[task]->group) == 0) return true;
  }
  return false;
}

static Status add_rows(EvalComparison *c, const Common *m, Error *err) {
  const CompareSettings *s = &c->settings;
  int groups = 0;
  if (s->task) return add_row(c, m, COMPARE_TASK, s->task, err);
  for (int t = 0; t < m->tasks; t++) groups += !group_before(m, t);
  for (int t = 0; t < m->tasks && s->each_task; t++)
    TRY(add_row(c, m, COMPARE_TASK, m->cell[t]->task, err));
  for (int t = 0; t < m->tasks && groups > 1; t++) {
    if (!group_before(m, t)) TRY(add_row(c, m, COMPARE_GROUP, m->cell[t]->group, err));
  }
  return add_row(c, m, COMPARE_ALL, s->group ? s->group : "all tasks", err);
}

/* ---- items ---- */

static Status add_items(EvalComparison *c, const Common *m, int task, Error *err) {
  const Pairing *p = &m->pairing[task];
  const Metric metric = m->cell[task]->metric;
  for (int64_t i = 0; i < p->count; i++) {
    if (paired_winner(metric, &p->a[i], &p->b[i]) == 0) continue;
    CompareItem *grown = array_grow(c->item, (size_t)c->items, 1, sizeof *grown);
    if (!grown) return no_memory(err);
    c->item = grown;
    c->item[c->items++] = (CompareItem){m->a,
                                        m->b,
                                        m->cell[task]->task,
                                        p->id[i],
                                        metric_score(metric, &p->a[i]),
                                        metric_score(metric, &p->b[i])};
  }
  return STATUS_OK;
}

/* ---- pairs ---- */

static Status compare_pair(EvalComparison *c, int a, int b, Error *err) {
  Common m = {.a = a, .b = b};
  Status status = common_make(c, &m, err);
  if (status == STATUS_OK && m.tasks > 0) status = add_rows(c, &m, err);
  for (int t = 0; t < m.tasks && status == STATUS_OK && c->settings.items; t++)
    status = add_items(c, &m, t, err);
  common_free(&m);
  return status;
}

static Status find_method(const EvalComparison *c, const char *name, int *found, Error *err) {
  for (int i = 0; i < c->of->methods; i++) {
    if (strcmp(c->of->method[i].name, name) == 0) {
      *found = i;
      return STATUS_OK;
    }
  }
  return error_set(err, STATUS_USAGE, "--against: '%.80s' is none of the methods that are compared",
                   name);
}

static Status compare_pairs(EvalComparison *c, Error *err) {
  int against = -1;
  if (c->settings.against) TRY(find_method(c, c->settings.against, &against, err));
  for (int a = 0; a < c->of->methods; a++) {
    if (against >= 0 && a != against) TRY(compare_pair(c, a, against, err));
    for (int b = a + 1; b < c->of->methods && against < 0; b++) TRY(compare_pair(c, a, b, err));
  }
  return STATUS_OK;
}

/* ---- the correction ---- */

static bool one_family(const CompareRow *x, const CompareRow *y) {
  return x->scope == y->scope && (x->scope == COMPARE_TASK || strcmp(x->name, y->name) == 0);
}

/* Corrects the family of a row: p of items, or of tasks where there are several. */
static Status correct_family(EvalComparison *c, int first, bool tasks, double *p, Error *err) {
  int n = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (int i = 0, k = 0; i < c->rows; i++) {
      CompareRow *row = &c->row[i];
      if (!one_family(row, &c->row[first]) || (tasks && row->tasks == 1)) continue;
      double *its = tasks ? &row->task_holm : &row->item_holm;
      if (pass == 0) p[n++] = *its;
      if (pass == 1) *its = p[k++];
    }
    if (pass == 0) TRY(holm_correct(p, n, err));
  }
  return STATUS_OK;
}

static Status correct_rows(EvalComparison *c, Error *err) {
  double *p = calloc((size_t)c->rows + 1, sizeof *p);
  Status status = p ? STATUS_OK : no_memory(err);
  for (int i = 0; i < c->rows && status == STATUS_OK; i++) {
    bool before = false;
    for (int k = 0; k < i && !before; k++) before = one_family(&c->row[k], &c->row[i]);
    if (!before) status = correct_family(c, i, false, p, err);
    if (!before && status == STATUS_OK) status = correct_family(c, i, true, p, err);
  }
  free(p);
  return status;
}

Status eval_comparison_make(EvalComparison *c, Compared *of, const CompareSettings *settings,
                            Error *err) {
  *c = (EvalComparison){.of = of, .settings = *settings};
  if (of->methods < 2) {
    return error_set(err, STATUS_USAGE, "there is one method; name two to compare, or more");
  }
  TRY(compare_pairs(c, err));
  if (c->rows > 0) return correct_rows(c, err);
  return error_set(err, STATUS_MISMATCH, "nothing can be compared: %s",
                   c->notes ? c->note[0] : "no task of these names is in the evaluations");
}

void eval_comparison_free(EvalComparison *c) {
  for (int i = 0; i < c->notes; i++) free(c->note[i]);
  free(c->note);
  free(c->row);
  free(c->item);
  *c = (EvalComparison){0};
}
