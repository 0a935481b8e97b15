/* What is shown of a trace: a table of the modules and tokens, of the tokens of a module, of the
 * modules of a token, or of the experts of a token at a module. */
#include <stdio.h>
#include <stdlib.h>

#include "autograd/ground/text_stream.h"
#include "infer/embed/embed.h"
#include "infer/route/router_options.h"
#include "tools/trace/trace_order.h"
#include "tools/trace/trace_tool.h"

static const char *side_name(ModuleSide side) {
  return side == SIDE_PROMPT ? "prompt" : "continuation";
}

static const Module *module_at(const Trace *t, int module) {
  return &pool_modules(t->parts.pool)->module[module];
}

static const char *expert_name(const Trace *t, int expert) {
  return pool_entry(t->parts.pool, expert)->name;
}

/* ---- what was run ---- */

static bool router_reads(const char *key, const void *settings) {
  return router_uses(settings, key);
}

/* What the input is compared with experts by. */
static const char *instruction_of(const Trace *t) {
  const GlobalSettings *s = router_own(&t->parts.router_settings, &global_settings);
  const char *own = t->item.instruction, *task = t->options->instruction;
  if (s->embedder == EMBEDDER_PRECOMPUTED) return "by the vector of the task's name";
  if (s->query.source == QUERY_LLM) return "what a language model wrote of it, in query.cache";
  if (s->query.source == QUERY_INPUT) return "the input stands for it";
  if (s->query.source == QUERY_TASK || !own) own = task;
  return own ? own : "none is given: the input stands for it";
}

static void add_run(Facts *f, const Trace *t) {
  const RouteMethod *method = router_method(&t->parts.router_settings);
  facts_set(f, f->root, "item", facts_text(t->item.id));
  facts_set(f, f->root, t->scored ? "choice" : "output", facts_text(t->answer));
  facts_set(f, f->root, "pool", facts_text(pool_dir(t->parts.pool)));
  facts_set(f, f->root, "pool_files_verified", json_boolean(pool_files_verified(t->parts.pool)));
  if (pool_unverified(t->parts.pool) > 0)
    facts_set(f, f->root, "experts_of_unverified_gates",
              json_integer(pool_unverified(t->parts.pool)));
  facts_set(f, f->root, "router", facts_text(method->name));
  facts_set(f, f->root, "settings",
            options_json(&t->parts.router_set, router_reads, &t->parts.router_settings));
  if (t->terms.scored)
    facts_set(f, f->root, "local", facts_text(router_local(&t->parts.router_settings)));
  if (t->terms.added) facts_set(f, f->root, "global", facts_text(method->global));
  if (t->terms.added) facts_set(f, f->root, "instruction", facts_text(instruction_of(t)));
  if (!t->terms.scored)
    facts_set(f, f->root, "terms",
              json_string("none: this router scores no token; shown are its weights"));
}

/* ---- the experts of a token at a module ---- */

static void add_expert(Facts *f, json_t *rows, const Trace *t, int expert, const ExpertTerms *x) {
  json_t *row = facts_row(f, rows);
  facts_set(f, row, "expert", facts_text(expert_name(t, expert)));
  if (t->terms.scored) facts_set(f, row, "local", facts_number((double)x->local));
  if (t->terms.added) facts_set(f, row, "global", facts_number((double)x->global));
  if (t->terms.added) facts_set(f, row, "sum", facts_number((double)x->logit));
  facts_set(f, row, "softmax", facts_number((double)x->softmax));
  facts_set(f, row, "choice", x->choice > 0 ? json_integer(x->choice) : json_null());
  facts_set(f, row, "weight", facts_number((double)x->weight));
}

/* Who is in no row, and why. */
static void add_absent(Facts *f, const Trace *t, const ExpertTerms *terms) {
  json_t *without = json_array(), *before = json_array();
  for (int e = 0; e < t->terms.experts; e++) {
    if (trace_takes_part(t, t->module, e, terms)) continue;
    bool covers = pool_covers(t->parts.pool, e, t->module);
    facts_append(f, covers ? before : without, facts_text(expert_name(t, e)));
  }
  facts_set(f, f->root, "without_adapter_here", without);
  facts_set(f, f->root, "left_out_before", before);
  if (json_array_size(without) == 0) json_object_del(f->root, "without_adapter_here");
  if (json_array_size(before) == 0) json_object_del(f->root, "left_out_before");
}

