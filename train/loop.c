#include "train/loop.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "data/file/path.h"
#include "optim/schedule.h"
#include "train/run_parts.h"

enum { SKIPS_MOST = 3 }; /* non-finite steps in a row that end a run */

static double seconds_since(const struct timespec *start) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)(now.tv_sec - start->tv_sec) + 1e-9 * (double)(now.tv_nsec - start->tv_nsec);
}

/* ---- beginning ---- */

static Snapshot run_snapshot(Run *r) {
  return (Snapshot){&r->state, &r->identity, r->objective.param, r->objective.params};
}

static Status save_checkpoint(Run *r, Error *err) {
  r->state.seconds = r->seconds_before + seconds_since(&r->started);
  TRY(metrics_flush(r->metrics, err));
  Snapshot of = run_snapshot(r);
  TRY(checkpoint_save(r->dir.checkpoints, &of, err));
  return checkpoint_rotate(r->dir.checkpoints, r->state.step, r->state.best_step, err);
}

/* Validates the current parameters and keeps the books of the best. Without validation data there
 * is no best: the last step is the result. */
static Status validate_step(Run *r, MetricsRow *row, Error *err) {
  if (!r->valid) return STATUS_OK;
  TrainState *s = &r->state;
  Learner l = objective_learner(&r->objective);
  TRY(probe_loss(&r->probe, &r->stepper, l.model, l.adapters, &row->valid_loss, err));
  row->validated = true;
  if (isfinite(row->valid_loss) && (s->best_step < 0 || row->valid_loss < s->best_loss)) {
    s->best_step = s->step;
    s->best_loss = row->valid_loss;
    s->stale_evals = 0;
    return STATUS_OK;
  }
  int64_t patience = r->settings->train.patience;
  s->stopped = ++s->stale_evals >= patience && patience > 0;
  return STATUS_OK;
}

static Status write_record(const Run *r, const OptionSet *set, Error *err) {
  const RunRecord record = {set, r->train, r->valid, &r->state.extended};
  return run_dir_record(&r->dir, &record, err);
}

/* A fresh run has its first checkpoint before its record says that it is there, so whatever has a
 * record can be resumed. */
static Status begin_run(Run *r, const OptionSet *set, Error *err) {
  r->state = (TrainState){.best_step = -1};
  TRY(dir_remove(r->dir.checkpoints, err));
  TRY(metrics_open(&r->metrics, r->dir.root, -1, err));
  MetricsRow row = {0};
  if (r->valid) note_take(r->notes, "validating the start");
  TRY(validate_step(r, &row, err));
  if (row.validated) TRY(metrics_add(r->metrics, &row, err));
  TRY(save_checkpoint(r, err));
  TRY(data_report_save(&r->data, r->dir.root, err));
  return write_record(r, set, err);
}

/* A run that was to make `planned` steps is to make those of the settings. */
static Status extend(Run *r, int64_t planned, NoteTaker notes, Error *err) {
  const TrainState *s = &r->state;
  Extensions *x = &r->state.extended;
  const TrainSettings *now = &r->settings->train;
  if (planned < 0 || planned == now->steps) return STATUS_OK;
  if (s->stopped)
    return error_set(err, STATUS_MISMATCH,
                     "train.steps: the run ended at step %" PRId64
                     " for want of improvement (train.patience), not of steps; restore %" PRId64
                     " or choose another output",
                     s->step, planned);
  TRY(extensions_add(x, s->step, planned, now, r->valid != NULL, err));
  char *text = extension_text(&x->one[x->count - 1]);
  if (!text) return error_set(err, STATUS_RUN, "out of memory: the run");
  if (notes.note) notes.note(notes.arg, text);
  free(text);
  return STATUS_OK;
}

static Status resume_state(Run *r, const OptionSet *set, Error *err) {
  Snapshot into = run_snapshot(r);
  int64_t planned;
  TRY(checkpoint_resume(r->dir.checkpoints, &into, r->notes, &planned, err));
  TRY(extend(r, planned, r->notes, err));
  TRY(write_record(r, set, err));
  r->seconds_before = r->state.seconds;
  /* Those that went while the run died. */
  TRY(checkpoint_rotate(r->dir.checkpoints, r->state.step, r->state.best_step, err));
  return metrics_open(&r->metrics, r->dir.root, r->state.step, err);
}

