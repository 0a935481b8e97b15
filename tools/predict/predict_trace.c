#include "tools/predict/predict_trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/text/json.h"
#include "infer/route/routing_trace.h"
#include "infer/t5/base.h"
#include "tools/predict/predict_answer.h"
#include "tools/shell/facts.h"

/* The text of a token. Special ones have their names; a piece that is a blank alone, of which no
 * text is left, is shown as the vocabulary has it. */
static Status token_text(const TraceRequest *r, int32_t id, char **text, Error *err) {
  const Tokenizer *t = r->base->tokenizer;
  TRY(tokenizer_decode(t, &id, 1, text, err));
  if (**text) return STATUS_OK;
  free(*text);
  const char *piece = tokenizer_piece(t, id);
  *text = strdup(piece ? piece : "");
  return *text ? STATUS_OK : error_set(err, STATUS_RUN, "%s: out of memory", r->path);
}

/* One side of the trace: the rows that the model had of a text, and what it is read as. */
typedef struct Side {
  const char *key; /* in the file */
  const TraceTokens *rows;
  const char *text;
  int64_t most; /* tokens of the text */
} Side;

static void add_token(Facts *f, json_t *list, const RoutingTrace *trace, const TraceTokens *rows,
                      int64_t row, const char *text) {
  json_t *token = facts_row(f, list);
  facts_set(f, token, "token", json_string(text));
  json_t *weight = facts_array(f, token, "weight");
  for (int e = 0; e < trace->experts; e++)
    facts_append(f, weight, json_real(routing_trace_weight(trace, rows, row, e)));
}

static Status add_tokens(Facts *f, const TraceRequest *r, const RoutingTrace *trace,
                         const Side *side, const int32_t *ids, Error *err) {
  json_t *list = facts_array(f, f->root, side->key);
  for (int64_t t = 0; t < side->rows->count; t++) {
    char *text;
    if (ids[t] >= 0) {
      TRY(token_text(r, ids[t], &text, err));
    } else if (asprintf(&text, "#%" PRId64, t + 1) < 0) {
      return error_set(err, STATUS_RUN, "%s: out of memory", r->path);
    }
    add_token(f, list, trace, side->rows, t, text);
    free(text);
  }
  return STATUS_OK;
}

static Status add_side(Facts *f, const TraceRequest *r, const RoutingTrace *trace, const Side *side,
                       Error *err) {
  int32_t *ids;
  TRY(predict_row_ids(r->base->tokenizer, side->text, side->most, side->rows->count, &ids, err));
  Status status = add_tokens(f, r, trace, side, ids, err);
  free(ids);
  return status;
}

static Status fill_trace(Facts *f, const TraceRequest *r, const RoutingTrace *trace,
                         const Side *encoder, const Side *decoder, Error *err) {
  facts_set(f, f->root, "task", json_string(r->task));
  facts_set(f, f->root, "method", json_string(r->method));
  facts_set(f, f->root, "pool", json_string(pool_dir(r->pool)));
  facts_set(f, f->root, "pool_files_verified", json_boolean(pool_files_verified(r->pool)));
  json_t *names = facts_array(f, f->root, "experts");
  for (int e = 0; e < trace->experts; e++)
    facts_append(f, names, json_string(pool_entry(r->pool, e)->name));
  TRY(add_side(f, r, trace, encoder, err));
  TRY(add_side(f, r, trace, decoder, err));
  return f->failed ? error_set(err, STATUS_RUN, "%s: out of memory", r->path) : STATUS_OK;
}

static Status write_trace(const TraceRequest *r, const RoutingTrace *trace, const char *input,
                          const char *answer, bool scored, Error *err) {
  const PredictSettings *s = r->settings;
  if (trace->encoder.count + trace->decoder.count == 0)
    return error_set(err, STATUS_USAGE, "--trace: the router '%s' routes no token", r->method);
  const Side encoder = {"encoder", &trace->encoder, input, s->max_input};
  const Side decoder = {"decoder", &trace->decoder, answer, scored ? s->max_target : s->max_output};
  Facts facts = facts_new();
  Status status = fill_trace(&facts, r, trace, &encoder, &decoder, err);
  if (status == STATUS_OK) status = json_write_file(facts.root, r->path, err);
  facts_free(&facts);
  return status;
}

Status predict_trace(const TraceRequest *r, const Asking *asking, const Item *item, bool scored,
                     Error *err) {
  Predictor *p = NULL;
  char *answer = NULL;
  RoutingTrace trace = {.experts = pool_count(r->pool), .modules = pool_modules(r->pool)->count};
  RouteWatcher watcher = routing_trace_watcher(&trace);
  Status status = predictor_open(&p, r->base, r->router, &watcher, r->settings, err);
  if (status == STATUS_OK) status = predict_answer(p, asking, item, scored, &answer, err);
  if (status == STATUS_OK) status = write_trace(r, &trace, item->input, answer, scored, err);
  predictor_close(p);
  routing_trace_free(&trace);
  free(answer);
  return status;
}
