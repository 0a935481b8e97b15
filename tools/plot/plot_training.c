/* The curves of training runs: loss, learning rate, openness and norm of the gates. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/plot/plot.h"
#include "tools/plot/plot_row.h"
#include "train/run_log.h"

enum { NAME = 256 };

/* "/a/b/" -> "b", for legends. */
static const char *run_name(const char *dir, char out[NAME]) {
  size_t end = strlen(dir);
  while (end > 1 && dir[end - 1] == '/') end--;
  size_t begin = end;
  while (begin > 0 && dir[begin - 1] != '/') begin--;
  if (begin == end) begin = 0;
  snprintf(out, NAME, "%.*s", (int)(end - begin), dir + begin);
  return out;
}

typedef struct TrainingFigure {
  char *const *run; /* [runs] their directories */
  const RunLog *log;
  int runs;
} TrainingFigure;

static void put_header(FILE *out) {
  fputs("run\tstep\tloss\tvalid_loss\tlearning_rate", out);
  for (int g = 0; g < T5_GROUPS; g++) fprintf(out, "\topenness.%s", T5_GROUP[g]);
  for (int g = 0; g < T5_GROUPS; g++) fprintf(out, "\tgate_norm.%s", T5_GROUP[g]);
  fputc('\n', out);
}

static void put_point(PlotRow *row, const char *name, const MetricsRow *p) {
  row_text(row, name);
  row_int(row, p->step);
  row_number(row, p->loss);
  row_number(row, p->valid_loss);
  row_number(row, p->learning_rate);
  for (int g = 0; g < T5_GROUPS; g++) row_number(row, p->openness[g]);
  for (int g = 0; g < T5_GROUPS; g++) row_number(row, p->gate_norm[g]);
  row_end(row);
}

/* Runs are blocks with two blank lines between them, which is what gnuplot's `index` counts. */
static void training_data(FILE *out, const void *arg) {
  const TrainingFigure *f = arg;
  PlotRow row = plot_row(out);
  put_header(out);
  for (int r = 0; r < f->runs; r++) {
    char text[NAME];
    const char *name = run_name(f->run[r], text);
    if (r) fputs("\n\n", out);
    for (size_t i = 0; i < f->log[r].count; i++) put_point(&row, name, &f->log[r].point[i]);
  }
}

static void training_settings(FILE *out, const void *arg) {
  const TrainingFigure *f = arg;
  char text[NAME];
  fputs("heading = ", out);
  plot_quote(out, f->runs == 1 ? run_name(f->run[0], text) : "training runs");
  fprintf(out, "\nsubtitle = \"\"\nruns = %d\n", f->runs);
  PlotRow row = plot_array(out, "name[runs]");
  for (int r = 0; r < f->runs; r++) row_quoted(&row, run_name(f->run[r], text), NAME);
  row_end(&row);
  row = plot_array(out, "valid[runs]");
  for (int r = 0; r < f->runs; r++) row_int(&row, f->log[r].valid);
  row_end(&row);
  fprintf(out, "gates = %d\n", f->runs == 1 && f->log[0].gates);
}

static Status draw_runs(char *const *runs, const RunLog *log, int count, const char *dir,
                        Error *err) {
  TrainingFigure f = {runs, log, count};
  Figure figure = {"training", training_data, training_settings, &f, plot_training_script};
  return plot_figure(dir, &figure, err);
}

Status plot_training(char *const *runs, int count, const char *out, Error *err) {
  RunLog *log = calloc((size_t)count, sizeof *log);
  if (!log) return error_set(err, STATUS_RUN, "out of memory");
  Status status = STATUS_OK;
  for (int r = 0; r < count && status == STATUS_OK; r++) {
    status = run_log_read(&log[r], runs[r], err);
    if (status == STATUS_OK && log[r].point[log[r].count - 1].step == 0)
      status = error_set(err, STATUS_INPUT, "%s: the run has not made a step yet", runs[r]);
  }
  if (status == STATUS_OK) status = draw_runs(runs, log, count, out ? out : runs[0], err);
  for (int r = 0; r < count; r++) run_log_free(&log[r]);
  free(log);
  return status;
}
