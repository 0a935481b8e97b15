#include "tools/predict/predict_run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/file/kept.h"
#include "infer/route/routing_stats.h"
#include "tools/predict/predict_items.h"
#include "tools/predict/predict_resume.h"
#include "tools/predict/predict_trace.h"
#include "tools/shell/console.h"
#include "tools/shell/interrupt.h"
#include "tools/shell/machine.h"

/* Items that are answered first: where somebody may wait for the first line, and where nobody does. */
enum { PACE_READ = 1, PACE_KEPT = 8 };
enum { CHUNK = 64 }; /* items in memory at once */

typedef struct Run {
  const PredictOptions *o;
  PredictAnswer *answer;
  PredictParts parts;
  RoutingStats *stats;
  RouteWatcher watcher; /* of the statistics */
  Predictor *predictor;
  PredictOut out;
  AtomicFile lines_file, stats_file;
  int64_t done; /* items that are answered */
  int64_t pace; /* items to answer next */
  Progress progress;
  bool shown; /* the progress is */
  const volatile sig_atomic_t *stop;
} Run;

static void run_close(Run *r) {
  atomic_abort(&r->lines_file);
  atomic_abort(&r->stats_file);
  predictor_close(r->predictor);
  routing_stats_free(r->stats);
  tally_free(&r->out.tally);
  predict_parts_close(&r->parts);
}

/* ---- answering ---- */

static Status hand_over(Run *r, Error *err) {
  return r->o->output ? kept_flush(&r->lines_file, err) : console_flush(err);
}

static Status answer_items(Run *r, int64_t n, Error *err) {
  Item item[CHUNK] = {0};
  const Asking asking = {r->o->task, r->o->instruction};
  Status status = STATUS_OK;
  for (int64_t i = 0; i < n && status == STATUS_OK; i++) {
    status = items_get(r->parts.items, r->done + i, &item[i], err);
  }
  if (status == STATUS_OK) status = r->answer(r->predictor, &asking, item, n, &r->out, err);
  for (int64_t i = 0; i < n; i++) item_free(&item[i]);
  return status == STATUS_OK ? hand_over(r, err) : status;
}

/* Answers what is there of the next items, as many as take about a second: whoever reads the lines
 * has them soon, and whoever ends the run loses few. */
static Status answer_some(Run *r, int64_t there, Error *err) {
  int64_t n = there < r->pace ? there : r->pace;
  double began = machine_seconds();
  TRY(answer_items(r, n, err));
  double took = machine_seconds() - began;
  if (took < 0.5 && r->pace < CHUNK) r->pace *= 2;
  if (took > 2 && r->pace > 1) r->pace /= 2;
  r->done += n;
  if (r->shown) console_progress_update(&r->progress, r->done, "items answered");
  return STATUS_OK;
}

static Status stop_here(const Run *r, Error *err) {
  return error_set(err, STATUS_INTERRUPTED, "interrupted after %" PRId64 " of %" PRId64 " items%s",
                   r->done, items_count(r->parts.items),
                   !r->o->output ? ""
                   : r->o->stats ? "; nothing was written"
                                 : "; the same command goes on there");
}

static Status answer_all(Run *r, Error *err) {
  for (;;) {
    int64_t there = items_count(r->parts.items) - r->done;
    bool ended = items_ended(r->parts.items);
    if (there == 0 && ended) return STATUS_OK;
    if (*r->stop) return stop_here(r, err);
    if (!r->o->output) TRY(console_reader(err));
    TRY(there > 0 ? answer_some(r, there, err) : items_more(r->parts.items, err));
  }
}

static Status answer_shown(Run *r, const char *label, Error *err) {
  const ItemSet *items = r->parts.items;
  const bool followed = !items_ended(items); /* and nobody knows how many there are */
  r->stop = interrupt_catch();
  r->shown = !followed && (r->o->output || !isatty(STDOUT_FILENO));
  if (r->shown) console_progress_begin(&r->progress, label, r->done, items_count(items));
  Status status = answer_all(r, err);
  console_progress_end(&r->progress);
  if (status == STATUS_OK && followed) status = predict_tell_items(items, items_count(items), err);
  return status;
}

/* ---- what is written beside the lines ---- */

/* --task, else the name of the input's file. */
static const char *task_name(const PredictOptions *o) {
  const char *slash = strrchr(o->input, '/');
  return o->task ? o->task : slash ? slash + 1 : o->input;
}

