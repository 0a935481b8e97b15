#include "infer/route/routing_terms.h"

#include <assert.h>
#include <stdlib.h>

#include "autograd/ground/array.h"

enum { CELLS_MOST = 1 << 25 }; /* 800 MB of ExpertTerms */

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the terms of a router");
}

/* ---- making ---- */

Status routing_terms_init(RoutingTerms *t, int modules, int experts, int only, Error *err) {
  *t = (RoutingTerms){.experts = experts, .modules = modules, .only = only};
  t->kept = calloc((size_t)modules, sizeof *t->kept);
  return t->kept ? STATUS_OK : no_memory(err);
}

static void rows_free(RoutingTerms *t, TermRows *rows) {
  t->cells -= rows->count * t->experts;
  free(rows->terms);
  *rows = (TermRows){0};
}

static void drop_pending(void *arg) {
  RoutingTerms *t = arg;
  for (int64_t i = 0; i < t->sequences * t->modules; i++) rows_free(t, &t->pending[i]);
  free(t->pending);
  t->pending = NULL;
  t->sequences = 0;
}

void routing_terms_free(RoutingTerms *t) {
  drop_pending(t);
  for (int i = 0; t->kept && i < t->modules; i++) free(t->kept[i].terms);
  free(t->kept);
  *t = (RoutingTerms){0};
}

/* ---- seeing ---- */

/* One plan, and what it was made of. */
typedef struct Seen {
  const Tensor *softmax;
  const Plan *plan;
  const RouteTerms *terms; /* NULL: the method scores no rows */
} Seen;

static void fill_row(const Seen *s, int64_t row, int experts, ExpertTerms *out) {
  const RouteTerms *terms = s->terms;
  for (int e = 0; e < experts; e++) {
    int64_t at = row * experts + e;
    out[e] = (ExpertTerms){.softmax = s->softmax->data[at]};
    if (!terms) continue;
    out[e].local = terms->local->data[at];
    out[e].global = terms->global ? terms->global[e] : 0; /* of the one example */
    out[e].logit = terms->logit->data[at];
  }
  for (int k = 0, place = 0; k < s->plan->slots; k++) {
    int64_t at = row * s->plan->slots + k;
    if (s->plan->expert[at] < 0) continue;
    out[s->plan->expert[at]].weight = s->plan->weight[at];
    out[s->plan->expert[at]].choice = ++place;
  }
}

/* Adds the rows [first, first + count) of the plan. */
static Status add_rows(RoutingTerms *t, TermRows *to, const Seen *s, int64_t first, int64_t count,
                       Error *err) {
  if (count == 0) return STATUS_OK;
  if (t->cells + count * t->experts > CELLS_MOST)
    return error_set(err, STATUS_USAGE,
                     "the terms of all modules, tokens and experts are too many to hold; look at "
                     "one module, or at a shorter input");
  ExpertTerms *grown = array_grow(to->terms, (size_t)(to->count * t->experts),
                                  (size_t)(count * t->experts), sizeof *grown);
  if (!grown) return no_memory(err);
  to->terms = grown;
  for (int64_t i = 0; i < count; i++)
    fill_row(s, first + i, t->experts, to->terms + (to->count + i) * t->experts);
  to->count += count;
  t->cells += count * t->experts;
  return STATUS_OK;
}

static Status make_sequences(RoutingTerms *t, int64_t sequences, Error *err) {
  if (sequences <= t->sequences) return STATUS_OK;
  TermRows *grown = realloc(t->pending, (size_t)(sequences * t->modules) * sizeof *grown);
  if (!grown) return no_memory(err);
  for (int64_t i = t->sequences * t->modules; i < sequences * t->modules; i++)
    grown[i] = (TermRows){0};
  t->pending = grown;
  t->sequences = sequences;
  return STATUS_OK;
}

static Status add_continuation(RoutingTerms *t, int module, Ragged sequence, const Seen *s,
                               Error *err) {
  TRY(make_sequences(t, sequence.count, err));
  for (int64_t i = 0; i < sequence.count; i++)
    TRY(add_rows(t, &t->pending[i * t->modules + module], s, sequence.offset[i],
                 ragged_length(sequence, i), err));
  return STATUS_OK;
}

static void hear_terms(void *arg, const RouteTerms *terms) {
  RoutingTerms *t = arg;
  t->now = terms;
  t->scored = true;
  t->added = t->added || terms->global;
}

static void see_plan(void *arg, Context *c, const Module *module, const Rows *rows,
                     const Tensor *softmax, const Plan *plan) {
  RoutingTerms *t = arg;
  const Seen seen = {softmax, plan, t->now};
  t->now = NULL;
  if (context_failed(c) || (t->only >= 0 && module->id != t->only)) return;
  if (module->side == SIDE_CONTINUATION) {
    add_continuation(t, module->id, rows->sequence, &seen, c->error);
  } else {
    assert(rows->sequence.count == 1);
    add_rows(t, &t->kept[module->id], &seen, 0, plan->rows, c->error);
  }
}

static Status keep_first(void *arg, const bool *keep, int64_t sequences, Error *err) {
  (void)err;
  RoutingTerms *t = arg;
  for (int64_t s = 0; s < t->sequences && s < sequences; s++) {
    if (!keep[s]) continue;
    for (int i = 0; i < t->modules; i++) {
      TermRows *rows = &t->pending[s * t->modules + i];
      if (rows->count == 0) continue;
      rows_free(t, &t->kept[i]);
      t->kept[i] = *rows;
      *rows = (TermRows){0};
    }
    break;
  }
  drop_pending(t);
  return STATUS_OK;
}

RouteWatcher routing_terms_watcher(RoutingTerms *t) {
  return (RouteWatcher){
      .see = see_plan, .keep = keep_first, .drop = drop_pending, .arg = t, .explain = hear_terms};
}

const ExpertTerms *routing_terms_at(const RoutingTerms *t, int module, int64_t token) {
  assert(token >= 0 && token < t->kept[module].count);
  return t->kept[module].terms + token * t->experts;
}
