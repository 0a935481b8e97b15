#include "tools/cmd/train_watch.h"

#include <inttypes.h>
#include <stdio.h>

#include "tools/shell/interrupt.h"

static void on_step(void *arg, const MetricsRow *row, int64_t steps) {
  Watching *w = arg;
  char rate[16], valid[48] = "";
  if (!w->begun) console_progress_begin(&w->progress, w->label, row->step - 1, steps);
  w->begun = true;
  if (row->validated) snprintf(valid, sizeof valid, "  valid %.4f", row->valid_loss);
  console_progress_update(&w->progress, row->step, "loss %.4f%s  %s tok/s", row->loss, valid,
                          console_count(rate, sizeof rate, row->tokens_per_second));
  if (row->skipped) {
    console_note(&w->progress,
                 "step %" PRId64 ": loss or gradient is NaN or Inf; the step was skipped",
                 row->step);
  }
}

static void on_note(void *arg, const char *line) {
  Watching *w = arg;
  console_note(&w->progress, "%s", line);
}

TrainWatch train_watch(Watching *w) {
  return (TrainWatch){w, on_step, on_note, interrupt_catch()};
}
