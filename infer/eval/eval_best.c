#include "infer/eval/eval_best.h"

#include <stdlib.h>
#include <string.h>

#include "infer/eval/eval_lines.h"
#include "infer/metric/paired.h"

enum { SWAPS = 10000 }; /* the smallest p, 1e-4, is seen through a correction for 500 methods */
static const double SIGNIFICANT = 0.05;

struct EvalScored {
  const Evaluation *e;
  EvalLines *lines; /* [methods, tasks]; without sums: not read yet */
};

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: which method is best");
}

Status eval_scored_new(EvalScored **s, const Evaluation *e, Error *err) {
  *s = calloc(1, sizeof **s);
  if (!*s) return no_memory(err);
  (*s)->e = e;
  (*s)->lines = calloc((size_t)e->spec->methods * (size_t)e->spec->tasks, sizeof *(*s)->lines);
  return (*s)->lines ? STATUS_OK : no_memory(err);
}

void eval_scored_free(EvalScored *s) {
  if (!s) return;
  const int cells = s->lines ? s->e->spec->methods * s->e->spec->tasks : 0;
  for (int i = 0; i < cells; i++) eval_lines_free(&s->lines[i]);
  free(s->lines);
  free(s);
}

/* ---- the items of a cell ---- */

static Status check_count(const EvalLines *lines, const char *path, int64_t want, Error *err) {
  if (lines->count == want) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   "%s: has %lld lines, and its cell is of %lld items; --force computes it again",
                   path, (long long)lines->count, (long long)want);
}

static Status read_items(EvalScored *s, int method, int task, const MetricSums **sums, Error *err) {
  const EvalSpec *spec = s->e->spec;
  const EvalTask *t = &spec->task[task];
  EvalLines *lines = &s->lines[(size_t)method * (size_t)spec->tasks + (size_t)task];
  if (!lines->sums) {
    char *path = eval_cell_path(spec->settings.output, spec->method[method]->name, t->name, NULL,
                                CELL_PREDICTIONS);
    Status status = path ? eval_lines_read(lines, path, t->metric[0], false, err) : no_memory(err);
    if (status == STATUS_OK)
      status = check_count(lines, path, evaluation_cell(s->e, method, task)->items, err);
    free(path);
    TRY(status);
  }
  *sums = lines->sums;
  return STATUS_OK;
}

/* ---- comparing ---- */

/* Sum over the tasks of the scores of a row; -1 where one is missing. */
static double row_total(const EvalScored *s, const BestOf *of, int row) {
  double sum = 0;
  for (int i = 0; i < of->tasks; i++) {
    const EvalCell *cell = evaluation_cell(s->e, of->method[row], of->task[i]);
    if (cell->state != CELL_DONE) return -1;
    sum += cell->score[0].score;
  }
  return sum;
}

static Status fill_parts(EvalScored *s, const BestOf *of, int a, int b, PairedPart *part,
                         Error *err) {
  for (int i = 0; i < of->tasks; i++) {
    const int task = of->task[i];
    part[i] = (PairedPart){.metric = s->e->spec->task[task].metric[0],
                           .n = evaluation_cell(s->e, of->method[a], task)->items};
    TRY(read_items(s, of->method[a], task, &part[i].a, err));
    TRY(read_items(s, of->method[b], task, &part[i].b, err));
  }
  return STATUS_OK;
}

static bool all_alike(const PairedPart *part, int parts) {
  for (int i = 0; i < parts; i++) {
    if (memcmp(part[i].a, part[i].b, (size_t)part[i].n * sizeof *part[i].a) != 0) return false;
  }
  return true;
}

/* What is found out about the row on top. */
typedef struct Duel {
  PairedPart *part; /* [tasks] */
  double *p;        /* [rows] against those that are not alike */
  int rivals;
  bool lost; /* one of them may be as good */
} Duel;

static Status meet_rival(EvalScored *s, const BestOf *of, int top, int row, Duel *d, bool *alike,
                         Error *err) {
  TRY(fill_parts(s, of, top, row, d->part, err));
  *alike = all_alike(d->part, of->tasks);
  if (*alike) return STATUS_OK;
  const uint64_t seed = (uint64_t)s->e->spec->settings.bootstrap_seed;
  TRY(paired_p(d->part, of->tasks, SWAPS, seed, &d->p[d->rivals], err));
  d->lost = d->p[d->rivals++] >= SIGNIFICANT;
  return STATUS_OK;
}

static Status meet_all(EvalScored *s, const BestOf *of, int top, Duel *d, bool *best, Error *err) {
  for (int r = 0; r < of->rows && !d->lost; r++) {
    if (r == top || !of->eligible[r] || row_total(s, of, r) < 0) continue;
    TRY(meet_rival(s, of, top, r, d, &best[r], err));
  }
  TRY(holm_correct(d->p, d->rivals, err));
  for (int i = 0; i < d->rivals; i++) d->lost = d->lost || d->p[i] >= SIGNIFICANT;
  best[top] = true;
  return STATUS_OK;
}

static int find_top(const EvalScored *s, const BestOf *of) {
  int top = -1;
  double most = -1;
  for (int r = 0; r < of->rows; r++) {
    const double total = of->eligible[r] ? row_total(s, of, r) : -1;
    if (total > most) top = r, most = total;
  }
  return top;
}

Status eval_best(EvalScored *s, const BestOf *of, bool *best, Error *err) {
  memset(best, 0, (size_t)of->rows * sizeof *best);
  const int top = s->e->items ? find_top(s, of) : -1;
  if (top < 0) return STATUS_OK;
  Duel d = {.part = calloc((size_t)of->tasks, sizeof *d.part),
            .p = calloc((size_t)of->rows, sizeof *d.p)};
  Status status = d.part && d.p ? meet_all(s, of, top, &d, best, err) : no_memory(err);
  if (d.lost || d.rivals == 0) memset(best, 0, (size_t)of->rows * sizeof *best);
  free(d.part);
  free(d.p);
  return status;
}
