#include "infer/eval/eval_answer.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json_put.h"
#include "infer/eval/eval_kept.h"
#include "infer/eval/eval_lines.h"
#include "infer/eval/eval_timing.h"
#include "infer/route/router_options.h"
#include "infer/route/routing_stats.h"

/* Items between two looks at `stop`; where a model is asked about each, that takes longer. */
enum { BLOCK = 64, BLOCK_ASKED = 4 };

typedef struct Cell {
  const Answering *a;
  const EvalTask *task;
  Asking asking;
  Predictor *predictor;
  RoutingStats *stats;       /* NULL: not wanted */
  RouteWatcher watcher;      /* of the statistics */
  RouteCost *cost;           /* NULL: of the plain base, or not wanted */
  AtomicFile file;           /* the predictions */
  MetricSums *sums[METRICS]; /* [metric][items], of single items */
  int64_t items, done;
  int64_t step; /* from one item to the next, of those that are asked: 1 but in a trial */
  double seconds;
} Cell;

static Status no_memory(const Cell *c, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", c->task->name);
}

/* ---- what is right ---- */

/* Adds the statistics of one answer to every metric of the task. Choices are compared as texts: each
 * is called as the first with its tokens, in targets too (item_choices.h). */
static Status judge_answer(Cell *c, const Item *item, const char *answer, Error *err) {
  bool chosen = c->task->kind == TASK_CHOICES;
  const char *right = chosen ? item->choice[item_same(item, item->label)] : NULL;
  for (int k = 0; k < c->task->metric_count; k++) {
    Metric m = c->task->metric[k];
    bool by_label = chosen && (m != METRIC_EXACT_MATCH_MULTI || item->targets == 0);
    const char *const *target = by_label ? &right : (const char *const *)item->target;
    TRY(metric_add(m, &c->sums[k][c->done], answer, target, by_label ? 1 : item->targets, err));
  }
  return STATUS_OK;
}

/* ---- lines ---- */

/* What the metrics made of the item that is done. */
static void put_metrics(const Cell *c, json_t **line) {
  MetricSums of[METRICS];
  for (int k = 0; k < c->task->metric_count; k++) of[k] = c->sums[k][c->done];
  eval_lines_put(line, c->task->metric, of, c->task->metric_count);
}

static Status put_line(Cell *c, json_t *line, Error *err) {
  FILE *out = c->file.stream; /* NULL in a trial */
  bool whole = line && (!out || json_dumpf(line, out, JSON_COMPACT | JSON_REAL_PRECISION(9)) == 0);
  if (out) fputc('\n', out);
  json_decref(line);
  return whole ? STATUS_OK
               : error_set(err, STATUS_RUN, "%s: an answer cannot be written", c->task->name);
}

static Status put_choice(Cell *c, const Item *item, const Score *score, Error *err) {
  json_t *scores = json_array(), *loglik = json_array();
  for (int i = 0; i < score->choices; i++) {
    if (!isfinite(score->loglik[i]) || !isfinite(score->score[i])) {
      json_decref(scores);
      json_decref(loglik);
      return error_set(err, STATUS_RUN, "%s: item %.80s: choice %d: the likelihood is not finite",
                       items_path(c->a->parts->items), item->id, i);
    }
    json_push(&scores, json_real(score->score[i]));
    json_push(&loglik, json_real(score->loglik[i]));
  }
  bool right = score->prediction == item_same(item, item->label);
  json_t *line =
      json_pack("{s:s, s:i, s:o, s:o, s:i, s:b}", "id", item->id, "prediction", score->prediction,
                "scores", scores, "loglik", loglik, "label", item->label, "right", right);
  put_metrics(c, &line);
  return put_line(c, line, err);
}

static Status put_text(Cell *c, const Item *item, const char *text, Error *err) {
  json_t *line = json_pack("{s:s, s:s}", "id", item->id, "output", text);
  put_metrics(c, &line);
  return put_line(c, line, err);
}

/* ---- blocks of items ---- */

static Status answer_choices(Cell *c, const Item *item, int64_t n, Error *err) {
  Score score[BLOCK] = {0};
  Status status = predict_scores(c->predictor, &c->asking, item, n, score, err);
  if (status != STATUS_OK) return status;
  for (int64_t i = 0; i < n && status == STATUS_OK; i++, c->done++) {
    status = judge_answer(c, &item[i], item[i].choice[score[i].prediction], err);
    if (status == STATUS_OK) status = put_choice(c, &item[i], &score[i], err);
  }
  for (int64_t i = 0; i < n; i++) score_free(&score[i]);
  return status;
}

