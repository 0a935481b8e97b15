#include "tools/predict/predict_run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "infer/route/routing_stats.h"
#include "tools/predict/predict_items.h"
#include "tools/predict/predict_parts.h"
#include "tools/predict/predict_trace.h"
#include "tools/shell/console.h"
#include "tools/shell/interrupt.h"

enum { CHUNK = 64 }; /* items in memory at once */

typedef struct Run {
  PredictParts parts;
  RoutingStats *stats;
  RouteWatcher watcher; /* of the statistics */
  Predictor *predictor;
  AtomicFile lines_file, stats_file;
} Run;

static void run_close(Run *r) {
  atomic_abort(&r->lines_file);
  atomic_abort(&r->stats_file);
  predictor_close(r->predictor);
  routing_stats_free(r->stats);
  predict_parts_close(&r->parts);
}

static Status open_items(PredictParts *p, const PredictOptions *o, Error *err) {
  TRY(predict_parts_items(p, o, err));
  if (o->together && items_count(p->items) > CHUNK) {
    return error_set(err, STATUS_USAGE, "%s: has %" PRId64 " items; at most %d are held at once",
                     o->input, items_count(p->items), CHUNK);
  }
  return predict_tell_items(p->items, items_count(p->items), err);
}

static Status open_stats(Run *r, Error *err) {
  const Pool *pool = r->parts.pool;
  TRY(routing_stats_new(&r->stats, pool_modules(pool), pool_count(pool), err));
  r->watcher = routing_stats_watcher(r->stats);
  return STATUS_OK;
}

static Status run_open(Run *r, const PredictOptions *o, Error *err) {
  PredictParts *p = &r->parts;
  TRY(predict_parts_base(p, o, err));
  TRY(open_items(p, o, err));
  TRY(predict_parts_generation(p, o, err));
  if (o->pool) TRY(predict_parts_pool(p, o, err));
  if (o->pool) TRY(predict_parts_router(p, o, err));
  if (o->stats) TRY(open_stats(r, err));
  TRY(predictor_open(&r->predictor, &p->base, p->router, r->stats ? &r->watcher : NULL,
                     &p->settings, err));
  if (o->output) TRY(atomic_open(&r->lines_file, o->output, err));
  return o->stats ? atomic_open(&r->stats_file, o->stats, err) : STATUS_OK;
}

static Status answer_chunk(Run *r, const Asking *asking, int64_t first, int64_t n,
                           PredictAnswer *answer, Error *err) {
  Item item[CHUNK] = {0};
  Status status = STATUS_OK;
  FILE *out = r->lines_file.stream ? r->lines_file.stream : stdout;
  for (int64_t i = 0; i < n && status == STATUS_OK; i++) {
    status = items_get(r->parts.items, first + i, &item[i], err);
  }
  if (status == STATUS_OK) status = answer(r->predictor, asking, item, n, out, err);
  for (int64_t i = 0; i < n; i++) item_free(&item[i]);
  return status;
}

static Status answer_all(Run *r, const PredictOptions *o, const char *label, PredictAnswer *answer,
                         Error *err) {
  Asking asking = {o->task, o->instruction};
  int64_t total = items_count(r->parts.items);
  Status status = STATUS_OK;
  Progress progress;
  const volatile sig_atomic_t *stop = interrupt_catch();
  console_progress_begin(&progress, label, 0, total);
  for (int64_t first = 0; first < total && status == STATUS_OK; first += CHUNK) {
    int64_t n = total - first < CHUNK ? total - first : CHUNK;
    status = answer_chunk(r, &asking, first, n, answer, err);
    if (status == STATUS_OK) console_progress_update(&progress, first + n, "items answered");
    if (status == STATUS_OK && *stop && first + n < total) {
      status =
          error_set(err, STATUS_INTERRUPTED, "interrupted after %" PRId64 " of %" PRId64 " items%s",
                    first + n, total, o->output ? "; nothing was written" : "");
    }
  }
  console_progress_end(&progress);
  return status;
}

/* --task, else the name of the input's file. */
static const char *task_name(const PredictOptions *o) {
  const char *slash = strrchr(o->input, '/');
  return o->task ? o->task : slash ? slash + 1 : o->input;
}

static Status write_stats(Run *r, const PredictOptions *o, Error *err) {
  json_t *json = routing_report_json(r->stats, r->parts.pool, task_name(o),
                                     router_method(&r->parts.router_settings)->name);
  bool written =
      json && json_dumpf(json, r->stats_file.stream, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) == 0;
  json_decref(json);
  if (!written) return error_set(err, STATUS_RUN, "the routing statistics cannot be written");
  fputc('\n', r->stats_file.stream);
  return atomic_commit(&r->stats_file, err);
}

static Status write_trace(PredictParts *p, const PredictOptions *o, Error *err) {
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

static void tell_loss(const Run *r, const PredictOptions *o) {
  const PredictLoss loss = predictor_loss(r->predictor);
  predict_tell_loss(NULL, items_path(r->parts.items), &loss, o->max_input, o->max_target);
}

Status predict_run(const PredictOptions *o, const char *label, PredictAnswer *answer, Error *err) {
  Run r = {0};
  Status status = run_open(&r, o, err);
  if (status == STATUS_OK) status = answer_all(&r, o, label, answer, err);
  if (status == STATUS_OK) tell_loss(&r, o);
  if (status == STATUS_OK && o->stats) status = write_stats(&r, o, err);
  if (status == STATUS_OK && o->trace) status = write_trace(&r.parts, o, err);
  if (status == STATUS_OK && o->output) status = atomic_commit(&r.lines_file, err);
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
