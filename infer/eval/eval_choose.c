#include "infer/eval/eval_choose.h"

#include <stdio.h>
#include <string.h>
static bool is_expert(const EvalMethod *m) {
  return m->rule == EVAL_ROUTED && router_one_expert(&m->router);
}

/* Takes over the cell of one expert, with its name. */
static void take_cell(EvalCell *cell, const EvalCell *from, const char *expert) {
  *cell = *from;
  cell->identity[0] = '\0';
  snprintf(cell->expert, sizeof cell->expert, "%s", expert);
}

/* A choice among experts of which one has failed would be a choice among the others. */
static void fail_choice(EvalCell *cell, const EvalMethod *expert) {
  *cell = (EvalCell){.state = CELL_FAILED};
  snprintf(cell->error, sizeof cell->error, "needs the cell of %s, which failed", expert->name);
}

/* The better of two methods on a task, the first of equals; -1: none. */
static int better_method(const Evaluation *e, int best, int other, int task) {
  const EvalCell *its = evaluation_cell(e, other, task);
  if (its->state != CELL_DONE) return best;
  if (best < 0) return other;
  return its->score[0].score > evaluation_cell(e, best, task)->score[0].score ? other : best;
}

/* The best on the task of the methods that run one expert; the failed one in *failed. */
static int best_of_expert(const Evaluation *e, int best, const char *name, int task, int *failed) {
  for (int m = 0; m < e->spec->methods; m++) {
    const EvalMethod *method = e->spec->method[m];
    if (!is_expert(method) || strcmp(method->router.expert, name) != 0) continue;
    if (evaluation_cell(e, m, task)->state == CELL_FAILED && *failed < 0) *failed = m;
    best = better_method(e, best, m, task);
  }
  return best;
}

static void choose_oracle(const Evaluation *e, EvalCell *cell, int task) {
  const EvalSpec *spec = e->spec;
  const char *own = spec->task[task].expert;
  int best = -1, failed = -1;
  for (int x = 0; x < pool_count(e->pool); x++) {
    const char *name = pool_entry(e->pool, x)->name;
    if (!own || strcmp(own, name) == 0) best = best_of_expert(e, best, name, task, &failed);
  }
  if (failed >= 0) {
    fail_choice(cell, spec->method[failed]);
  } else if (best >= 0) {
    take_cell(cell, evaluation_cell(e, best, task), spec->method[best]->router.expert);
  }
}

/* Sum of the first metric of a method over all tasks; whether all its cells are done, or one has
 * failed. */
static double total_score(const Evaluation *e, int method, bool *failed, bool *whole) {
  double sum = 0;
  for (int t = 0; t < e->spec->tasks; t++) {
    const EvalCell *cell = evaluation_cell(e, method, t);
    if (cell->state == CELL_FAILED) *failed = true;
    if (cell->state != CELL_DONE) *whole = false;
    if (cell->state == CELL_DONE) sum += cell->score[0].score;
  }
  return sum;
}

/* The expert with the largest total; -1: none is whole. The first that failed in *broken. */
static int best_individual(const Evaluation *e, int *broken) {
  int best = -1;
  double most = -1;
  *broken = -1;
  for (int m = 0; m < e->spec->methods; m++) {
    if (!is_expert(e->spec->method[m])) continue;
    bool failed = false, whole = true;
    double sum = total_score(e, m, &failed, &whole);
    if (failed && *broken < 0) *broken = m;
    if (whole && sum > most) best = m, most = sum;
  }
  return best;
}

static void choose_best(const Evaluation *e, int rule) {
  const EvalSpec *spec = e->spec;
  int broken, best = best_individual(e, &broken);
  for (int t = 0; t < spec->tasks; t++) {
    EvalCell *cell = evaluation_cell(e, rule, t);
    if (broken >= 0) {
      fail_choice(cell, spec->method[broken]);
    } else if (best >= 0) {
      take_cell(cell, evaluation_cell(e, best, t), spec->method[best]->router.expert);
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
