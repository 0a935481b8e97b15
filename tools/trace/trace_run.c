#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/extremum.h"
#include "autograd/ground/nearest.h"
#include "infer/route/router_options.h"
#include "tools/predict/predict_answer.h"
#include "tools/trace/trace_tool.h"

/* ---- what is looked at ---- */

static Status no_module(const Modules *m, const char *name, Error *err) {
  const char **names = calloc((size_t)m->count, sizeof *names);
  if (!names) return error_set(err, STATUS_RUN, "out of memory: the modules");
  for (int i = 0; i < m->count; i++) names[i] = m->module[i].name;
  error_set(err, STATUS_USAGE,
            "--module: the base has no module '%s'; leave --module out to see all%s", name,
            nearest_hint(name, names, (size_t)m->count).text);
  free(names);
  return STATUS_USAGE;
}

static Status find_module(Trace *t, Error *err) {
  const char *name = t->options->module;
  const Modules *modules = &t->parts.base.model->modules;
  t->module = -1;
  if (!name) return STATUS_OK;
  const Module *module = modules_find(modules, name);
  if (!module) return no_module(modules, name, err);
  t->module = module->id;
  return STATUS_OK;
}

static Status parse_token(Trace *t, Error *err) {
  const char *text = t->options->token;
  char *end;
  t->token = -1;
  if (!text) return STATUS_OK;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  t->token = value;
  if (end != text && !*end && value >= 0 && errno == 0) return STATUS_OK;
  return error_set(err, STATUS_USAGE,
                   "--token: '%s' is not the number of a token, from 0; leave --token out to see "
                   "them all",
                   text);
}

static bool is_covered(const Trace *t, int module) {
  for (int e = 0; e < pool_count(t->parts.pool); e++)
    if (pool_covers(t->parts.pool, e, module)) return true;
  return false;
}

/* The tokens that the module that is looked at has as rows; of all modules the most. */
static int64_t tokens_seen(const Trace *t) {
  if (t->module >= 0) return t->terms.kept[t->module].count;
  return max64(t->tokens[SIDE_PROMPT].count, t->tokens[SIDE_CONTINUATION].count);
}

/* There is something to look at. */
static Status check_seen(const Trace *t, Error *err) {
  int64_t tokens = tokens_seen(t);
  if (t->module >= 0 && !is_covered(t, t->module))
    return error_set(err, STATUS_USAGE,
                     "--module: no expert that takes part has an adapter at %s, so nothing is "
                     "routed there; leave --module out to see where there are some",
                     pool_modules(t->parts.pool)->module[t->module].name);
  if (tokens == 0)
    return error_set(err, STATUS_USAGE,
                     "router: %s routes no token; take one that chooses experts (skein help "
                     "routers)",
                     router_method(&t->parts.router_settings)->name);
  if (t->token < tokens) return STATUS_OK;
  return error_set(err, STATUS_USAGE,
                   "--token: got %" PRId64 ", want 0 to %" PRId64 "; leave it out to see them",
                   t->token, tokens - 1);
}

/* ---- the item ---- */

static Status no_item(const Trace *t, Error *err) {
  const ItemSet *items = t->parts.items;
  char first[200] = "";
  for (int64_t i = 0; i < items_count(items) && i < 3; i++) {
    Item item;
    size_t used = strlen(first);
    TRY(items_get(items, i, &item, err));
    snprintf(first + used, sizeof first - used, "%s'%.40s'", i ? ", " : "", item.id);
    item_free(&item);
  }
  return error_set(err, STATUS_USAGE,
                   "--item: %s has no item '%s'; the first of %" PRId64 " are %s",
                   items_path(items), t->options->item, items_count(items), first);
}

/* The item of the id that is asked for, or the first one. Its choices are ranked, where it has some;
 * else a text is made. */
static Status open_item(Trace *t, Error *err) {
  const char *id = t->options->item;
  TRY(predict_parts_items(&t->parts, t->options, err));
  for (int64_t i = 0; i < items_count(t->parts.items); i++) {
    TRY(items_get(t->parts.items, i, &t->item, err));
    t->scored = t->item.choices > 0;
    if (!id || strcmp(t->item.id, id) == 0) return STATUS_OK;
    item_free(&t->item);
  }
  return no_item(t, err);
}

/* ---- the run ---- */

static Status side_tokens(Trace *t, ModuleSide side, const char *text, int64_t most, Error *err) {
  TokenIds *to = &t->tokens[side];
  const Modules *modules = pool_modules(t->parts.pool);
  for (int i = 0; i < modules->count; i++)
    if (modules->module[i].side == side && t->terms.kept[i].count > to->count)
      to->count = t->terms.kept[i].count;
  return predict_row_ids(t->parts.base.tokenizer, text, most, to->count, &to->id, err);
}

static Status answer_item(Trace *t, Error *err) {
  const PredictOptions *o = t->options;
  PredictParts *p = &t->parts;
  Predictor *predictor = NULL;
  TRY(routing_terms_init(&t->terms, pool_modules(p->pool)->count, pool_count(p->pool), t->module,
                         err));
  RouteWatcher watcher = routing_terms_watcher(&t->terms);
  Status status = predictor_open(&predictor, &p->base, p->router, &watcher, &p->settings, err);
  if (status == STATUS_OK)
    status = predict_answer(predictor, &(Asking){o->task, o->instruction}, &t->item, t->scored,
                            &t->answer, err);
  predictor_close(predictor);
  return status;
}

Status trace_run(Trace *t, const PredictOptions *o, Error *err) {
  *t = (Trace){.options = o};
  PredictParts *p = &t->parts;
  TRY(parse_token(t, err));
  TRY(predict_parts_base(p, o, err));
  TRY(predict_parts_check(p, o, err));
  TRY(find_module(t, err));
  TRY(open_item(t, err));
  if (t->scored) {
    p->settings = predict_options_settings(o);
  } else {
    TRY(predict_parts_generation(p, o, err));
  }
  TRY(predict_parts_pool(p, o, err));
  TRY(predict_parts_router(p, o, err));
  TRY(answer_item(t, err));
  predict_parts_tell(p);
  TRY(side_tokens(t, SIDE_PROMPT, t->item.input, p->settings.max_input, err));
  TRY(side_tokens(t, SIDE_CONTINUATION, t->answer,
                  t->scored ? p->settings.max_target : p->settings.max_output, err));
  return check_seen(t, err);
}

const char *trace_piece(const Trace *t, ModuleSide side, int64_t token, char out[24]) {
  int32_t id = t->tokens[side].id[token];
  const char *piece = id >= 0 ? tokenizer_piece(t->parts.base.tokenizer, id) : NULL;
  if (!piece) snprintf(out, 24, "#%" PRId64, token);
  return piece ? piece : out;
}

void trace_close(Trace *t) {
  free(t->tokens[SIDE_PROMPT].id);
  free(t->tokens[SIDE_CONTINUATION].id);
  free(t->answer);
  routing_terms_free(&t->terms);
  item_free(&t->item);
  predict_parts_close(&t->parts);
}