static Status add_terms(Facts *f, const Trace *t, Error *err) {
  char number[24];
  const Module *module = module_at(t, t->module);
  const ExpertTerms *terms = routing_terms_at(&t->terms, t->module, t->token);
  int *order = trace_order(t, terms);
  if (!order) return error_set(err, STATUS_RUN, "out of memory: the experts");
  facts_set(f, f->root, "module", facts_text(module->name));
  facts_set(f, f->root, "of", json_string(side_name(module->side)));
  facts_set(f, f->root, "token", json_integer(t->token));
  facts_set(f, f->root, "piece", facts_text(trace_piece(t, module->side, t->token, number)));
  add_absent(f, t, terms);
  json_t *rows = facts_array(f, f->root, "experts");
  for (int i = 0; i < t->terms.experts; i++) {
    int e = order[i];
    if (trace_takes_part(t, t->module, e, terms)) add_expert(f, rows, t, e, &terms[e]);
  }
  free(order);
  return STATUS_OK;
}

/* ---- the tokens of a module, and the modules of a token ---- */

/* The expert that was chosen as the `place`-th; -1: there is none. */
static int chosen_at(const ExpertTerms *terms, int experts, int place) {
  for (int e = 0; e < experts; e++)
    if (terms[e].choice == place) return e;
  return -1;
}

/* "kind 0.61, hue 0.39": who the token goes to, the first choice first; NULL: no memory. */
static char *chosen_text(const Trace *t, const ExpertTerms *terms) {
  TextStream s;
  if (!text_stream_open(&s)) return NULL;
  for (int place = 1, e; (e = chosen_at(terms, t->terms.experts, place)) >= 0; place++)
    fprintf(s.out, "%s%s %.2f", place > 1 ? ", " : "", expert_name(t, e), (double)terms[e].weight);
  if (chosen_at(terms, t->terms.experts, 1) < 0) fputs("nobody", s.out);
  return text_stream_close(&s);
}

static void add_chosen(Facts *f, json_t *row, const Trace *t, int module, int64_t token) {
  char *chosen = chosen_text(t, routing_terms_at(&t->terms, module, token));
  facts_set(f, row, "goes_to", chosen ? facts_text(chosen) : NULL);
  free(chosen);
}

static void add_token(Facts *f, json_t *rows, const Trace *t, ModuleSide side, int64_t token) {
  char number[24];
  json_t *row = facts_row(f, rows);
  facts_set(f, row, "token", json_integer(token));
  facts_set(f, row, "piece", facts_text(trace_piece(t, side, token, number)));
  if (t->module >= 0) add_chosen(f, row, t, t->module, token);
}

static void add_tokens(Facts *f, const Trace *t, ModuleSide side, const char *key) {
  json_t *rows = facts_array(f, f->root, key);
  for (int64_t i = 0; i < t->tokens[side].count; i++) add_token(f, rows, t, side, i);
}

static int experts_at(const Trace *t, int module) {
  int count = 0;
  for (int e = 0; e < t->terms.experts; e++) count += pool_covers(t->parts.pool, e, module);
  return count;
}

static void add_modules(Facts *f, const Trace *t) {
  json_t *rows = facts_array(f, f->root, "modules");
  for (int i = 0; i < t->terms.modules; i++) {
    const Module *m = module_at(t, i);
    if (t->terms.kept[i].count <= (t->token < 0 ? 0 : t->token)) continue;
    char number[24];
    json_t *row = facts_row(f, rows);
    facts_set(f, row, "module", facts_text(m->name));
    facts_set(f, row, "of", json_string(side_name(m->side)));
    if (t->token < 0) {
      facts_set(f, row, "experts", json_integer(experts_at(t, i)));
      continue;
    }
    facts_set(f, row, "piece", facts_text(trace_piece(t, m->side, t->token, number)));
    add_chosen(f, row, t, i, t->token);
  }
}

static void add_all(Facts *f, const Trace *t) {
  add_modules(f, t);
  add_tokens(f, t, SIDE_PROMPT, "prompt");
  add_tokens(f, t, SIDE_CONTINUATION, "continuation");
}

Status trace_facts(Facts *f, const Trace *t, Error *err) {
  add_run(f, t);
  if (t->module >= 0 && t->token >= 0) {
    TRY(add_terms(f, t, err));
  } else if (t->module >= 0) {
    ModuleSide side = module_at(t, t->module)->side;
    facts_set(f, f->root, "module", facts_text(module_at(t, t->module)->name));
    facts_set(f, f->root, "of", json_string(side_name(side)));
    add_tokens(f, t, side, "tokens");
  } else if (t->token >= 0) {
    facts_set(f, f->root, "token", json_integer(t->token));
    add_modules(f, t);
  } else {
    add_all(f, t);
  }
  return f->failed ? error_set(err, STATUS_RUN, "out of memory: the report") : STATUS_OK;
}
