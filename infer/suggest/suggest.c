#include "infer/suggest/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "infer/suggest/rank_correlation.h"
#include "infer/suggest/suggest_internal.h"

typedef struct Way {
  const char *name;
  SuggestNeeds *needs;
  SuggestRank *rank;
} Way;

static const Way WAYS[SUGGEST_WAYS] = {
    [SUGGEST_LIKELIHOOD] = {"likelihood", suggest_needs_targets, suggest_likelihood},
    [SUGGEST_GATES] = {"gates", suggest_needs_gates, suggest_by_router},
    [SUGGEST_INSTRUCTIONS] = {"instructions", suggest_needs_instructions, suggest_instructions},
    [SUGGEST_ARROW] = {"arrow", suggest_needs_loras, suggest_by_router},
    [SUGGEST_NORM] = {"norm", suggest_needs_loras, suggest_by_router},
};

const char *suggest_way_name(SuggestWay way) {
  return WAYS[way].name;
}

static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- the columns ---- */

/* The targets of a text stand in as the choices that are scored; called again, they go back. */
static void swap_targets(const SuggestRequest *r) {
  for (int64_t i = 0; i < r->items && r->targets == TARGETS_TEXTS; i++) {
    Item *item = &r->item[i];
    char **choice = item->choice;
    int choices = item->choices;
    item->choice = item->target;
    item->choices = item->targets;
    item->target = choice;
    item->targets = choices;
  }
}

static Status fill_column(Suggestion *s, const SuggestRequest *r, SuggestWay way, Error *err) {
  SuggestColumn *c = &s->column[way];
  if (!WAYS[way].needs(r, c)) {
    if (!r->all_asked) return STATUS_OK;
    return error_set(err, STATUS_INPUT, "%s: cannot rank the experts: %s", WAYS[way].name,
                     c->missing);
  }
  c->value = calloc((size_t)s->experts, sizeof *c->value);
  if (!c->value) return suggest_no_memory(err);
  double began = seconds_now();
  TRY(WAYS[way].rank(s, r, way, err));
  c->seconds = seconds_now() - began;
  return STATUS_OK;
}

static Status fill_columns(Suggestion *s, const SuggestRequest *r, Error *err) {
  unsigned ways = r->ways;
  for (SuggestWay way = 0; way < SUGGEST_WAYS; way++) {
    if (ways & 1u << way) TRY(fill_column(s, r, way, err));
    if (way == SUGGEST_GATES && s->column[way].missing[0])
      ways |= 1u << SUGGEST_ARROW | 1u << SUGGEST_NORM;
  }
  return STATUS_OK;
}

/* ---- the ranking ---- */

static Status no_column(const Suggestion *s, Error *err) {
  char why[4 * sizeof s->column->missing] = "";
  for (SuggestWay way = 0; way < SUGGEST_WAYS; way++) {
    size_t used = strlen(why);
    if (s->column[way].missing[0])
      snprintf(why + used, sizeof why - used, "%s%s: %s", used ? "; " : "", WAYS[way].name,
               s->column[way].missing);
  }
  return error_set(err, STATUS_INPUT, "nothing ranks the experts: %s", why);
}

/* Whether expert a stands before expert b. Likelihoods break the ties of accuracies, and mean weights
 * those of shares. */
static bool is_before(const SuggestColumn *c, int a, int b) {
  if (c->value[a] != c->value[b]) return c->value[a] > c->value[b];
  return c->weight && c->weight[a] > c->weight[b];
}

static Status order_experts(Suggestion *s, Error *err) {
  for (s->by = 0; s->by < SUGGEST_WAYS && !s->column[s->by].value;) s->by++;
  if (s->by == SUGGEST_WAYS) return no_column(s, err);
  s->order = calloc((size_t)s->experts, sizeof *s->order);
  if (!s->order) return suggest_no_memory(err);
  for (int e = 0; e < s->experts; e++) {
    int at = e;
    for (; at > 0 && is_before(&s->column[s->by], e, s->order[at - 1]); at--)
      s->order[at] = s->order[at - 1];
    s->order[at] = e;
  }
  return STATUS_OK;
}

static int first_of(const SuggestColumn *c, int experts) {
  int best = 0;
  for (int e = 1; e < experts; e++)
    if (is_before(c, e, best)) best = e;
  return best;
}

static Status compare_columns(Suggestion *s, Error *err) {
  for (SuggestWay a = 0; a < SUGGEST_WAYS; a++) {
    for (SuggestWay b = a + 1; b < SUGGEST_WAYS; b++) {
      const SuggestColumn *x = &s->column[a], *y = &s->column[b];
      if (!x->value || !y->value) continue;
      SuggestAgreement *to = &s->agreement[s->agreements++];
      *to = (SuggestAgreement){a, b, .first = first_of(x, s->experts) == first_of(y, s->experts)};
      TRY(rank_correlation(x->value, y->value, s->experts, &to->rank, err));
    }
  }
  return STATUS_OK;
}

Status suggest_run(Suggestion *s, const SuggestRequest *r, Error *err) {
  *s = (Suggestion){.experts = pool_count(r->pool)};
  swap_targets(r);
  Status status = fill_columns(s, r, err);
  swap_targets(r);
  if (status != STATUS_OK) return status;
  TRY(order_experts(s, err));
  return compare_columns(s, err);
}

void suggestion_free(Suggestion *s) {
  for (int way = 0; way < SUGGEST_WAYS; way++) {
    free(s->column[way].value);
    free(s->column[way].weight);
  }
  free(s->gain);
  free(s->order);
  *s = (Suggestion){0};
}

bool suggest_helps(const Suggestion *s, int expert) {
  return s->gain && s->column[SUGGEST_LIKELIHOOD].items >= SUGGEST_ITEMS_LEAST &&
         s->gain[expert].low > 0;
}
