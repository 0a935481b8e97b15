#include "tools/predict/predict_run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/text_stream.h"
#include "data/file/file.h"
#include "infer/route/router_options.h"
#include "infer/route/routing_stats.h"
#include "infer/t5/base.h"
#include "tools/predict/predict_items.h"
#include "tools/predict/predict_trace.h"
#include "tools/shell/console.h"
#include "tools/shell/interrupt.h"

enum { CHUNK = 64 }; /* items in memory at once */

typedef struct Parts {
  ItemSet *items;
  Base base;
  Pool *pool;
  OptionSet router_set;
  RouterSettings router_settings;
  Router *router;
  RoutingStats *stats;
  RouteWatcher watcher; /* of the statistics */
  GenerationConfig generation;
  PredictSettings settings;
  Predictor *predictor;
  AtomicFile lines_file, stats_file;
} Parts;

static void parts_close(Parts *p) {
  atomic_abort(&p->lines_file);
  atomic_abort(&p->stats_file);
  predictor_close(p->predictor);
  routing_stats_free(p->stats);
  router_close(p->router);
  options_free(&p->router_set);
  pool_close(p->pool);
  generation_config_free(&p->generation);
  base_close(&p->base);
  items_close(p->items);
}

static Status read_router(Parts *p, const PredictOptions *o, Error *err) {
  TRY(router_settings_init(&p->router_set, &p->router_settings, err));
  for (int i = 0; i < o->assignment.count; i++) {
    TRY(options_assign(&p->router_set, o->assignment.text[i], err));
  }
  if (!o->router) return STATUS_OK;
  char *assignment;
  if (asprintf(&assignment, "router=%s", o->router) < 0) {
    return error_set(err, STATUS_RUN, "out of memory: the arguments");
  }
  Status status = options_assign(&p->router_set, assignment, err);
  free(assignment);
  return status;
}

/* What a method does not read changes nothing, which who has set it should know. */
static void say_unread(const Parts *p, const PredictOptions *o) {
  const RouteMethod *method = route_method(p->router_settings.method);
  for (int i = 0; i < o->assignment.count; i++) {
    const char *text = o->assignment.text[i];
    char *key = strndup(text, strcspn(text, "="));
    if (key && !router_uses(&p->router_settings, key))
      console_note(NULL, "skein: -s %s: router %s does not read it with these settings", key,
                   method->name);
    free(key);
  }
}

/* --base, else what the pool says. */
static Status open_base(Parts *p, const PredictOptions *o, Error *err) {
  PoolManifest manifest = {0};
  const char *dir;
  if (!o->base) TRY(manifest_read(&manifest, o->pool, err));
  Status status = manifest_base(&manifest, o->base, &dir, err);
  if (status == STATUS_OK) status = base_open(&p->base, dir, err);
  manifest_free(&manifest);
  return status;
}

/* The default top_k is for a pool of some size. */
static Status fit_router(Parts *p, Error *err) {
  bool lowered;
  TRY(router_settings_fit(&p->router_set, &p->router_settings, pool_count(p->pool), &lowered, err));
  if (lowered)
    console_note(NULL, "skein: top_k: is %" PRId64 ", for no more experts take part",
                 p->router_settings.top_k);
  return STATUS_OK;
}

static Status open_router(Parts *p, const PredictOptions *o, Error *err) {
  TRY(base_sample(&p->base, err));
  TRY((o->no_verify ? pool_open_as_is : pool_open)(&p->pool, o->pool, &p->base.model->modules,
                                                   p->base.sample, p->router_settings.only, err));
  if (o->no_verify) console_note(NULL, "%s: its files are not compared with pool.yaml", o->pool);
  if (o->require_provenance) TRY(pool_require_provenance(p->pool, err));
  TRY(fit_router(p, err));
  TRY(router_open(&p->router, &p->router_settings, p->pool, &p->base, (int)o->threads, err));
  if (!o->stats) return STATUS_OK;
  TRY(routing_stats_new(&p->stats, pool_modules(p->pool), pool_count(p->pool), err));
  p->watcher = routing_stats_watcher(p->stats);
  return STATUS_OK;
}

/* "num_beams 4, min_length 10" of {"num_beams": 4, "min_length": 10}; NULL when out of memory. */
static char *list_keys(json_t *keys) {
  TextStream text;
  const char *key, *before = "";
  json_t *value;
  if (!text_stream_open(&text)) return NULL;
  json_object_foreach(keys, key, value) {
    char *dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
    const char *shown = json_is_string(value) ? json_string_value(value) : dumped;
    fprintf(text.out, "%s%s %s", before, key, shown ? shown : "...");
    free(dumped);
    before = ", ";
  }
  return text_stream_close(&text);
}

