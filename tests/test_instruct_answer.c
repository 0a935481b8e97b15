/* What servers of language models answer beyond OpenAI's fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/instruct/instruct_ask.h"
#include "tests/endpoint_server.h"
#include "tests/scratch.h"

#define SENTENCE "Say what the thing is."
#define MESSAGE(fields, reason) \
  "{\"choices\": [{\"message\": {" fields "}, \"finish_reason\": \"" reason "\"}]}"
#define CONTENT(text) "\"content\": \"" text "\""
#define PART(text)    "{\"type\": \"text\", \"text\": \"" text "\"}"
#define THOUGHTS      "{\"type\": \"thinking\", \"thinking\": [" PART("Hm.") "]}"

/* What the model is taken to say when the server answers so, and then SENTENCE; `requests`: how
 * often it is asked. */
static void expect_said(const char *body, const char *want, int requests, const char *why) {
  const ServerStep step[] = {{SERVE_TEXT, 200, body, NULL}, {SERVE_CHAT, 0, SENTENCE, NULL}};
  EndpointServer *server = server_start(step, 2);
  const EndpointSpec spec = {.url = server_url(server), .model = "m", .tries = 1};
  const InstructWay way = {.temperature = -1};
  const InstructSample nothing = {0};
  Error err = {0};
  Endpoint *e;
  char *text, told[INSTRUCT_WHY];
  expect_ok("opening", endpoint_open(&e, &spec, &err), &err);
  json_t *question = instruct_question("m", "What?", &way);
  expect_ok(body, instruct_ask(e, REACH_LOOPBACK, question, &nothing, &text, told, &err), &err);
  assert_string_equal(text, want);
  assert_int_equal(server_requests(server), requests);
  if (why && !strstr(server_request(server, 1), why)) fail_msg("%s: not '%s'", body, why);
  free(text);
  json_decref(question);
  endpoint_close(e);
  server_stop(server);
}

static void test_reads_what_others_answer(void **state) {
  static const char *const BODY[] = {
      MESSAGE(CONTENT(SENTENCE) ", \"reasoning_content\": \"Hm.\"", "stop"),
      MESSAGE(CONTENT(SENTENCE) ", \"tool_calls\": [], \"refusal\": null", "stop"),
      MESSAGE(CONTENT("<think>\\nHm.\\n</think>\\n\\n" SENTENCE), "stop"),
      MESSAGE(CONTENT("Hm. So:</think>\\n\\\"" SENTENCE "\\\""), "stop"),
      MESSAGE(CONTENT("<think></think><think>Hm.</think>" SENTENCE), "stop"),
      MESSAGE("\"content\": [" THOUGHTS ", " PART(SENTENCE) "]", "stop"),
      MESSAGE("\"content\": [\"Say what \", " PART("the thing is.") "]", "stop"),
      "{\"error\": null, \"choices\": [{\"message\": {" CONTENT(SENTENCE) "}}]}",
  };
  (void)state;
  for (size_t i = 0; i < sizeof BODY / sizeof *BODY; i++) expect_said(BODY[i], SENTENCE, 1, NULL);
  expect_said(MESSAGE(CONTENT("Say it in <b> letters </b>."), "stop"),
              "Say it in <b> letters </b>.", 1, NULL);
}

/* What is no answer is told to the model, which answers again. */
static void test_says_why_there_is_no_answer(void **state) {
  static const char *const CASE[][2] = {
      {MESSAGE("\"content\": null, \"refusal\": \"I will not.\"", "stop"), "declines: I will not."},
      {MESSAGE("\"content\": null, \"tool_calls\": [{\"id\": \"a\"}]", "tool_calls"), "a tool"},
      {MESSAGE("\"content\": null, \"reasoning_content\": \"Hm.\"", "stop"), "but thoughts"},
      {MESSAGE("\"reasoning\": \"Hm.\"", "stop"), "but thoughts"},
      {MESSAGE(CONTENT("<think>Hm"), "length"), "limit of tokens"},
      {MESSAGE(CONTENT("<think>Hm"), "stop"), "but thoughts"},
      {MESSAGE("\"content\": []", "stop"), "but thoughts"},
      {MESSAGE("\"content\": [" THOUGHTS "]", "stop"), "but thoughts"},
      {MESSAGE(CONTENT(SENTENCE), "content_filter"), "cut off by a filter"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++)
    expect_said(CASE[i][0], SENTENCE, 2, CASE[i][1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reads_what_others_answer),
      cmocka_unit_test(test_says_why_there_is_no_answer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
