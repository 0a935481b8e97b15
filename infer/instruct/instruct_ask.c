#include "infer/instruct/instruct_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/text/json_put.h"
#include "data/text/utf8.h"
#include "infer/instruct/instruct_answer.h"

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

/* The trimmed answer to a body, and why it is none. */
static Status post_question(Endpoint *e, EndpointReach reach, const json_t *body, char **answer,
                            char why[INSTRUCT_WHY], Error *err) {
  JsonDoc doc;
  *answer = NULL;
  TRY(endpoint_post(e, reach, "chat/completions", body, ANSWER_MOST, &doc, err));
  Status status = instruct_answer(e, &doc, answer, why, err);
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
  int failed = *start && json_array_append_new(messages, message("assistant", start));
  failed |= json_array_append_new(messages, message("user", complaint));
  free(start);
  return failed ? no_memory(err) : STATUS_OK;
}

/* One answer: whether it fits, else why not. */
static Status try_question(Endpoint *e, EndpointReach reach, const json_t *body,
                           const InstructSample *s, char **text, bool *fit, char why[INSTRUCT_WHY],
                           Error *err) {
  TRY(post_question(e, reach, body, text, why, err));
  *fit = s ? !*why : **text != '\0';
  return *fit && s ? instruct_check(*text, s, fit, why, err) : STATUS_OK;
}

Status instruct_ask(Endpoint *e, EndpointReach reach, const json_t *question,
                    const InstructSample *s, char **text, char why[INSTRUCT_WHY], Error *err) {
  json_t *body = json_deep_copy(question);
  Status status = body ? STATUS_OK : no_memory(err);
  bool fit = false;
  *text = NULL;
  for (int try = 0; try < INSTRUCT_TRIES && status == STATUS_OK && !fit; try++) {
    free(*text);
    status = try_question(e, reach, body, s, text, &fit, why, err);
    if (status == STATUS_OK && !fit) status = complain(body, *text, why, err);
  }
  json_decref(body);
  if (status == STATUS_OK && fit) return STATUS_OK;
  free(*text);
  *text = NULL;
  return status;
}
