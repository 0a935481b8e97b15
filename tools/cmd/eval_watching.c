#include "tools/cmd/eval_watching.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "tools/predict/predict_items.h"
#include "tools/shell/console.h"
#include "tools/shell/interrupt.h"

typedef struct Watching {
  Progress progress;
  int64_t total, before; /* answers of all open cells; of the finished ones among them */
  bool begun;
  const EvalMethod *failed; /* what failed last, and why */
  char error[ERROR_TEXT];
  const Evaluation *evaluation;
  char **noted; /* [notes] what was said of routers */
  size_t notes;
  bool *told; /* [tasks] what of their items is not read, which is the same with every method */
} Watching;

static void on_items(void *arg, const EvalTask *task, const EvalMethod *method, int64_t done,
                     int64_t total) {
  Watching *w = arg;
  if (!w->begun) console_progress_begin(&w->progress, "eval", 0, w->total);
  w->begun = true;
  console_progress_update(&w->progress, w->before + done, "%.60s on %.60s", method->name,
                          task->name);
  if (done == total) w->before += done;
}

static void tell_loss(Watching *w, const EvalTask *task, const EvalCell *cell) {
  const EvalSpec *spec = w->evaluation->spec;
  bool *told = &w->told[task - spec->task];
  if (cell->state != CELL_DONE || *told) return;
  *told = true;
  predict_tell_loss(&w->progress, task->file, &cell->loss, spec->settings.max_input,
                    spec->settings.max_target);
}

static void on_cell(void *arg, const EvalTask *task, const EvalMethod *method,
                    const EvalCell *cell) {
  Watching *w = arg;
  tell_loss(w, task, cell);
  if (cell->state != CELL_FAILED || (w->failed == method && strcmp(w->error, cell->error) == 0))
    return;
  console_note(&w->progress, "failed: %s on %s: %s", method->name, task->name, cell->error);
  w->failed = method;
  memcpy(w->error, cell->error, sizeof w->error);
}

/* Methods whose routers are alike say the same, which is said once. */
static void on_note(void *arg, const char *line) {
  Watching *w = arg;
  for (size_t i = 0; i < w->notes; i++)
    if (strcmp(w->noted[i], line) == 0) return;
  char **grown = array_grow(w->noted, w->notes, 1, sizeof *grown);
  if (grown) w->noted = grown;
  if (grown && (w->noted[w->notes] = strdup(line))) w->notes++;
  console_note(&w->progress, "skein: %s", line);
}

static void watching_free(Watching *w) {
  for (size_t i = 0; i < w->notes; i++) free(w->noted[i]);
  free(w->noted);
  free(w->told);
}

Status eval_compute(Evaluation *e, Error *err) {
  Watching w = {.total = evaluation_work(e),
                .evaluation = e,
                .told = calloc((size_t)e->spec->tasks, sizeof(bool))};
  if (!w.told) return error_set(err, STATUS_RUN, "out of memory: watching the evaluation");
  const EvalWatch watch = {&w, on_items, on_cell, on_note, interrupt_catch()};
  int taken = evaluation_count(e, CELL_DONE);
  if (taken)
    console_note(NULL, "%d finished cells are taken over; %d are computed", taken,
                 evaluation_count(e, CELL_OPEN));
  Status status = evaluation_run(e, &watch, err);
  console_progress_end(&w.progress);
  watching_free(&w);
  if (status != STATUS_OK) return status;
  return evaluation_count(e, CELL_FAILED) ? STATUS_PARTIAL : STATUS_OK;
}

/* ---- failures ---- */

static bool failed_alike(const Evaluation *e, int method, int task, const char *error) {
  const EvalCell *cell = evaluation_cell(e, method, task);
  return cell->state == CELL_FAILED && strcmp(cell->error, error) == 0;
}

/* The tasks on which a method failed as on `first`, in one line; nothing when an earlier line has
 * them. */
static void list_failure(const Evaluation *e, int method, int first) {
  const EvalSpec *spec = e->spec;
  const char *error = evaluation_cell(e, method, first)->error;
  char tasks[256] = "";
  for (int t = 0; t < spec->tasks; t++) {
    if (!failed_alike(e, method, t, error)) continue;
    if (t < first) return;
    size_t used = strlen(tasks);
    snprintf(tasks + used, sizeof tasks - used, "%s%.60s", used ? ", " : "", spec->task[t].name);
  }
  console_note(NULL, "  %s on %s: %s", spec->method[method]->name, tasks, error);
}

void eval_list_failures(const Evaluation *e, bool tried) {
  const EvalSpec *spec = e->spec;
  const int failed = evaluation_count(e, CELL_FAILED);
  console_note(NULL, "%d cell%s %s:", failed, failed == 1 ? "" : "s",
               tried ? "would fail" : "failed without a score; the next run tries again");
  for (int m = 0; m < spec->methods; m++) {
    for (int t = 0; t < spec->tasks && spec->method[m]->rule == EVAL_ROUTED; t++) {
      if (evaluation_cell(e, m, t)->state == CELL_FAILED) list_failure(e, m, t);
    }
  }
}
