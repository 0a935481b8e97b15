#include "infer/route/route_query.h"

Status query_open(QueryWriter **w, const QuerySettings *s, Error *err) {
  *w = NULL;
  if (s->source != QUERY_LLM) return STATUS_OK;
  const QueryWriterSpec spec = {
      .endpoint = {.url = s->url, .model = s->model, .key_env = s->key_env},
      .pattern = s->pattern,
      .kept = s->cache,
      .share_inputs = s->share_inputs,
      .way = {.temperature = s->temperature, .max_tokens = s->max_tokens, .seed = s->seed}};
  return query_writer_open(w, &spec, err);
}

/* An instruction that somebody wrote; NULL where the input stands for it, or a model writes it. */
static const char *given(QuerySource source, const RouteQuery *q) {
  switch (source) {
    case QUERY_INSTRUCTION:
      return q->own ? q->own : q->instruction;
    case QUERY_TASK:
      return q->instruction;
    case QUERY_LINE:
      return q->own;
    default:
      return NULL;
  }
}

bool query_there(QuerySource source, const RouteQuery *q) {
  return source == QUERY_INPUT || source == QUERY_LLM || given(source, q);
}

Status query_text(QuerySource source, QueryWriter *w, const RouteQuery *q, const char **text,
                  EmbedWhat *what, Error *err) {
  *text = given(source, q);
  *what = *text ? EMBED_INSTRUCTIONS : EMBED_DATA;
  if (*text) return STATUS_OK;
  if (source == QUERY_LLM) return query_writer_text(w, q->task, q->input, text, err);
  *text = q->input;
  if (source == QUERY_INSTRUCTION || source == QUERY_INPUT) return STATUS_OK;
  if (source == QUERY_LINE)
    return error_set(err, STATUS_USAGE,
                     "query: line: the item '%.80s' has no instruction of its own; give it "
                     "\"instruction\", or take another query",
                     q->input);
  return error_set(
      err, STATUS_USAGE,
      "query: task: the task%s%.80s has no instruction; give it one (--instruction, or "
      "`instruction` of an evaluation's task), or take another query",
      q->task ? " " : "", q->task ? q->task : "");
}
