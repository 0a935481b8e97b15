#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/suggest/suggest_tool.h"

/* ---- the task ---- */

static const char *const MEASURE[] = {
    [TARGETS_CHOICES] = "accuracy, percent; of equals the likelihood of the right choice",
    [TARGETS_TEXTS] = "mean log-likelihood of a target's token, nats",
};

static void add_task(Facts *f, const Suggestion *s, const Sample *sample, const PredictParts *p,
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
  } else if (s->gain) {
    facts_set(f, f->root, "likelihood", json_string(MEASURE[sample->targets]));
  }
}

/* ---- the ranking ---- */

static void add_measures(Facts *f, json_t *object, bool choices, double value, double loglik) {
  if (choices) facts_set(f, object, "accuracy", facts_number(value));
  facts_set(f, object, "loglik", facts_number(loglik));
}

static void add_likelihood(Facts *f, json_t *row, const Suggestion *s, bool choices, int expert) {
  const SuggestColumn *c = &s->column[SUGGEST_LIKELIHOOD];
  if (!c->value) return;
  add_measures(f, row, choices, c->value[expert], c->weight[expert]);
  facts_set(f, row, "gain", facts_number(c->value[expert] - s->base));
  facts_set(f, row, "gain_low", facts_number(s->gain[expert].low));
  facts_set(f, row, "gain_high", facts_number(s->gain[expert].high));
}

/* The columns of the other ways that are there. */
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
    facts_set(f, row, SHARES[i].value, facts_number(c->value[expert]));
    if (SHARES[i].weight) facts_set(f, row, SHARES[i].weight, facts_number(c->weight[expert]));
  }
}

static void add_experts(Facts *f, const Suggestion *s, const Sample *sample, const Pool *pool) {
  bool choices = sample->targets == TARGETS_CHOICES;
  if (s->gain) add_measures(f, facts_object(f, f->root, "base"), choices, s->base, s->base_weight);
  json_t *rows = facts_array(f, f->root, "experts");
  for (int i = 0; i < s->experts; i++) {
    json_t *row = facts_row(f, rows);
    facts_set(f, row, "expert", facts_text(pool_entry(pool, s->order[i])->name));
    add_likelihood(f, row, s, choices, s->order[i]);
    add_shares(f, row, s, s->order[i]);
  }
}

/* ---- what it says ---- */

/* "2 of 9 experts help over the base ...". */
static void add_verdict(Facts *f, const Suggestion *s) {
  char text[300];
  int helps = 0;
  for (int e = 0; e < s->experts; e++) helps += suggest_helps(s, e);
  if (!s->gain) {
    snprintf(text, sizeof text, "without the likelihood nothing tells whether an expert helps");
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
  add_task(f, s, sample, p, o);
  facts_set(f, f->root, "ranked_by", json_string(suggest_way_name(s->by)));
  add_verdict(f, s);
  add_missing(f, s);
  add_experts(f, s, sample, p->pool);
  add_agreements(f, s);
  add_costs(f, s);
  return f->failed ? error_set(err, STATUS_RUN, "out of memory: the report") : STATUS_OK;
}
