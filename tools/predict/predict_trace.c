#include "tools/predict/predict_trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/examples/sequence.h"
#include "data/text/json.h"
#include "infer/route/routing_trace.h"

enum { UNKNOWN = 2 }; /* data/tokenizer/tokenizer.h */

/* Runs the item with the trace on. *answer: the text that was chosen or generated, owned. */
static Status run_item(const TraceRequest *r, const Asking *asking, const Item *item, bool scored,
                       Predictor *p, char **answer, Error *err) {
  if (!scored) return predict_texts(p, asking, item, 1, answer, err);
  Score score;
  TRY(predict_scores(p, asking, item, 1, &score, err));
  *answer = strdup(item->choice[score.prediction]);
  score_free(&score);
  return *answer ? STATUS_OK : error_set(err, STATUS_RUN, "%s: out of memory", r->path);
}

/* The text of a token. Special ones have their names; a piece that is a blank alone, of which no
 * text is left, is shown as SentencePiece writes it. */
static Status token_text(const TraceRequest *r, int32_t id, char **text, Error *err) {
  const Tokenizer *t = r->base->tokenizer;
  TRY(tokenizer_decode(t, &id, 1, text, err));
  if (**text) return STATUS_OK;
  free(*text);
  int sentinel = 0;
  while (tokenizer_sentinel(t, sentinel) >= 0 && tokenizer_sentinel(t, sentinel) != id) sentinel++;
  int length = id == tokenizer_eos(t)                 ? asprintf(text, "</s>")
               : id == tokenizer_pad(t)               ? asprintf(text, "<pad>")
               : id == UNKNOWN                        ? asprintf(text, "<unk>")
               : tokenizer_sentinel(t, sentinel) >= 0 ? asprintf(text, "<extra_id_%d>", sentinel)
                                                      : asprintf(text, "▁");
  return length >= 0 ? STATUS_OK : error_set(err, STATUS_RUN, "%s: out of memory", r->path);
}

static json_t *token_json(const RoutingTrace *trace, const TraceTokens *of, int64_t token,
                          const char *text) {
  json_t *weight = json_array();
  for (int e = 0; e < trace->experts; e++)
    json_array_append_new(weight, json_real(routing_trace_weight(trace, of, token, e)));
  return json_pack("{s:s, s:o}", "token", text, "weight", weight);
}

/* One side of the trace. A text generated may have tokens that are not those it is read as; they
 * are then numbered, and the end is as far as it was decoded. */
static Status side_json(const TraceRequest *r, const RoutingTrace *trace, const TraceTokens *of,
                        const int32_t *ids, int64_t count, json_t *list, Error *err) {
  for (int64_t t = 0; t < of->count; t++) {
    char *text;
    if (count == of->count) {
      TRY(token_text(r, ids[t], &text, err));
    } else if (asprintf(&text, "#%" PRId64, t + 1) < 0) {
      return error_set(err, STATUS_RUN, "%s: out of memory", r->path);
    }
    int failed = json_array_append_new(list, token_json(trace, of, t, text));
    free(text);
    if (failed) return error_set(err, STATUS_RUN, "%s: out of memory", r->path);
  }
  return STATUS_OK;
}

static Status text_json(const TraceRequest *r, const RoutingTrace *trace, const TraceTokens *of,
                        const char *text, int64_t most, json_t **list, Error *err) {
  int32_t *ids;
  int64_t count;
  TRY(sequence_encode(r->base->tokenizer, text, most, &ids, &count, err));
  *list = json_array();
  Status status = *list ? side_json(r, trace, of, ids, count, *list, err)
                        : error_set(err, STATUS_RUN, "%s: out of memory", r->path);
  free(ids);
  return status;
}

static Status write_trace(const TraceRequest *r, const RoutingTrace *trace, const char *input,
                          const char *answer, bool scored, Error *err) {
  if (trace->encoder.count + trace->decoder.count == 0)
    return error_set(err, STATUS_USAGE, "--trace: the router '%s' routes no token", r->method);
  json_t *encoder = NULL, *decoder = NULL, *names = json_array();
  const PredictSettings *s = r->settings;
  for (int e = 0; e < trace->experts; e++)
    json_array_append_new(names, json_string(pool_entry(r->pool, e)->name));
  Status status = text_json(r, trace, &trace->encoder, input, s->max_input, &encoder, err);
  if (status == STATUS_OK)
    status = text_json(r, trace, &trace->decoder, answer, scored ? s->max_target : s->max_output,
                       &decoder, err);
  json_t *root = status == STATUS_OK
                     ? json_pack("{s:s, s:s, s:s, s:O, s:O, s:O}", "task", r->task, "method",
                                 r->method, "pool", pool_dir(r->pool), "experts", names, "encoder",
                                 encoder, "decoder", decoder)
                     : NULL;
  if (status == STATUS_OK)
    status = root ? json_write_file(root, r->path, err)
                  : error_set(err, STATUS_RUN, "%s: out of memory", r->path);
  json_decref(root);
  json_decref(names);
  json_decref(encoder);
  json_decref(decoder);
  return status;
}

Status predict_trace(const TraceRequest *r, const Asking *asking, const Item *item, bool scored,
                     Error *err) {
  Predictor *p = NULL;
  char *answer = NULL;
  RoutingTrace trace = {.experts = pool_count(r->pool), .modules = pool_modules(r->pool)->count};
  RouteWatcher watcher = routing_trace_watcher(&trace);
  Status status = predictor_open(&p, r->base, r->router, &watcher, r->settings, err);
  if (status == STATUS_OK) status = run_item(r, asking, item, scored, p, &answer, err);
  if (status == STATUS_OK) status = write_trace(r, &trace, item->input, answer, scored, err);
  predictor_close(p);
  routing_trace_free(&trace);
  free(answer);
  return status;
}
