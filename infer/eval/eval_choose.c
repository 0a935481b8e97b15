/* The rules that look at the labels: oracle and best-individual (methods.md 4). */
#include <stdlib.h>
#include <string.h>

#include "infer/eval/eval_internal.h"

static bool is_expert(const EvalMethod *m) {
  return m->rule == EVAL_ROUTED && router_one_expert(&m->router);
}

/* Takes over the cell of one expert, with its name. */
static void take(EvalCell *cell, const EvalCell *from, const char *expert) {
  *cell = *from;
  cell->identity[0] = '\0';
  snprintf(cell->expert, sizeof cell->expert, "%s", expert);
}

/* A choice among experts of which one has failed would be a choice among the others. */
static void fail(EvalCell *cell, const EvalMethod *expert) {
  *cell = (EvalCell){.state = CELL_FAILED};
  snprintf(cell->error, sizeof cell->error, "needs the cell of %s, which failed", expert->name);
}

/* The task's own expert, else the best on the task; the first of the pool's order among equals. */
static void choose_oracle(const Evaluation *e, EvalCell *cell, int task) {
  const EvalSpec *spec = e->spec;
  const char *own = spec->task[task].expert;
  int best = -1;
  for (int x = 0; x < pool_count(e->pool); x++) {
    const char *name = pool_entry(e->pool, x)->name;
    if (own && strcmp(own, name) != 0) continue;
    for (int m = 0; m < spec->methods; m++) {
      const EvalMethod *method = spec->method[m];
      if (!is_expert(method) || strcmp(method->router.expert, name) != 0) continue;
      const EvalCell *its = evaluation_cell(e, m, task);
      if (its->state == CELL_FAILED) {
        fail(cell, method);
        return;
      }
      if (its->state != CELL_DONE) continue;
      double lead =
          best < 0 ? 1 : its->score[0].score - evaluation_cell(e, best, task)->score[0].score;
      if (lead > 0) best = m;
    }
  }
  if (best >= 0) take(cell, evaluation_cell(e, best, task), spec->method[best]->router.expert);
}

/* Sum of the first metric of an expert over all tasks; the failed method in *failed. */
static double total(const Evaluation *e, int method, bool *failed, bool *whole) {
  double sum = 0;
  for (int t = 0; t < e->spec->tasks; t++) {
    const EvalCell *cell = evaluation_cell(e, method, t);
    if (cell->state == CELL_FAILED) *failed = true;
    if (cell->state != CELL_DONE) *whole = false;
    if (cell->state == CELL_DONE) sum += cell->score[0].score;
  }
  return sum;
}

static void choose_best(const Evaluation *e, int rule) {
  const EvalSpec *spec = e->spec;
  int best = -1, broken = -1;
  double most = -1;
  for (int m = 0; m < spec->methods; m++) {
    if (!is_expert(spec->method[m])) continue;
    bool failed = false, whole = true;
    double sum = total(e, m, &failed, &whole);
    if (failed && broken < 0) broken = m;
    if (whole && sum > most) best = m, most = sum;
  }
  for (int t = 0; t < spec->tasks; t++) {
    EvalCell *cell = evaluation_cell(e, rule, t);
    if (broken >= 0) {
      fail(cell, spec->method[broken]);
    } else if (best >= 0) {
      take(cell, evaluation_cell(e, best, t), spec->method[best]->router.expert);
    }
  }
}

void eval_choose(Evaluation *e) {
  for (int m = 0; m < e->spec->methods; m++) {
    if (e->spec->method[m]->rule == EVAL_BEST_INDIVIDUAL) choose_best(e, m);
    if (e->spec->method[m]->rule != EVAL_ORACLE) continue;
    for (int t = 0; t < e->spec->tasks; t++) choose_oracle(e, evaluation_cell(e, m, t), t);
  }
}
