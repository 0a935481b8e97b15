/* What a person is told before anything leaves the machine. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/instruct/questions.h"

/* Says a line on stdout, or on stderr beside the progress there. */
typedef void Say(Progress *p, const char *line);

static void say_out(Progress *p, const char *line) {
  (void)p;
  console_say("%s", line);
}

static void say_note(Progress *p, const char *line) {
  console_note(p, "%s", line);
}

/* A text of several lines, each behind two blanks. */
static void say_lines(Say *say, Progress *p, const char *text) {
  while (*text) {
    char *line = NULL;
    int size = (int)strcspn(text, "\n");
    if (asprintf(&line, "  %.*s", size, text) >= 0) say(p, line);
    free(line);
    text += size + (text[size] == '\n');
  }
}

static const char *how_far(const HttpPlace *place) {
  if (place->loopback) return "this machine; nothing leaves it";
  return place->resolved ? "another machine" : "a host that has no address here";
}

/* The items of a sample: "items 3, 17, 40". */
static void say_question(Say *say, Progress *p, const Question *q, const Endpoint *e) {
  char line[1024];
  int cut = 0;
  size_t n = (size_t)snprintf(
      line, sizeof line, "%.100s, sample %d, to %.200s: %zu bytes, about %" PRId64 " tokens; items",
      q->name, q->number, endpoint_place(e)->host, strlen(q->prompt), instruct_tokens(q->prompt));
  for (int i = 0; i < q->sample.count && n < sizeof line; i++) {
    n += (size_t)snprintf(line + n, sizeof line - n, "%s %.40s", i ? "," : "",
                          q->sample.example[i].id);
    cut += q->sample.example[i].cut;
  }
  if (n < sizeof line) n += (size_t)snprintf(line + n, sizeof line - n, " of %.300s", q->file);
  if (cut && n < sizeof line)
    snprintf(line + n, sizeof line - n, ", %d of them cut (--longest)", cut);
  say(p, line);
}

void plan_tell(const Question *q, const Endpoint *e, Progress *p) {
  say_question(say_note, p, q, e);
  say_lines(say_note, p, q->prompt);
}

static void show_endpoint(const InstructOptions *o, const Endpoint *e) {
  const HttpPlace *place = endpoint_place(e);
  console_say("endpoint %s: %s is %s", o->endpoint, place->host, how_far(place));
  if (!place->loopback && !place->secret)
    console_say("it is not https: others on the way can read what is sent%s",
                o->key_env ? ", the key too" : "");
  if (place->proxy[0]) console_say("through the proxy of the environment: %s", place->proxy);
  console_say("key: %s%s", o->key_env ? "of the variable " : "none is sent",
              o->key_env ? o->key_env : "");
}

void plan_show(const Questions *q, const InstructOptions *o, const Endpoint *e) {
  int64_t tokens = 0;
  show_endpoint(o, e);
  for (int i = 0; i < q->count; i++) {
    const Question *question = &q->question[i];
    if (question->answer) {
      console_say("%s, sample %d: answered already", question->name, question->number);
      continue;
    }
    say_question(say_out, NULL, question, e);
    say_lines(say_out, NULL, question->prompt);
    json_t *rest = json_copy(question->body);
    json_object_del(rest, "messages");
    char *settings = json_dumps(rest, 0);
    console_say("  with %s", settings ? settings : "");
    free(settings);
    json_decref(rest);
    tokens += instruct_tokens(question->prompt);
  }
  console_say("%d questions, %d to be asked, about %" PRId64
              " tokens sent; an answer that is no instruction goes back with the reason, twice at "
              "most",
              q->count, questions_open(q), tokens);
}

Status plan_reach(const InstructOptions *o, const Endpoint *e, EndpointReach *reach, Error *err) {
  const HttpPlace *place = endpoint_place(e);
  *reach = place->loopback ? REACH_LOOPBACK : REACH_ANYWHERE;
  if (place->loopback) return STATUS_OK;
  if (!o->share_examples)
    return error_set(err, STATUS_USAGE,
                     "%.200s: is %s: examples of the data would leave this machine; look at them "
                     "with --dry-run, and give --share-examples if that is allowed",
                     o->endpoint, how_far(place));
  console_note(NULL, "%s: is %s; what follows is sent there%s%s%s", o->endpoint, how_far(place),
               place->secret ? "" : ", unencrypted", place->proxy[0] ? ", through the proxy " : "",
               place->proxy);
  return STATUS_OK;
}

void plan_say(const InstructOptions *o, const char *format, ...) {
  char line[2048];
  va_list args;
  va_start(args, format);
  vsnprintf(line, sizeof line, format, args);
  va_end(args);
  (o->json ? say_note : say_out)(NULL, line);
}
