#include <inttypes.h>
#include <stdlib.h>

#include "autograd/ground/extremum.h"
#include "autograd/ground/rng.h"
#include "infer/route/score_sums.h"
#include "tools/calibrate/calibrate_tool.h"
#include "tools/predict/predict_items.h"
#include "tools/predict/predict_parts.h"

enum {
  CHUNK = 64, /* items that are held at a time */
  RNG_CALIBRATION = 0x63a1,
};

typedef struct Calibrating {
  const PredictOptions *options;
  PredictParts parts;
  const ScoreKind *scores;
  ScoreSums *sums;
  Predictor *predictor;
  int64_t *drawn; /* [count] of the items */
  int64_t count;
  Progress progress;
} Calibrating;

/* ---- what is measured ---- */

static Status check_router(Calibrating *c, Error *err) {
  const RouterSettings *s = &c->parts.router_settings;
  c->scores = router_scores(s);
  if (!c->scores)
    return error_set(err, STATUS_USAGE,
                     "router: %s scores no tokens, so that there is nothing to calibrate; take "
                     "phatgoose, glider, average-activation, arrow or norm",
                     router_method(s)->name);
  const CalibrationSettings *own = router_own(s, &calibration_settings);
  if (own->file)
    return error_set(err, STATUS_USAGE,
                     "calibration: is what is made here, of scores as they are; leave it out");
  return STATUS_OK;
}

static Status draw_items(Calibrating *c, Error *err) {
  const ItemSet *items = c->parts.items;
  c->count = min64(items_count(items), c->options->limit);
  c->drawn = calloc((size_t)c->count + 1, sizeof *c->drawn);
  if (!c->drawn) return error_set(err, STATUS_RUN, "out of memory: the sample");
  uint64_t key = rng_key((uint64_t)c->options->seed, (uint64_t)c->count,
                         (uint64_t)items_count(items), RNG_CALIBRATION);
  rng_draw(key, c->count, items_count(items), c->drawn);
  return STATUS_OK;
}

static Status open_parts(Calibrating *c, Error *err) {
  const PredictOptions *o = c->options;
  PredictParts *p = &c->parts;
  TRY(predict_parts_base(p, o, err));
  TRY(check_router(c, err));
  TRY(predict_parts_check(p, o, err));
  TRY(predict_parts_items(p, o, err));
  TRY(predict_tell_items(p->items, items_count(p->items), err));
  TRY(predict_parts_pool(p, o, err));
  TRY(predict_parts_router(p, o, err));
  router_watch_only(p->router);
  TRY(draw_items(c, err));
  return score_sums_new(&c->sums, p->pool, err);
}

/* ---- the pass ---- */

/* What the decoder reads: the choices, and of an item without any its targets. */
static Status take_targets(const Calibrating *c, Item *item, Error *err) {
  if (item->choices > 0) return STATUS_OK;
  if (item->targets == 0)
    return error_set(err, STATUS_INPUT,
                     "%s: item %s has neither choices nor a target, of which the decoder would "
                     "read one; give it a target",
                     items_path(c->parts.items), item->id);
  item->choice = item->target;
  item->choices = item->targets;
  item->target = NULL;
  item->targets = 0;
  return STATUS_OK;
}

static Status read_chunk(Calibrating *c, int64_t from, int64_t n, Item *item, Score *score,
                         Error *err) {
  const Asking asking = {c->options->task, c->options->instruction};
  for (int64_t i = 0; i < n; i++) {
    TRY(items_get(c->parts.items, c->drawn[from + i], &item[i], err));
    TRY(take_targets(c, &item[i], err));
  }
  TRY(predict_scores(c->predictor, &asking, item, n, score, err));
  for (int64_t i = 0; i < n; i++) score_free(&score[i]);
  console_progress_update(&c->progress, from + n, "items");
  return STATUS_OK;
}

static Status read_items(Calibrating *c, Error *err) {
  RouteWatcher watcher = score_sums_watcher(c->sums);
  PredictParts *p = &c->parts;
  PredictSettings settings = predict_options_settings(c->options);
  TRY(predictor_open(&c->predictor, &p->base, p->router, &watcher, &settings, err));
  Status status = STATUS_OK;
  console_progress_begin(&c->progress, "calibrate", 0, c->count);
  for (int64_t from = 0; from < c->count && status == STATUS_OK; from += CHUNK) {
    Item item[CHUNK] = {0};
    Score score[CHUNK];
    int64_t n = min64(CHUNK, c->count - from);
    status = read_chunk(c, from, n, item, score, err);
    for (int64_t i = 0; i < n; i++) item_free(&item[i]);
  }
  console_progress_end(&c->progress);
  PredictLoss loss = predictor_loss(c->predictor);
  predict_tell_loss(NULL, c->options->input, &loss, settings.max_input, settings.max_target);
  return status;
}

/* ---- the file ---- */

static Status write_file(const Calibrating *c, float *mean, float *deviation, Error *err) {
  const PredictParts *p = &c->parts;
  int64_t constant;
  TRY(score_sums_finish(c->sums, mean, deviation, &constant, err));
  const CalibrationMade made = {.pool = p->pool,
                                .scores = c->scores,
                                .mean = mean,
                                .deviation = deviation,
                                .data = items_hash(p->items),
                                .items = c->count};
  TRY(calibration_write(&made, c->options->output, err));
  console_say("%s: scores of %s, %d expert%s at %d modules, over %" PRId64 " item%s",
              c->options->output, c->scores->name, pool_count(p->pool),
              pool_count(p->pool) == 1 ? "" : "s", pool_modules(p->pool)->count, c->count,
              c->count == 1 ? "" : "s");
  if (constant > 0)
    console_say("%" PRId64
                " pairs of expert and module have a score that never varied, and are "
                "taken as 0",
                constant);
  return STATUS_OK;
}

static Status finish(const Calibrating *c, Error *err) {
  const Pool *pool = c->parts.pool;
  size_t cells = (size_t)pool_count(pool) * (size_t)pool_modules(pool)->count;
  float *mean = calloc(2 * cells, sizeof *mean);
  Status status = mean ? write_file(c, mean, mean + cells, err)
                       : error_set(err, STATUS_RUN, "out of memory: a calibration");
  free(mean);
  return status;
}

Status calibrate_run(const PredictOptions *o, Error *err) {
  Calibrating c = {.options = o};
  Status status = open_parts(&c, err);
  if (status == STATUS_OK) status = read_items(&c, err);
  if (status == STATUS_OK) status = finish(&c, err);
  predictor_close(c.predictor);
  score_sums_free(c.sums);
  free(c.drawn);
  predict_parts_close(&c.parts);
  return status;
}