/* ---- stepping ---- */

static float learning_rate(const Run *r) {
  const TrainSettings *t = &r->settings->train;
  int64_t warmup = schedule_warmup(t->warmup_ratio, t->steps);
  return (float)(t->learning_rate *
                 schedule_factor((ScheduleKind)t->schedule, r->state.step, t->steps, warmup));
}

/* One optimizer step on the next batch; fills the row of the step. */
static Status make_step(Run *r, MetricsRow *row, Error *err) {
  Objective *o = &r->objective;
  Batch batch = {0};
  StepResult result = {0};
  TRY(batch_reader_next(r->reader, &batch, err));
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  if (o->kind->begin_step) o->kind->begin_step(o);
  float rate = learning_rate(r);
  Learner learner = objective_learner(o);
  Status status =
      step_train(&r->stepper, &learner, &batch, r->state.updates + 1, rate, &result, err);
  double tokens = (double)(batch.input_tokens + batch.target_tokens);
  *row = (MetricsRow){.step = ++r->state.step,
                      .trained = true,
                      .loss = result.loss,
                      .learning_rate = (double)rate,
                      .grad_norm = result.grad_norm,
                      .skipped = result.skipped,
                      .examples = batch.examples,
                      .input_tokens = batch.input_tokens,
                      .target_tokens = batch.target_tokens,
                      .tokens_per_second = tokens / seconds_since(&start)};
  batch_free(&batch);
  return status;
}

/* The first weight that is not finite, for the message of a run that broke down. */
static const char *broken_weight(const T5 *model) {
  for (int i = 0; i < model->tensors; i++) {
    const Tensor *t = model->tensor[i].tensor;
    float row[1024];
    for (int64_t at = 0; at < tensor_count(t); at += 1024) {
      size_t n = tensor_count(t) - at < 1024 ? (size_t)(tensor_count(t) - at) : 1024;
      const char *from = (const char *)t->store + (size_t)at * dtype_size(t->dtype);
      dtype_widen(row, from, t->dtype, n);
      for (size_t k = 0; k < n; k++) {
        if (!isfinite(row[k])) return model->tensor[i].name;
      }
    }
  }
  return NULL;
}

static Status count_skips(Run *r, const MetricsRow *row, Error *err) {
  TrainState *s = &r->state;
  s->updates += !row->skipped;
  s->skipped += row->skipped;
  s->skipped_in_a_row = row->skipped ? s->skipped_in_a_row + 1 : 0;
  if (s->skipped_in_a_row < SKIPS_MOST) return STATUS_OK;
  const char *weight = broken_weight(r->objective.on.base.model);
  return error_set(
      err, STATUS_RUN,
      "step %lld: loss or gradient was NaN or Inf for %d steps in a row (%s%s); lower "
      "train.learning_rate; the last checkpoint is intact",
      (long long)s->step, SKIPS_MOST,
      weight ? "the base holds a non-finite weight: " : "all weights of the base are finite",
      weight ? weight : "");
}

static bool is_due(int64_t every, int64_t step) {
  return every > 0 && step % every == 0;
}

static Status finish_step(Run *r, MetricsRow *row, Error *err) {
  const TrainSettings *t = &r->settings->train;
  int64_t best = r->state.best_step;
  const Objective *o = &r->objective;
  if (o->kind->describe_step) o->kind->describe_step(o, row);
  TRY(count_skips(r, row, err));
  bool last = r->state.step == t->steps;
  if (is_due(t->eval_every, r->state.step) || last) TRY(validate_step(r, row, err));
  row->seconds = r->seconds_before + seconds_since(&r->started);
  TRY(metrics_add(r->metrics, row, err));
  if (r->watch && r->watch->step) r->watch->step(r->watch->arg, row, t->steps);
  bool improved = r->state.best_step != best;
  bool done = last || r->state.stopped;
  return is_due(t->save_every, r->state.step) || improved || done ? save_checkpoint(r, err)
                                                                  : STATUS_OK;
}

static bool stop_wanted(const Run *r) {
  return r->watch && r->watch->stop && *r->watch->stop;
}

static Status stop_interrupted(Run *r, Error *err) {
  TRY(save_checkpoint(r, err));
  return error_set(err, STATUS_INTERRUPTED, "interrupted after step %lld; continue with --resume",
                   (long long)r->state.step);
}

