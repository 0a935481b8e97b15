#include "infer/instruct/instruct_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/text/json_put.h"
#include "data/text/utf8.h"

static const size_t ANSWER_MOST = (size_t)1 << 20; /* bytes of an answer with all around it */
enum { REPEATED_MOST = 4096 };                     /* bytes of a wrong answer that are sent back */

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: a question to an endpoint");
}

/* ---- the question ---- */

static json_t *message(const char *role, const char *content) {
  json_t *o = json_object();
  json_put(&o, "role", json_string(role));
  json_put(&o, "content", json_string(content));
  return o;
}

json_t *instruct_question(const char *model, const char *prompt, const InstructWay *way) {
  json_t *o = json_object(), *messages = json_array();
  json_push(&messages, message("user", prompt));
  json_put(&o, "model", json_string(model));
  json_put(&o, "messages", messages);
  json_put(&o, "stream", json_false());
  json_put(&o, "seed", json_integer(way->seed));
  if (way->temperature >= 0) json_put(&o, "temperature", json_real(way->temperature));
  if (way->max_tokens > 0) json_put(&o, "max_tokens", json_integer(way->max_tokens));
  return o;
}

Status instruct_question_hash(const char *url, const json_t *question, char hex[HASH_HEX],
                              Error *err) {
  char *text = json_dumps(question, JSON_COMPACT);
  Hash *hash = text ? hash_new() : NULL;
  if (hash) {
    hash_add_string(hash, "skein-instruct-1");
    hash_add_string(hash, url);
    hash_add_string(hash, text);
    hash_finish(hash, hex);
  }
  free(text);
  return hash ? STATUS_OK : no_memory(err);
}

/* ---- the answer ---- */

/* choices[0].message.content, borrowed; *cut: it ended at a limit. */
static Status read_content(const Endpoint *e, const JsonDoc *doc, const char **content, bool *cut,
                           Error *err) {
  const json_t *choices = json_object_get(doc->root, "choices");
  if (!json_is_array(choices) || json_array_size(choices) == 0)
    return endpoint_refuse(e, err, "the answer: choices: is %s, want a list with an answer",
                           json_is_array(choices) ? "an empty list" : json_kind(choices));
  const json_t *first = json_array_get(choices, 0);
  const json_t *text = json_object_get(json_object_get(first, "message"), "content");
  const char *reason = json_string_value(json_object_get(first, "finish_reason"));
  *cut = reason && strcmp(reason, "length") == 0;
  *content = json_string_value(text);
  if (*content) return STATUS_OK;
  return endpoint_refuse(e, err, "the answer: choices: [0].message.content: is %s, want a text",
                         json_kind(text));
}

/* The trimmed answer to a body. */
static Status post_question(Endpoint *e, EndpointReach reach, const json_t *body, char **answer,
                            bool *cut, Error *err) {
  JsonDoc doc;
  const char *content;
  *answer = NULL;
  TRY(endpoint_post(e, reach, "chat/completions", body, ANSWER_MOST, &doc, err));
  Status status = read_content(e, &doc, &content, cut, err);
  if (status == STATUS_OK && !(*answer = instruct_trim(content))) status = no_memory(err);
  json_free(&doc);
  return status;
}

/* Adds to the conversation what was answered and what is wrong with it. */
static Status complain(json_t *body, const char *answer, const char *why, Error *err) {
  char complaint[INSTRUCT_WHY + 128];
  snprintf(complaint, sizeof complaint,
           "This cannot be used: %s. Answer again with one sentence on one line that keeps to all "
           "that was asked.",
           why);
  char *start = strndup(answer, utf8_valid(answer, strnlen(answer, REPEATED_MOST)));
  if (!start) return no_memory(err);
  json_t *messages = json_object_get(body, "messages");
  int failed = json_array_append_new(messages, message("assistant", start)) |
               json_array_append_new(messages, message("user", complaint));
  free(start);
  return failed ? no_memory(err) : STATUS_OK;
}

Status instruct_ask(Endpoint *e, EndpointReach reach, const json_t *question,
                    const InstructSample *s, char **text, char why[INSTRUCT_WHY], Error *err) {
  json_t *body = json_deep_copy(question);
  Status status = body ? STATUS_OK : no_memory(err);
  bool fit = false, cut = false;
  *text = NULL;
  for (int try = 0; try < INSTRUCT_TRIES && status == STATUS_OK && !fit; try++) {
    free(*text);
    status = post_question(e, reach, body, text, &cut, err);
    if (status == STATUS_OK) status = instruct_check(*text, s, &fit, why, err);
    if (fit && cut) snprintf(why, INSTRUCT_WHY, "it is cut off at the limit of tokens");
    fit = fit && !cut;
    if (status == STATUS_OK && !fit) status = complain(body, *text, why, err);
  }
  json_decref(body);
  if (status == STATUS_OK && fit) return STATUS_OK;
  free(*text);
  *text = NULL;
  return status;
}
