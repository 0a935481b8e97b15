/* A training run: loss, openness of its gates, its report and its settings. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "tools/report/chart.h"
#include "tools/report/html.h"
#include "tools/report/report_part.h"
#include "tools/report/training_record.h"
#include "train/run_log.h"

enum {
  POINTS_MOST = 400,  /* of a line; of longer runs a point is a mean over steps */
  TEXT_MOST = 1 << 20 /* bytes of a report */
};

/* A loss that falls by this factor would lie flat on a linear axis for most of the run. */
#define LOSS_DECADES 10

enum { TRAINING, VALIDATION, LOSSES };

typedef struct TrainingPart {
  RunLog log;
  int every;              /* steps that a point of the loss is the mean of */
  ChartLine loss[LOSSES]; /* those that have points come first */
  int losses;
  ChartLine open[T5_GROUPS];
  int opens;
  ChartPoint *point; /* what the lines point into */
  double low, high;  /* of the losses */
  char *report;      /* NULL: there is none */
  TrainingRecord record;
} TrainingPart;

/* ---- lines ---- */

static double column_of(const MetricsRow *row, int column) {
  if (column == TRAINING) return row->trained ? row->loss : NAN;
  return column == VALIDATION ? row->valid_loss : row->openness[column - LOSSES];
}

/* The points of a column, each the mean of `every` that are there, the last perhaps of fewer. */
static int fill_points(const TrainingPart *p, int column, int every, ChartPoint *point) {
  int count = 0, held = 0;
  double sum = 0;
  for (size_t i = 0; i < p->log.count; i++) {
    double value = column_of(&p->log.point[i], column);
    if (!isfinite(value)) continue;
    sum += value;
    point[count] = (ChartPoint){(double)p->log.point[i].step, sum / ++held, NAN, NAN};
    if (held == every) count++, held = 0, sum = 0;
  }
  return count + (held > 0);
}

static int count_points(const TrainingPart *p, int column) {
  int count = 0;
  for (size_t i = 0; i < p->log.count; i++) count += isfinite(column_of(&p->log.point[i], column));
  return count;
}

static ChartPoint *add_line(TrainingPart *p, ChartLine *line, int *lines, const char *name,
                            int column, ChartPoint *point) {
  int every = 1 + (count_points(p, column) - 1) / POINTS_MOST;
  int count = fill_points(p, column, every, point);
  if (count == 0) return point;
  line[*lines] = (ChartLine){.name = name, .colour = *lines, .point = point, .points = count};
  ++*lines;
  if (column == TRAINING) p->every = every;
  return point + count;
}

static void find_range(TrainingPart *p) {
  p->low = INFINITY, p->high = -INFINITY;
  for (int l = 0; l < p->losses; l++) {
    for (int i = 0; i < p->loss[l].points; i++) {
      p->low = fmin(p->low, p->loss[l].point[i].y);
      p->high = fmax(p->high, p->loss[l].point[i].y);
    }
  }
}

static Status make_lines(TrainingPart *p, Error *err) {
  p->point = calloc((LOSSES + T5_GROUPS) * (size_t)(POINTS_MOST + 1), sizeof *p->point);
  if (!p->point) return error_set(err, STATUS_RUN, "out of memory: a run");
  ChartPoint *at = p->point;
  at = add_line(p, p->loss, &p->losses, "training", TRAINING, at);
  at = add_line(p, p->loss, &p->losses, "validation", VALIDATION, at);
  for (int g = 0; g < T5_GROUPS && p->log.gates; g++)
    at = add_line(p, p->open, &p->opens, T5_GROUP[g], LOSSES + g, at);
  find_range(p);
  return STATUS_OK;
}

/* ---- reading ---- */

static Status read_report(TrainingPart *p, const char *path, Error *err) {
  size_t size;
  char *file = path_below(path, "report.txt");
  if (!file) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  Status status =
      file_exists(file) ? file_read(file, TEXT_MOST, &p->report, &size, err) : STATUS_OK;
  free(file);
  return status;
}

static Status read_training(void **run, const char *path, Error *err) {
  TrainingPart *p = *run = calloc(1, sizeof *p);
  if (!p) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  TRY(run_log_read(&p->log, path, err));
  TRY(read_report(p, path, err));
  TRY(training_record_read(&p->record, path, err));
  return make_lines(p, err);
}

static void free_training(void *run) {
  TrainingPart *p = run;
  if (!p) return;
  run_log_free(&p->log);
  free(p->point);
  free(p->report);
  training_record_free(&p->record);
  free(p);
}

/* ---- the page ---- */

static void put_figure(FILE *out, const char *title, const Chart *chart) {
  fprintf(out, "<figure><figcaption><b>%s</b></figcaption>\n", title);
  chart_put(out, chart);
  chart_put_legend(out, chart);
  fputs("</figure>\n", out);
}

static void put_loss(FILE *out, const TrainingPart *p) {
  bool log = p->low > 0 && p->high / p->low >= LOSS_DECADES;
  double more = p->high > p->low ? 0.05 * (p->high - p->low) : 1;
  if (p->losses == 0) return;
  const Chart chart = {.label = "loss by step",
                       .x_name = "step",
                       .y_name = log ? "nats a target token, logarithmic" : "nats a target token",
                       .line = p->loss,
                       .lines = p->losses,
                       .from = log ? p->low / 1.1 : fmin(0, p->low),
                       .to = log ? p->high * 1.1 : p->high + more,
                       .log = log};
  put_figure(out, "Loss", &chart);
}

static void put_openness(FILE *out, const TrainingPart *p) {
  const Chart chart = {.label = "openness of gates by step",
                       .x_name = "step",
                       .y_name = "mean gate value",
                       .line = p->open,
                       .lines = p->opens,
                       .from = 0,
                       .to = 1};
  if (p->opens > 0) put_figure(out, "Openness of gates", &chart);
}

static void put_training(FILE *out, const void *run) {
  const TrainingPart *p = run;
  fputs("<h3>Curves</h3>\n", out);
  if (p->log.best_step >= 0)
    fprintf(out,
            "<p class=\"note\">The result is of step %lld, whose validation loss is lowest.</p>\n",
            (long long)p->log.best_step);
  if (p->every > 1)
    fprintf(out, "<p class=\"note\">A point of the training loss is the mean of %d steps.</p>\n",
            p->every);
  fputs("<div class=\"panels\">\n", out);
  put_loss(out, p);
  put_openness(out, p);
  fputs("</div>\n", out);
  if (p->report) {
    fputs("<h3>Report</h3>\n<pre>", out);
    html_lines(out, p->report);
    fputs("</pre>\n", out);
  }
  training_record_put(out, &p->record);
}

const ReportPart part_training = {.kind = "training run",
                                  .mark = "metrics.jsonl",
                                  .read = read_training,
                                  .put = put_training,
                                  .free = free_training};
