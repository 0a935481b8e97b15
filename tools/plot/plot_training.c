/* The curves of training runs: loss, learning rate, openness and norm of the gates. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "tools/plot/plot.h"
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

static void write_header(FILE *f) {
  fputs("run\tstep\tloss\tvalid_loss\tlearning_rate", f);
  for (int g = 0; g < T5_GROUPS; g++) fprintf(f, "\topenness.%s", T5_GROUP[g]);
  for (int g = 0; g < T5_GROUPS; g++) fprintf(f, "\tgate_norm.%s", T5_GROUP[g]);
  fputc('\n', f);
}

static void write_point(FILE *f, const char *name, const MetricsRow *p) {
  for (const char *c = name; *c; c++) fputc((unsigned char)*c < 0x20 ? ' ' : *c, f);
  fprintf(f, "\t%" PRId64, p->step);
  const double value[] = {p->loss, p->valid_loss, p->learning_rate};
  for (int i = 0; i < 3; i++) fputc('\t', f), plot_number(f, value[i]);
  for (int g = 0; g < T5_GROUPS; g++) fputc('\t', f), plot_number(f, p->openness[g]);
  for (int g = 0; g < T5_GROUPS; g++) fputc('\t', f), plot_number(f, p->gate_norm[g]);
  fputc('\n', f);
}

/* Runs are blocks with two blank lines between them, which is what gnuplot's `index` counts. */
static Status write_data(const char *path, char *const *runs, const RunLog *log, int count,
                         Error *err) {
  AtomicFile file = {0};
  TRY(atomic_open(&file, path, err));
  write_header(file.stream);
  for (int r = 0; r < count; r++) {
    char text[NAME];
    const char *name = run_name(runs[r], text);
    if (r) fputs("\n\n", file.stream);
    for (size_t i = 0; i < log[r].count; i++) write_point(file.stream, name, &log[r].point[i]);
  }
  return atomic_commit(&file, err);
}

/* What the script is to know about this data, then the script itself. */
static Status write_script(const char *path, char *const *runs, const RunLog *log, int count,
                           Error *err) {
  AtomicFile file = {0};
  TRY(atomic_open(&file, path, err));
  FILE *f = file.stream;
  char text[NAME];
  fprintf(f, "runs = %d\narray name[%d] = [", count, count);
  for (int r = 0; r < count; r++) {
    if (r) fputs(", ", f);
    plot_quote(f, run_name(runs[r], text));
  }
  fprintf(f, "]\narray valid[%d] = [", count);
  for (int r = 0; r < count; r++) fprintf(f, "%s%d", r ? ", " : "", log[r].valid);
  fprintf(f, "]\ngates = %d\nheading = ", count == 1 && log[0].gates);
  plot_quote(f, count == 1 ? run_name(runs[0], text) : "training runs");
  fputc('\n', f);
  fputs(plot_training_script, f);
  return atomic_commit(&file, err);
}

static Status write_figure(char *const *runs, const RunLog *log, int count, const char *dir,
                           Error *err) {
  TRY(dir_make(dir, err));
  char *data = path_join(dir, "training.tsv"), *script = path_join(dir, "training.gp");
  Status status = data && script ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory");
  if (status == STATUS_OK) status = write_data(data, runs, log, count, err);
  if (status == STATUS_OK) status = write_script(script, runs, log, count, err);
  if (status == STATUS_OK) status = plot_draw(dir, "training", err);
  free(data);
  free(script);
  return status;
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
  if (status == STATUS_OK) status = write_figure(runs, log, count, out ? out : runs[0], err);
  for (int r = 0; r < count; r++) run_log_free(&log[r]);
  free(log);
  return status;
}
