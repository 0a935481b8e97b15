#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/suggest/suggest_tool.h"

/* ---- the task ---- */

static const char *const MEASURE[] = {
    [TARGETS_CHOICES] = "accuracy, percent; of equals the likelihood of the right choice",
    [TARGETS_TEXTS] = "mean log-likelihood of a target's token, nats",
};

static void add_task(Facts *f, const Sample *sample, const PredictParts *p,
                     const PredictOptions *o) {
  facts_set(f, f->root, "pool", facts_text(pool_dir(p->pool)));
  facts_set(f, f->root, "pool_files_verified", json_boolean(pool_files_verified(p->pool)));
  if (pool_unverified(p->pool) > 0)
    facts_set(f, f->root, "experts_of_unverified_gates", json_integer(pool_unverified(p->pool)));
  facts_set(f, f->root, "input", facts_text(o->input));
  facts_set(f, f->root, "items", json_integer(sample->count));
  facts_set(f, f->root, "items_of", json_integer(sample->of));
  facts_set(f, f->root, "seed", json_integer(o->seed));
  if (sample->targets == TARGETS_NONE) {
    facts_set(f, f->root, "targets",
              json_string("none: no line has a target, or choices with a label"));
  } else {
    facts_set(f, f->root, "likelihood", json_string(MEASURE[sample->targets]));
  }
}

/* ---- the ranking ---- */

/* The keys of a row: those of ways that are there. */
static void add_likelihood(Facts *f, json_t *row, const Suggestion *s, bool choices, double value,
                           double loglik, const Interval *gain) {
  if (choices) facts_set(f, row, "accuracy", facts_number(value));
  facts_set(f, row, "loglik", facts_number(loglik));
  facts_set(f, row, "gain", gain ? facts_number(value - s->base) : json_null());
  facts_set(f, row, "gain_low", gain ? facts_number(gain->low) : json_null());
  facts_set(f, row, "gain_high", gain ? facts_number(gain->high) : json_null());
}

static void add_shares(Facts *f, json_t *row, const Suggestion *s, int expert) {
  static const struct {
    SuggestWay way;
    const char *value, *weight;
  } SHARES[] = {{SUGGEST_GATES, "gates_first", "gates_weight"},
                {SUGGEST_INSTRUCTIONS, "cosine", NULL},
                {SUGGEST_ARROW, "arrow_first", "arrow_weight"},
                {SUGGEST_NORM, "norm_first", "norm_weight"}};
  for (size_t i = 0; i < sizeof SHARES / sizeof *SHARES; i++) {
    const SuggestColumn *c = &s->column[SHARES[i].way];
    if (!c->value) continue;
    facts_set(f, row, SHARES[i].value, expert < 0 ? json_null() : facts_number(c->value[expert]));
    if (SHARES[i].weight)
      facts_set(f, row, SHARES[i].weight,
                expert < 0 ? json_null() : facts_number(c->weight[expert]));
  }
}

static void add_expert(Facts *f, json_t *rows, const Suggestion *s, bool choices, const char *name,
                       int expert) {
  const SuggestColumn *c = &s->column[SUGGEST_LIKELIHOOD];
  json_t *row = facts_row(f, rows);
  facts_set(f, row, "expert", facts_text(name));
  if (c->value)
    add_likelihood(f, row, s, choices, expert < 0 ? s->base : c->value[expert],
                   expert < 0 ? s->base_weight : c->weight[expert],
                   expert < 0 ? NULL : &s->gain[expert]);
  add_shares(f, row, s, expert);
}

/* The base stands where it would among the experts. */
static void add_experts(Facts *f, const Suggestion *s, const Sample *sample, const Pool *pool) {
  json_t *rows = facts_array(f, f->root, "experts");
  bool choices = sample->targets == TARGETS_CHOICES, ranked = s->by == SUGGEST_LIKELIHOOD;
  bool base = !ranked;
  for (int i = 0; i < s->experts; i++) {
    int e = s->order[i];
    if (!base && s->column[s->by].value[e] <= s->base) {
      add_expert(f, rows, s, choices, "(the base)", -1);
      base = true;
    }
    add_expert(f, rows, s, choices, pool_entry(pool, e)->name, e);
  }
  if (!base) add_expert(f, rows, s, choices, "(the base)", -1);
}

/* ---- what it says ---- */

/* "2 of 9 experts help over the base ...". */
static void add_verdict(Facts *f, const Suggestion *s) {
  char text[300];
  int helps = 0;
  for (int e = 0; e < s->experts; e++) helps += suggest_helps(s, e);
  if (!s->gain) {
    snprintf(text, sizeof text, "without targets nothing tells whether an expert helps");
  } else if (s->column[SUGGEST_LIKELIHOOD].items < SUGGEST_ITEMS_LEAST) {
    snprintf(text, sizeof text,
             "too few items to tell whether an expert helps: intervals of fewer than %d say "
             "little",
             SUGGEST_ITEMS_LEAST);
  } else if (helps == 0) {
    snprintf(text, sizeof text,
             "no expert helps over the base: no paired 95 %% interval of a gain lies above 0");
  } else {
    snprintf(text, sizeof text,
             "%d of %d experts help over the base: the paired 95 %% interval of the gain lies "
             "above 0; by chance %.2g would, one at a time",
             helps, s->experts, 0.025 * s->experts);
  }
  facts_set(f, f->root, "verdict", json_string(text));
}

static void add_agreements(Facts *f, const Suggestion *s) {
  if (s->agreements == 0) return;
  json_t *rows = facts_array(f, f->root, "agreement");
  for (int i = 0; i < s->agreements; i++) {
    const SuggestAgreement *a = &s->agreement[i];
    json_t *row = facts_row(f, rows);
    facts_set(f, row, "ways",
              json_sprintf("%s, %s", suggest_way_name(a->a), suggest_way_name(a->b)));
    facts_set(f, row, "spearman", facts_number(a->rank));
    facts_set(f, row, "same_first", json_boolean(a->first));
  }
}

static void add_costs(Facts *f, const Suggestion *s) {
  json_t *rows = facts_array(f, f->root, "cost");
  for (SuggestWay way = 0; way < SUGGEST_WAYS; way++) {
    const SuggestColumn *c = &s->column[way];
    if (!c->value) continue;
    json_t *row = facts_row(f, rows);
    facts_set(f, row, "way", json_string(suggest_way_name(way)));
    facts_set(f, row, "items", json_integer(c->items));
    facts_set(f, row, "passes", json_integer(c->passes));
    facts_set(f, row, "seconds", facts_number(round(c->seconds * 1000) / 1000));
  }
}

static void add_missing(Facts *f, const Suggestion *s) {
  json_t *missing = json_object();
  for (SuggestWay way = 0; way < SUGGEST_WAYS; way++)
    if (s->column[way].missing[0])
      facts_set(f, missing, suggest_way_name(way), facts_text(s->column[way].missing));
  bool any = json_object_size(missing) > 0;
  facts_set(f, f->root, "left_out", missing);
  if (!any) json_object_del(f->root, "left_out");
}

Status suggest_facts(Facts *f, const Suggestion *s, const Sample *sample, const PredictParts *p,
                     const PredictOptions *o, Error *err) {
  add_task(f, sample, p, o);
  facts_set(f, f->root, "ranked_by", json_string(suggest_way_name(s->by)));
  add_verdict(f, s);
  add_missing(f, s);
  add_experts(f, s, sample, p->pool);
  add_agreements(f, s);
  add_costs(f, s);
  return f->failed ? error_set(err, STATUS_RUN, "out of memory: the report") : STATUS_OK;
}