static void say_keys(const char *path, const char *what, json_t *keys) {
  char *text = json_object_size(keys) > 0 ? list_keys(keys) : NULL;
  if (text) console_note(NULL, "skein: %s: %s: %s", path, what, text);
  free(text);
}

/* What the base asks of generation, where nothing else was given; said. */
static Status settle_generation(Parts *p, const PredictOptions *o, Error *err) {
  p->settings = predict_options_settings(o);
  if (!o->generates || o->no_generation_config) return STATUS_OK;
  GenerationConfig *g = &p->generation;
  TRY(generation_config_read(g, p->base.dir, &p->base.model->config, err));
  generation_settle(&p->settings, o->given, g);
  say_keys(g->path, "taken", g->taken);
  say_keys(g->path, "passed over", g->unused);
  return STATUS_OK;
}

static Status open_items(Parts *p, const PredictOptions *o, Error *err) {
  ItemKeys keys = o->keys;
  keys.no_query = !o->pool || !router_uses(&p->router_settings, "embedder");
  keys.tokens = (ChoiceTokens){p->base.tokenizer, o->max_target};
  TRY(items_open(&p->items, o->input, o->bbh ? ITEMS_BBH : ITEMS_LINES, &keys, err));
  if (o->together && items_count(p->items) > CHUNK) {
    return error_set(err, STATUS_USAGE, "%s: has %" PRId64 " items; at most %d are held at once",
                     o->input, items_count(p->items), CHUNK);
  }
  return predict_tell_items(p->items, items_count(p->items), err);
}

static Status parts_open(Parts *p, const PredictOptions *o, Error *err) {
  if (o->pool) TRY(read_router(p, o, err));
  if (o->pool) say_unread(p, o);
  TRY(open_base(p, o, err));
  TRY(open_items(p, o, err));
  TRY(settle_generation(p, o, err));
  if (o->pool) TRY(open_router(p, o, err));
  TRY(predictor_open(&p->predictor, &p->base, p->router, p->stats ? &p->watcher : NULL,
                     &p->settings, err));
  if (o->output) TRY(atomic_open(&p->lines_file, o->output, err));
  return o->stats ? atomic_open(&p->stats_file, o->stats, err) : STATUS_OK;
}

static Status answer_chunk(Parts *p, const Asking *asking, int64_t first, int64_t n,
                           PredictAnswer *answer, Error *err) {
  Item item[CHUNK] = {0};
  Status status = STATUS_OK;
  FILE *out = p->lines_file.stream ? p->lines_file.stream : stdout;
  for (int64_t i = 0; i < n && status == STATUS_OK; i++) {
    status = items_get(p->items, first + i, &item[i], err);
  }
  if (status == STATUS_OK) status = answer(p->predictor, asking, item, n, out, err);
  for (int64_t i = 0; i < n; i++) item_free(&item[i]);
  return status;
}

static Status answer_all(Parts *p, const PredictOptions *o, const char *label,
                         PredictAnswer *answer, Error *err) {
  Asking asking = {o->task, o->instruction};
  int64_t total = items_count(p->items);
  Status status = STATUS_OK;
  Progress progress;
  const volatile sig_atomic_t *stop = interrupt_catch();
  console_progress_begin(&progress, label, 0, total);
  for (int64_t first = 0; first < total && status == STATUS_OK; first += CHUNK) {
    int64_t n = total - first < CHUNK ? total - first : CHUNK;
    status = answer_chunk(p, &asking, first, n, answer, err);
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

static Status write_stats(Parts *p, const PredictOptions *o, Error *err) {
  json_t *json = routing_report_json(p->stats, p->pool, task_name(o),
                                     router_method(&p->router_settings)->name);
  bool written =
      json && json_dumpf(json, p->stats_file.stream, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) == 0;
  json_decref(json);
  if (!written) return error_set(err, STATUS_RUN, "the routing statistics cannot be written");
  fputc('\n', p->stats_file.stream);
  return atomic_commit(&p->stats_file, err);
}

static Status write_trace(Parts *p, const PredictOptions *o, Error *err) {
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

Status predict_run(const PredictOptions *o, const char *label, PredictAnswer *answer, Error *err) {
  Parts p = {0};
  Status status = parts_open(&p, o, err);
  if (status == STATUS_OK) status = answer_all(&p, o, label, answer, err);
  if (status == STATUS_OK && o->stats) status = write_stats(&p, o, err);
  if (status == STATUS_OK && o->trace) status = write_trace(&p, o, err);
  if (status == STATUS_OK && o->output) status = atomic_commit(&p.lines_file, err);
  parts_close(&p);
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