static Status answer_texts(Cell *c, const Item *item, int64_t n, Error *err) {
  char *text[BLOCK] = {0};
  Status status = predict_texts(c->predictor, &c->asking, item, n, text, err);
  if (status != STATUS_OK) return status;
  for (int64_t i = 0; i < n && status == STATUS_OK; i++, c->done++) {
    status = judge_answer(c, &item[i], text[i], err);
    if (status == STATUS_OK) status = put_text(c, &item[i], text[i], err);
  }
  for (int64_t i = 0; i < n; i++) free(text[i]);
  return status;
}

static Status get_item(const Cell *c, int64_t i, Item *item, Error *err) {
  const CellParts *p = c->a->parts;
  return items_get(p->items, p->sample ? p->sample[i * c->step] : i * c->step, item, err);
}

/* The next items, `most` at most. */
static Status answer_block(Cell *c, int64_t most, Error *err) {
  Item item[BLOCK] = {0};
  int64_t n = 0, first = c->done;
  Status status = STATUS_OK;
  for (; n < most && first + n < c->items && status == STATUS_OK; n++)
    status = get_item(c, first + n, &item[n], err);
  double began = timing_clock();
  if (status == STATUS_OK) {
    status = c->task->kind == TASK_CHOICES ? answer_choices(c, item, n, err)
                                           : answer_texts(c, item, n, err);
  }
  c->seconds += timing_clock() - began;
  for (int64_t i = 0; i < n; i++) item_free(&item[i]);
  return status;
}

static Status answer_all(Cell *c, Error *err) {
  const EvalWatch *w = c->a->watch;
  const bool asks = router_uses(&c->a->parts->method->router, "query.url");
  while (c->done < c->items) {
    if (w->stop && *w->stop)
      return error_set(err, STATUS_INTERRUPTED, "interrupted; finished cells stay");
    TRY(answer_block(c, asks ? BLOCK_ASKED : BLOCK, err));
    if (w->items) w->items(w->arg, c->task, c->a->parts->method, c->done, c->items);
  }
  return STATUS_OK;
}

/* ---- the cell ---- */

/* What answering took, beside time. */
static void set_cost(const Cell *c, EvalCell *cell) {
  const PredictTokens tokens = predictor_tokens(c->predictor);
  const T5Config *config = &c->a->base->model->config;
  cell->cost = (CellCost){.input_tokens = tokens.input,
                          .output_tokens = tokens.output,
                          .base = t5_weight_multiply_adds(config, tokens.input, tokens.output),
                          .added = c->cost ? route_cost_work(c->cost) : (RouteWork){0}};
}

static Status score_cell(const Cell *c, EvalCell *cell, Error *err) {
  const EvalSettings *s = &c->a->parts->spec->settings;
  for (int k = 0; k < c->task->metric_count; k++) {
    Metric m = c->task->metric[k];
    MetricSums all = {0};
    for (int64_t i = 0; i < c->items; i++) {
      for (int j = 0; j < METRIC_SUMS; j++) all.sum[j] += c->sums[k][i].sum[j];
    }
    CellScore *score = &cell->score[k];
    *score = (CellScore){.metric = m, .score = metric_score(m, &all)};
    TRY(metric_interval(m, c->sums[k], c->items, s->bootstrap_samples, (uint64_t)s->bootstrap_seed,
                        &score->interval, err));
  }
  cell->scores = c->task->metric_count;
  cell->items = c->items;
  cell->timing = (CellTiming){c->seconds, c->a->preparation};
  set_cost(c, cell);
  return STATUS_OK;
}

static Status open_cell(Cell *c, Error *err) {
  const Answering *a = c->a;
  const EvalSettings *s = &a->parts->spec->settings;
  for (int k = 0; k < c->task->metric_count; k++) {
    c->sums[k] = calloc((size_t)c->items + 1, sizeof *c->sums[k]);
    if (!c->sums[k]) return no_memory(c, err);
  }
  const PredictSettings predict = {.threads = (int)s->threads,
                                   .precision = (Precision)s->precision,
                                   .max_input = s->max_input,
                                   .max_target = s->max_target,
                                   .max_output = c->task->max_output,
                                   .batch_tokens = s->batch_tokens,
                                   .beams = (int)c->task->beams,
                                   .length_penalty = c->task->length_penalty};
  if (a->pool) {
    TRY(routing_stats_new(&c->stats, pool_modules(a->pool), pool_count(a->pool), err));
    c->watcher = routing_stats_watcher(c->stats);
  }
  TRY(predictor_open(&c->predictor, a->base, a->router, c->stats ? &c->watcher : NULL, &predict,
                     err));
  if (!a->router) return STATUS_OK;
  TRY(route_cost_new(&c->cost, &a->base->model->modules, router_experts(a->router), err));
  predictor_count(c->predictor, c->cost);
  return STATUS_OK;
}

