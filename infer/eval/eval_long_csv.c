/* Every cell as lines of CSV. */
#include <inttypes.h>

#include "data/text/csv.h"
#include "infer/eval/eval_cost.h"
#include "infer/eval/eval_long.h"
#include "infer/route/route_labels.h"

static void put_names(const EvalTask *task, const EvalMethod *method, const char *metric,
                      FILE *out) {
  const char *field[] = {task->name, task->group, method->name, metric};
  for (int i = 0; i < 4; i++) {
    csv_put(out, field[i]);
    fputc(',', out);
  }
}

/* To the end of the line; a rule has none. */
static void put_labels(const EvalMethod *method, FILE *out) {
  for (int i = 0; i < ROUTE_LABELS; i++) {
    fputc(',', out);
    if (method->rule == EVAL_ROUTED)
      csv_put(out, route_label_value(router_method(&method->router), i));
  }
  fputc('\n', out);
}

static void put_cell(const EvalTask *task, const EvalMethod *method, const EvalCell *cell,
                     int64_t left_out, FILE *out) {
  if (cell->state != CELL_DONE) {
    put_names(task, method, metric_name(task->metric[0]), out);
    fprintf(out, ",,,,,%s,%" PRId64, cell->state == CELL_FAILED ? "failed" : "open", left_out);
    cell_cost_csv(cell, out);
    put_labels(method, out);
    return;
  }
  for (int i = 0; i < cell->scores; i++) {
    const CellScore *s = &cell->score[i];
    put_names(task, method, metric_name(s->metric), out);
    fprintf(out, "%.6g,%.6g,%.6g,%" PRId64 ",", s->score, s->interval.low, s->interval.high,
            cell->items);
    csv_put(out, cell->expert);
    fprintf(out, ",done,%" PRId64, left_out);
    cell_cost_csv(cell, out);
    put_labels(method, out);
  }
}

Status eval_long_csv(const Evaluation *e, FILE *out, Error *err) {
  (void)err;
  fputs("task,group,method,metric,score,low,high,n,expert,state,left_out", out);
  cell_cost_csv_head(out);
  for (int i = 0; i < ROUTE_LABELS; i++) fprintf(out, ",%s", route_label_name(i));
  fputc('\n', out);
  for (int t = 0; t < e->spec->tasks; t++) {
    for (int m = 0; m < e->spec->methods; m++) {
      const EvalCell *cell = evaluation_cell(e, m, t);
      if (cell->state == CELL_UNWANTED) continue;
      put_cell(&e->spec->task[t], e->spec->method[m], cell, evaluation_left_out(e, t), out);
    }
  }
  return STATUS_OK;
}
