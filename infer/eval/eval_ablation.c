/* The long form of an ablation, OUTPUT/ablation.csv. */
#include <inttypes.h>
#include <stdlib.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/csv.h"
#include "infer/eval/eval_axes.h"
#include "infer/eval/eval_long.h"
#include "infer/eval/eval_mean.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the axes");
}

static Status put_variant(const Axes *a, const EvalSpec *spec, int which, FILE *out, Error *err) {
  const EvalMethod *m = spec->method[a->method[which]];
  csv_put(out, spec->method[a->origin[which]]->name);
  for (int i = 0; i < a->axes; i++) {
    fputc(',', out);
    if (m->rule != EVAL_ROUTED || !eval_method_uses(m, a->axis[i].key)) continue;
    char *value = options_text(&m->set, a->axis[i].key);
    if (!value) return no_memory(err);
    csv_put(out, value);
    free(value);
  }
  fputc(',', out);
  return STATUS_OK;
}

static Status put_cell(const Axes *a, const Evaluation *e, int which, int task, FILE *out,
                       Error *err) {
  const EvalTask *t = &e->spec->task[task];
  const EvalCell *cell = evaluation_cell(e, a->method[which], task);
  for (int i = 0; i < t->metric_count; i++) {
    const CellScore *s = &cell->score[i];
    TRY(put_variant(a, e->spec, which, out, err));
    csv_put(out, t->group);
    fputc(',', out);
    csv_put(out, t->name);
    fprintf(out, ",%s,", metric_name(t->metric[i]));
    if (cell->state == CELL_DONE) {
      fprintf(out, "%.6g,%.6g,%.6g,%" PRId64 ",done\n", s->score, s->interval.low, s->interval.high,
              cell->items);
    } else {
      fprintf(out, ",,,,%s\n", cell->state == CELL_FAILED ? "failed" : "open");
    }
  }
  return STATUS_OK;
}

static Status put_mean(const Axes *a, const Evaluation *e, int which, const char *group, FILE *out,
                       Error *err) {
  EvalMean mean = eval_mean(e, a->method[which], group);
  TRY(put_variant(a, e->spec, which, out, err));
  csv_put(out, group);
  fprintf(out, ",mean,%s,", eval_metric_words(e->spec, group));
  if (mean.state == CELL_DONE) {
    fprintf(out, "%.6g,%.6g,%.6g,%d,done\n", mean.score, mean.interval.low, mean.interval.high,
            mean.tasks);
  } else {
    fputs(",,,,failed\n", out);
  }
  return STATUS_OK;
}

static Status put_rows(const Axes *a, const Evaluation *e, const char **group, FILE *out,
                       Error *err) {
  int groups = eval_spec_groups(e->spec, group);
  for (int m = 0; m < a->methods; m++) {
    for (int t = 0; t < e->spec->tasks; t++) TRY(put_cell(a, e, m, t, out, err));
    for (int g = 0; g < groups; g++) TRY(put_mean(a, e, m, group[g], out, err));
  }
  return STATUS_OK;
}

Status axes_write(const Axes *a, const Evaluation *e, Error *err) {
  AtomicFile file = {0};
  char *path = path_below(e->spec->settings.output, "ablation.csv");
  const char **group = calloc((size_t)e->spec->tasks, sizeof *group);
  Status status = path && group ? atomic_open(&file, path, err) : no_memory(err);
  if (status == STATUS_OK) {
    fputs("method", file.stream);
    for (int i = 0; i < a->axes; i++) fputc(',', file.stream), csv_put(file.stream, a->axis[i].key);
    fputs(",group,task,metric,score,low,high,n,state\n", file.stream);
    status = put_rows(a, e, group, file.stream, err);
  }
  if (status == STATUS_OK) status = atomic_commit(&file, err);
  atomic_abort(&file);
  free(group);
  free(path);
  return status;
}