static Status write_statistics(const Cell *c, Error *err) {
  const CellParts *p = c->a->parts;
  if (!c->stats) return STATUS_OK;
  char *path =
      eval_cell_path(p->spec->settings.output, p->method->name, p->task->name, NULL, CELL_ROUTING);
  json_t *json = routing_report_json(c->stats, c->a->pool, p->task->name, p->method->name);
  Status status = path && json ? json_write_file(json, path, err) : no_memory(c, err);
  json_decref(json);
  free(path);
  return status;
}

static Status open_file(Cell *c, Error *err) {
  const CellParts *p = c->a->parts;
  char *path = eval_cell_path(p->spec->settings.output, p->method->name, p->task->name, NULL,
                              CELL_PREDICTIONS);
  char *dir = path ? path_parent(path) : NULL;
  Status status = dir ? dir_make(dir, err) : no_memory(c, err);
  if (status == STATUS_OK) status = atomic_open(&c->file, path, err);
  free(dir);
  free(path);
  return status;
}

static Status compute_cell(Cell *c, EvalCell *cell, Error *err) {
  const CellParts *p = c->a->parts;
  TRY(open_cell(c, err));
  TRY(open_file(c, err));
  TRY(answer_all(c, err));
  TRY(score_cell(c, cell, err));
  TRY(eval_kept_make_room(p, cell->identity, err));
  TRY(atomic_commit(&c->file, err));
  TRY(write_statistics(c, err));
  TRY(eval_timing_write(cell, p, err));
  TRY(eval_cell_write(cell, p, err));
  /* Numbers lose their last bits in a file; a resumed evaluation is to see what this one does. */
  TRY(eval_cell_read(cell, p, c->stats != NULL, err));
  TRY(eval_timing_read(cell, p, err));
  if (cell->state == CELL_DONE) return STATUS_OK;
  return error_set(err, STATUS_RUN, "%s: the cell cannot be read back", p->task->name);
}

static void cell_close(Cell *c) {
  atomic_abort(&c->file);
  predictor_close(c->predictor);
  routing_stats_free(c->stats);
  route_cost_free(c->cost);
  for (int k = 0; k < METRICS; k++) free(c->sums[k]);
}

Status eval_answer(const Answering *a, EvalCell *cell, Error *err) {
  const CellParts *p = a->parts;
  Cell c = {.a = a,
            .task = p->task,
            .asking = {p->task->name, p->task->instruction},
            .items = eval_task_limit(p->spec, p->task, items_count(p->items)),
            .step = 1};
  Status status = compute_cell(&c, cell, err);
  if (status == STATUS_OK) cell->loss = predictor_loss(c.predictor);
  cell_close(&c);
  return status;
}

/* ---- trials ---- */

/* The first item touches memory for the first time: it counts where it is the only one. */
static Status try_items(Cell *c, EvalTry *tried, Error *err) {
  TRY(answer_block(c, 1, err));
  tried->item_seconds = c->seconds;
  if (c->done < c->items && c->seconds * (double)c->items < tried->seconds) {
    const int64_t first = c->done;
    c->seconds = 0;
    TRY(answer_block(c, BLOCK, err));
    tried->item_seconds = c->seconds / (double)(c->done - first);
  }
  tried->answered = c->done;
  return STATUS_OK;
}

/* A forward grows with its tokens, up to batch_tokens or a block's. */
static double more_bytes(const Cell *c, int64_t asked) {
  const PredictCost cost = predictor_cost(c->predictor);
  const double block = (double)(asked < BLOCK ? asked : BLOCK),
               most = (double)cost.tokens * block / (double)(c->done > 1 ? c->done - 1 : 1);
  const double limit = (double)c->a->parts->spec->settings.batch_tokens;
  const double full = most < limit ? most : limit;
  if (cost.tokens == 0 || full <= (double)cost.tokens) return 0;
  return (double)cost.bytes * (full / (double)cost.tokens - 1);
}

Status eval_answer_try(const Answering *a, EvalTry *tried, Error *err) {
  const CellParts *p = a->parts;
  const int64_t asked = eval_task_limit(p->spec, p->task, items_count(p->items));
  Cell c = {.a = a, .task = p->task, .asking = {p->task->name, p->task->instruction}};
  c.items = tried->items < asked ? tried->items : asked;
  c.step = c.items > 0 ? asked / c.items : 1;
  Status status = open_cell(&c, err);
  if (status == STATUS_OK && c.items > 0) status = try_items(&c, tried, err);
  if (status == STATUS_OK && c.items > 0) tried->more_bytes = more_bytes(&c, asked);
  cell_close(&c);
  return status;
}