static Status write_stats(Run *r, Error *err) {
  const PredictParts *p = &r->parts;
  json_t *json = routing_report_json(r->stats, p->pool, task_name(r->o),
                                     router_method(&p->router_settings)->name);
  bool written =
      json && json_dumpf(json, r->stats_file.stream, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) == 0;
  json_decref(json);
  if (!written) return error_set(err, STATUS_RUN, "the routing statistics cannot be written");
  fputc('\n', r->stats_file.stream);
  return atomic_commit(&r->stats_file, err);
}

static Status write_trace(Run *r, Error *err) {
  const PredictParts *p = &r->parts;
  const PredictOptions *o = r->o;
  Item item;
  Asking asking = {o->task, o->instruction};
  TraceRequest request = {.base = &p->base,
                          .pool = p->pool,
                          .router = p->router,
                          .settings = &p->settings,
                          .task = task_name(o),
                          .method = router_method(&p->router_settings)->name,
                          .path = o->trace};
  TRY(items_get(p->items, 0, &item, err));
  Status status = predict_trace(&request, &asking, &item, o->keys.use == ITEMS_RANKED, err);
  item_free(&item);
  return status;
}

/* ---- the run ---- */

static Status open_items(PredictParts *p, const PredictOptions *o, Error *err) {
  TRY(predict_parts_items(p, o, err));
  if (o->together && items_count(p->items) > CHUNK) {
    return error_set(err, STATUS_USAGE, "%s: has %" PRId64 " items; at most %d are held at once",
                     o->input, items_count(p->items), CHUNK);
  }
  if (!items_ended(p->items)) return STATUS_OK; /* what is left out shows at the end */
  return predict_tell_items(p->items, items_count(p->items), err);
}

static Status open_stats(Run *r, Error *err) {
  const Pool *pool = r->parts.pool;
  TRY(routing_stats_new(&r->stats, pool_modules(pool), pool_count(pool), err));
  r->watcher = routing_stats_watcher(r->stats);
  return STATUS_OK;
}

static Status open_inputs(Run *r, Error *err) {
  PredictParts *p = &r->parts;
  const PredictOptions *o = r->o;
  TRY(predict_parts_base(p, o, err));
  TRY(predict_parts_check(p, o, err));
  TRY(open_items(p, o, err));
  TRY(predict_parts_generation(p, o, err));
  if (o->pool) TRY(predict_parts_pool(p, o, err));
  if (o->pool) TRY(predict_parts_router(p, o, err));
  if (o->stats) TRY(open_stats(r, err));
  return predictor_open(&r->predictor, &p->base, p->router, r->stats ? &r->watcher : NULL,
                        &p->settings, err);
}

static Status open_outputs(Run *r, Error *err) {
  const PredictOptions *o = r->o;
  if (o->output) TRY(predict_resume(&r->lines_file, &r->parts, o, &r->out.tally, &r->done, err));
  r->out.lines = o->output ? r->lines_file.stream : stdout;
  r->pace = o->together ? CHUNK : o->output ? PACE_KEPT : PACE_READ;
  return o->stats ? atomic_open(&r->stats_file, o->stats, err) : STATUS_OK;
}

/* What was not there at the start may be there by now. */
static Status write_outputs(Run *r, Error *err) {
  TRY(predict_parts_check(&r->parts, r->o, err));
  if (r->o->stats) TRY(write_stats(r, err));
  if (r->o->trace) TRY(write_trace(r, err));
  return r->o->output ? atomic_commit(&r->lines_file, err) : STATUS_OK;
}

/* Of the items that this run answered. */
static void tell_loss(const Run *r) {
  const PredictOptions *o = r->o;
  const PredictLoss loss = predictor_loss(r->predictor);
  predict_tell_loss(NULL, items_path(r->parts.items), &loss, o->max_input, o->max_target);
  predict_parts_tell(&r->parts);
}

Status predict_run(const PredictOptions *o, const char *label, PredictAnswer *answer, Error *err) {
  Run r = {.o = o, .answer = answer};
  Status status = open_inputs(&r, err);
  if (status == STATUS_OK) status = open_outputs(&r, err);
  if (status == STATUS_OK) status = answer_shown(&r, label, err);
  if (status == STATUS_OK) tell_loss(&r);
  if (status == STATUS_OK) status = write_outputs(&r, err);
  if (status == STATUS_OK) status = tally_say(&r.out.tally, label, err);
  run_close(&r);
  return status;
}

Status predict_write_line(json_t *line, FILE *out, Error *err) {
  char *text = line ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
  json_decref(line);
  if (!text) return error_set(err, STATUS_RUN, "out of memory: a line of output");
  fprintf(out, "%s\n", text);
  free(text);
  return STATUS_OK;
}
