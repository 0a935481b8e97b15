/* Every expert alone, and the base, on the items' targets. */
#include <stdio.h>
#include <stdlib.h>

#include "infer/suggest/suggest_internal.h"

enum { RESAMPLES = 1000 };

bool suggest_needs_targets(const SuggestRequest *r, SuggestColumn *c) {
  if (r->targets != TARGETS_NONE) return true;
  snprintf(c->missing, sizeof c->missing, "the items have no targets and no choices with labels");
  return false;
}

/* What one model makes of each item. */
typedef struct Judged {
  const SuggestRequest *request;
  double *loglik; /* [items] of the right answer, mean of its tokens */
  double *value;  /* [items] what is ranked by: 1 where it is right and 0, or loglik */
} Judged;

static void judge_item(const Judged *j, int64_t at, const Score *s) {
  const Item *item = &j->request->item[at];
  bool chosen = j->request->targets == TARGETS_CHOICES;
  j->loglik[at] = s->score[chosen ? item->label : s->prediction];
  j->value[at] = chosen ? s->prediction == item_same(item, item->label) : j->loglik[at];
}

static Status judge_block(void *arg, Predictor *p, int64_t first, int64_t n, Error *err) {
  const Judged *j = arg;
  Score score[SUGGEST_BLOCK] = {0};
  TRY(suggest_scores(j->request, p, first, n, score, err));
  for (int64_t i = 0; i < n; i++) {
    judge_item(j, first + i, &score[i]);
    score_free(&score[i]);
  }
  return STATUS_OK;
}

/* Percent of what is right; else as it is. */
static double value_scale(const SuggestRequest *r) {
  return r->targets == TARGETS_CHOICES ? 100 : 1;
}

static double mean_of(const double *x, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += x[i];
  return sum / (double)n;
}

/* The interval of the mean of value - base, item by item: metric's bootstrap of a mean, in percent. */
static Status paired_gain(const SuggestRequest *r, const double *value, const double *base,
                          MetricSums *sums, Interval *out, Error *err) {
  for (int64_t i = 0; i < r->items; i++) sums[i] = (MetricSums){{1, value[i] - base[i]}};
  TRY(metric_interval(METRIC_ACCURACY, sums, r->items, RESAMPLES, r->seed, out, err));
  double scale = value_scale(r) / 100;
  *out = (Interval){scale * out->low, scale * out->high};
  return STATUS_OK;
}

/* The values of all models: those of the base, then those of the expert that is looked at. */
typedef struct Room {
  Judged base, expert;
  MetricSums *sums;
} Room;

static void room_free(Room *room) {
  free(room->base.loglik);
  free(room->sums);
}

static Status room_make(Room *room, const SuggestRequest *r, Error *err) {
  size_t n = (size_t)r->items;
  double *values = calloc(4 * n, sizeof *values);
  *room = (Room){.base = {r, values, NULL}, .sums = calloc(n, sizeof *room->sums)};
  if (!values || !room->sums) return suggest_no_memory(err);
  room->base.value = values + n;
  room->expert = (Judged){r, values + 2 * n, values + 3 * n};
  return STATUS_OK;
}

static Status judge_expert(Suggestion *s, const SuggestRequest *r, Room *room, int e, Error *err) {
  SuggestColumn *c = &s->column[SUGGEST_LIKELIHOOD];
  const char *name = pool_entry(r->pool, e)->name;
  Router *router;
  TRY(suggest_router(r, route_expert.name, name, &router, err));
  Status status = suggest_pass(r, c, router, NULL, name, judge_block, &room->expert, err);
  router_close(router);
  if (status != STATUS_OK) return status;
  c->value[e] = value_scale(r) * mean_of(room->expert.value, r->items);
  c->weight[e] = mean_of(room->expert.loglik, r->items);
  return paired_gain(r, room->expert.value, room->base.value, room->sums, &s->gain[e], err);
}

static Status judge_all(Suggestion *s, const SuggestRequest *r, Room *room, Error *err) {
  SuggestColumn *c = &s->column[SUGGEST_LIKELIHOOD];
  TRY(room_make(room, r, err));
  TRY(suggest_pass(r, c, NULL, NULL, "the base", judge_block, &room->base, err));
  s->base = value_scale(r) * mean_of(room->base.value, r->items);
  s->base_weight = mean_of(room->base.loglik, r->items);
  for (int e = 0; e < s->experts; e++) TRY(judge_expert(s, r, room, e, err));
  return STATUS_OK;
}

Status suggest_likelihood(Suggestion *s, const SuggestRequest *r, SuggestWay way, Error *err) {
  SuggestColumn *c = &s->column[way];
  Room room = {0};
  s->gain = calloc((size_t)s->experts, sizeof *s->gain);
  c->weight = calloc((size_t)s->experts, sizeof *c->weight);
  if (!s->gain || !c->weight) return suggest_no_memory(err);
  c->items = r->items;
  Status status = judge_all(s, r, &room, err);
  room_free(&room);
  return status;
}
