/* The curves of training runs: loss, learning rate, openness and norm of the gates. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/plot/plot.h"
#include "tools/plot/plot_row.h"
#include "train/run_log.h"

enum { NAME = 256, RUN_SHOWN = 60 /* characters in the legend */ };

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

/* The name of a run, or its whole path where another run has that name, too. */
static const char *run_label(const TrainingFigure *f, int run, char out[NAME]) {
  char other[NAME];
  run_name(f->run[run], out);
  for (int r = 0; r < f->runs; r++)
    if (r != run && strcmp(run_name(f->run[r], other), out) == 0) return f->run[run];
  return out;
}

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

/* ---- the scale of the loss ---- */

typedef struct LossRange {
  double low, high;
} LossRange;

static void widen(LossRange *range, double loss) {
  range->low = fmin(range->low, loss); /* which pass NaN over */
  range->high = fmax(range->high, loss);
}

static LossRange loss_range(const TrainingFigure *f) {
  LossRange range = {INFINITY, -INFINITY};
  for (int r = 0; r < f->runs; r++) {
    for (size_t i = 0; i < f->log[r].count; i++) {
      widen(&range, f->log[r].point[i].loss);
      widen(&range, f->log[r].point[i].valid_loss);
    }
  }
  return range;
}

/* A loss that falls by this factor would lie flat on a linear axis for most of the run. */
#define LOSS_DECADES 10

static void put_scale(FILE *out, const TrainingFigure *f) {
  LossRange range = loss_range(f);
  bool log = range.low > 0 && range.high / range.low >= LOSS_DECADES;
  fprintf(out, "some_loss = %d\nlog_loss = %d\nloss_low = ", range.low <= range.high, log);
  plot_number(out, range.low);
  fputs("\nloss_high = ", out);
  plot_number(out, range.high);
  fputc('\n', out);
}

/* ---- the files ---- */

/* Runs are blocks with two blank lines between them, which is what gnuplot's `index` counts. */
static void training_data(FILE *out, const void *arg) {
  const TrainingFigure *f = arg;
  PlotRow row = plot_row(out);
  put_header(out);
  for (int r = 0; r < f->runs; r++) {
    char text[NAME];
    const char *name = run_label(f, r, text);
    if (r) fputs("\n\n", out);
    for (size_t i = 0; i < f->log[r].count; i++) put_point(&row, name, &f->log[r].point[i]);
  }
}

/* Whether some row has a learning rate, or the norm of a gate: a log may lack them, or be of steps
 * that were all skipped. */
static bool has_rate(const TrainingFigure *f) {
  for (int r = 0; r < f->runs; r++)
    for (size_t i = 0; i < f->log[r].count; i++)
      if (f->log[r].point[i].learning_rate > 0) return true;
  return false;
}

static bool has_norm(const RunLog *log) {
  for (size_t i = 0; i < log->count; i++)
    for (int g = 0; g < T5_GROUPS; g++)
      if (log->point[i].gate_norm[g] > 0) return true;
  return false;
}

static int64_t last_step(const TrainingFigure *f) {
  int64_t last = 0;
  for (int r = 0; r < f->runs; r++) {
    int64_t step = f->log[r].point[f->log[r].count - 1].step;
    last = step > last ? step : last;
  }
  return last;
}

static void training_settings(FILE *out, const void *arg) {
  const TrainingFigure *f = arg;
  char text[NAME];
  fputs("heading = ", out);
  plot_quote(out, f->runs == 1 ? run_name(f->run[0], text) : "training runs");
  fprintf(out, "\nsubtitle = \"\"\nruns = %d\n", f->runs);
  PlotRow row = plot_array(out, "name[runs]");
  for (int r = 0; r < f->runs; r++) row_quoted(&row, run_label(f, r, text), RUN_SHOWN);
  row_end(&row);
  row = plot_array(out, "valid[runs]");
  for (int r = 0; r < f->runs; r++) row_int(&row, f->log[r].valid);
  row_end(&row);
  row = plot_array(out, "chosen[runs]");
  for (int r = 0; r < f->runs; r++) row_int(&row, f->log[r].best_step);
  row_end(&row);
  fprintf(out, "last_step = %" PRId64 "\n", last_step(f));
  put_scale(out, f);
  fprintf(out, "some_rate = %d\nsome_norm = %d\n", has_rate(f), has_norm(&f->log[0]));
  fprintf(out, "gates = %d\n", f->runs == 1 && f->log[0].gates);
}

static Status draw_runs(char *const *runs, const RunLog *log, int count, Figures *made,
                        Error *err) {
  TrainingFigure f = {runs, log, count};
  Figure figure = {"training", training_data, training_settings, &f, plot_training_script};
  return plot_figure(made, &figure, err);
}

Status plot_training(char *const *runs, int count, Figures *made, Error *err) {
  RunLog *log = calloc((size_t)count, sizeof *log);
  if (!log) return error_set(err, STATUS_RUN, "out of memory");
  Status status = STATUS_OK;
  for (int r = 0; r < count && status == STATUS_OK; r++) {
    status = run_log_read(&log[r], runs[r], err);
    if (status == STATUS_OK && log[r].point[log[r].count - 1].step == 0)
      status = error_set(err, STATUS_INPUT, "%s: the run has not made a step yet", runs[r]);
  }
  if (status == STATUS_OK) status = draw_runs(runs, log, count, made, err);
  for (int r = 0; r < count; r++) run_log_free(&log[r]);
  free(log);
  return status;
}
