#include "infer/instruct/instruct_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/text_stream.h"
#include "data/text/utf8.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the answer of an endpoint");
}

static const char *text_at(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

/* The texts of a list of parts, one behind the other, in a new string; NULL when out of memory. */
static char *join_parts(const json_t *parts) {
  TextStream joined;
  if (!text_stream_open(&joined)) return NULL;
  for (size_t i = 0; i < json_array_size(parts); i++) {
    const json_t *part = json_array_get(parts, i);
    if (json_is_string(part)) fputs(json_string_value(part), joined.out);
    if (strcmp(text_at(part, "type"), "text") == 0) fputs(text_at(part, "text"), joined.out);
  }
  return text_stream_close(&joined);
}

/* Behind the thoughts; "" where there is nothing but thoughts. */
static const char *behind_thoughts(const char *text) {
  static const char OPEN[] = "<think>", CLOSE[] = "</think>";
  const char *at = text, *close;
  while ((close = strstr(at, CLOSE))) at = close + strlen(CLOSE);
  text = at + strspn(at, " \t\r\n");
  return strncmp(text, OPEN, strlen(OPEN)) == 0 ? "" : at;
}

/* Why a message has no text. */
static void tell_missing(const json_t *message, char why[INSTRUCT_WHY]) {
  const char *refusal = text_at(message, "refusal");
  const json_t *calls = json_object_get(message, "tool_calls");
  if (*refusal) {
    size_t most = strnlen(refusal, INSTRUCT_WHY / 2);
    snprintf(why, INSTRUCT_WHY, "the model declines: %.*s", (int)utf8_valid(refusal, most),
             refusal);
  } else if (json_array_size(calls) > 0) {
    snprintf(why, INSTRUCT_WHY, "it calls a tool instead of answering");
  } else {
    snprintf(why, INSTRUCT_WHY, "it is nothing but thoughts, or empty");
  }
}

/* What became of the answer's end; "" where it is whole. */
static const char *cut_of(const json_t *choice) {
  const char *reason = text_at(choice, "finish_reason");
  if (strcmp(reason, "length") == 0) return "it is cut off at the limit of tokens";
  return strcmp(reason, "content_filter") == 0 ? "it is cut off by a filter of the endpoint" : "";
}

static Status find_message(const Endpoint *e, const JsonDoc *doc, const json_t **choice,
                           const json_t **message, Error *err) {
  const json_t *choices = json_object_get(doc->root, "choices");
  if (!json_is_array(choices) || json_array_size(choices) == 0)
    return endpoint_refuse(e, err, "the answer: choices: is %s, want a list with an answer",
                           json_is_array(choices) ? "an empty list" : json_kind(choices));
  *choice = json_array_get(choices, 0);
  *message = json_object_get(*choice, "message");
  const json_t *content = json_object_get(*message, "content");
  bool readable = json_is_string(content) || json_is_array(content) || json_is_null(content);
  if (json_is_object(*message) && (readable || !content)) return STATUS_OK;
  return endpoint_refuse(e, err, "the answer: choices: [0].message%s: is %s, want %s",
                         json_is_object(*message) ? ".content" : "",
                         json_kind(json_is_object(*message) ? content : *message),
                         json_is_object(*message) ? "a text" : "an object");
}

Status instruct_answer(const Endpoint *e, const JsonDoc *doc, char **text, char why[INSTRUCT_WHY],
                       Error *err) {
  const json_t *choice = NULL, *message = NULL;
  *text = NULL;
  why[0] = '\0';
  TRY(find_message(e, doc, &choice, &message, err));
  const json_t *content = json_object_get(message, "content");
  char *whole = json_is_array(content) ? join_parts(content) : strdup(text_at(message, "content"));
  if (whole) *text = instruct_trim(behind_thoughts(whole));
  free(whole);
  if (!*text) return no_memory(err);
  snprintf(why, INSTRUCT_WHY, "%s", cut_of(choice));
  if (!**text && !*why) tell_missing(message, why);
  return STATUS_OK;
}