static Status train_steps(Run *r, Error *err) {
  int64_t steps = r->settings->train.steps;
  if (r->state.step >= steps || r->state.stopped) return STATUS_OK;
  TRY(batch_reader_start(&r->reader, r->train, &r->spec, r->state.step, steps, err));
  while (r->state.step < steps && !r->state.stopped) {
    if (stop_wanted(r)) return stop_interrupted(r, err);
    MetricsRow row;
    TRY(make_step(r, &row, err));
    TRY(finish_step(r, &row, err));
  }
  return STATUS_OK;
}

/* ---- the result ---- */

/* The parameters become again what the settings make; nothing but saving and reporting follows. */
static Status return_to_start(Run *r, Error *err) {
  batch_reader_stop(r->reader);
  r->reader = NULL;
  examples_close(r->train);
  examples_close(r->valid);
  r->train = r->valid = NULL;
  objective_close(&r->objective);
  TRY(objective_open(&r->objective, r->settings, r->dir.root, true, r->notes, err));
  r->objective.state = &r->state;
  return STATUS_OK;
}

/* Keeps the parameters of the last step, or, where they are the result, removes what was kept of a
 * run before it was extended. */
static Status write_last(Run *r, bool is_result, Error *err) {
  char *last = path_join(r->dir.root, "last");
  if (!last) return error_set(err, STATUS_RUN, "out of memory: the result");
  Status status = is_result ? STATUS_OK : dir_make(last, err);
  if (is_result && r->state.extended.count > 0) status = dir_remove(last, err);
  if (!is_result && status == STATUS_OK)
    status = r->objective.kind->save(&r->objective, last, r->state.step, err);
  free(last);
  return status;
}

/* The result is the best validated step; where that is not the last, the last is kept too. */
static Status write_result(Run *r, TrainOutcome *out, Error *err) {
  Objective *o = &r->objective;
  note_take(r->notes, "writing the result");
  TRY(foundation_check(&o->on, err));
  out->result_step = r->state.best_step < 0 ? r->state.step : r->state.best_step;
  bool is_last = out->result_step == r->state.step;
  TRY(write_last(r, is_last, err));
  if (!is_last && out->result_step == 0) TRY(return_to_start(r, err));
  if (!is_last) {
    Snapshot into = run_snapshot(r);
    TRY(checkpoint_load_values(r->dir.checkpoints, out->result_step, &into, err));
  }
  if (o->kind->report)
    TRY(o->kind->report(o, &r->probe, &r->stepper, r->dir.root, out->result_step, &out->report,
                        err));
  return o->kind->save(o, r->dir.root, out->result_step, err);
}

static NoteTaker watch_notes(const TrainWatch *watch) {
  return watch ? (NoteTaker){watch->note, watch->arg} : (NoteTaker){0};
}

static Status run_all(Run *r, const OptionSet *set, const TrainRequest *request,
                      const TrainWatch *watch, TrainOutcome *out, Error *err) {
  RunStart start = request->resume ? RUN_RESUMED : RUN_FRESH;
  TRY(run_open(r, set, start, request->strict, watch_notes(watch), err));
  r->watch = watch;
  clock_gettime(CLOCK_MONOTONIC, &r->started);
  TRY(request->resume ? resume_state(r, set, err) : begin_run(r, set, err));
  Status status = train_steps(r, err);
  out->state = r->state;
  TRY(status);
  return write_result(r, out, err);
}

Status train_run(const OptionSet *set, const TrainRequest *request, const TrainWatch *watch,
                 TrainOutcome *outcome, Error *err) {
  Run r = {0};
  *outcome = (TrainOutcome){.state = {.best_step = -1}};
  Status status = run_all(&r, set, request, watch, outcome, err);
  run_close(&r);
  if (status != STATUS_OK) train_outcome_free(outcome);
  return status;
}

void train_outcome_free(TrainOutcome *outcome) {
  free(outcome->report);
  outcome->report = NULL;
}

Status train_plan(const OptionSet *set, bool strict, const TrainWatch *watch, TrainPlan *plan,
                  Error *err) {
  Run r;
  Status status = run_open(&r, set, RUN_DRY, strict, watch_notes(watch), err);
  *plan = (TrainPlan){r.objective.params, r.work, r.estimate, r.left};
  run_close(&r);
  return status;
}
