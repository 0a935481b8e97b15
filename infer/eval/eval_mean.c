#include "infer/eval/eval_mean.h"

#include <math.h>

EvalMean eval_mean(const Evaluation *e, int method, const char *group) {
  EvalMean mean = {.state = CELL_DONE};
  double below = 0, above = 0;
  for (int t = 0; t < e->spec->tasks; t++) {
    if (!eval_task_in(&e->spec->task[t], group)) continue;
    const EvalCell *cell = evaluation_cell(e, method, t);
    if (cell->state != CELL_DONE) return (EvalMean){.state = CELL_UNWANTED};
    const CellScore *s = &cell->score[0];
    mean.score += s->score;
    below += (s->score - s->interval.low) * (s->score - s->interval.low);
    above += (s->interval.high - s->score) * (s->interval.high - s->score);
    mean.tasks++;
  }
  mean.score /= mean.tasks;
  mean.interval =
      (Interval){mean.score - sqrt(below) / mean.tasks, mean.score + sqrt(above) / mean.tasks};
  return mean;
}

const char *eval_metric_words(const EvalSpec *spec, const char *group) {
  int metric = -1;
  for (int t = 0; t < spec->tasks; t++) {
    const EvalTask *task = &spec->task[t];
    if (!eval_task_in(task, group)) continue;
    if (metric >= 0 && (int)task->metric[0] != metric) return "each task's first metric";
    metric = (int)task->metric[0];
  }
  return metric_name((Metric)metric);
}
