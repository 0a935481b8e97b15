#include "infer/eval/evaluation.h"

#include <stdlib.h>

EvalCell *evaluation_cell(const Evaluation *e, int method, int task) {
  return &e->cell[(size_t)method * (size_t)e->spec->tasks + (size_t)task];
}

int evaluation_count(const Evaluation *e, CellState state) {
  int count = 0;
  for (int m = 0; m < e->spec->methods; m++) {
    if (e->spec->method[m]->rule != EVAL_ROUTED) continue;
    for (int t = 0; t < e->spec->tasks; t++) count += evaluation_cell(e, m, t)->state == state;
  }
  return count;
}

int64_t evaluation_asked(const Evaluation *e, int task) {
  if (!e->items) return 0;
  return eval_task_limit(e->spec, &e->spec->task[task], items_count(e->items[task]));
}

int64_t evaluation_offered(const Evaluation *e, int task) {
  bool sampled = e->sample && e->sample[task];
  return sampled ? items_count(e->items[task]) : evaluation_asked(e, task);
}

int64_t evaluation_left_out(const Evaluation *e, int task) {
  return e->items ? items_left_out(e->items[task], evaluation_offered(e, task)) : 0;
}

int64_t evaluation_work(const Evaluation *e) {
  int64_t work = 0;
  for (int m = 0; m < e->spec->methods; m++) {
    for (int t = 0; t < e->spec->tasks; t++) {
      if (e->spec->method[m]->rule == EVAL_ROUTED && evaluation_cell(e, m, t)->state == CELL_OPEN)
        work += evaluation_asked(e, t);
    }
  }
  return work;
}

void evaluation_close(Evaluation *e) {
  for (int t = 0; e->items && t < e->spec->tasks; t++) items_close(e->items[t]);
  for (int t = 0; e->sample && t < e->spec->tasks; t++) free(e->sample[t]);
  free(e->items);
  free(e->sample);
  free(e->cell);
  free(e->part_only);
  pool_close(e->part);
  pool_close(e->pool);
  base_close(&e->base);
  lock_release(e->lock);
  *e = (Evaluation){0};
}
