/* What an input is compared with experts by: instructions that are given, itself, and what a language
 * model writes of it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "infer/instruct/instructions.h"
#include "tests/endpoint_server.h"
#include "tests/glider_world.h"

#define STEPS(...) \
  (const ServerStep[]){__VA_ARGS__}, sizeof((ServerStep[]){__VA_ARGS__}) / sizeof(ServerStep)
#define SAYS(text) \
  { SERVE_CHAT, 0, text, NULL }

static const RouteQuery ALL = {
    .task = "t", .instruction = "of the task", .input = "the input", .own = "of the line"};

static void expect_text(QuerySource source, const RouteQuery *q, const char *want, EmbedWhat who) {
  Error err = {0};
  const char *text;
  EmbedWhat what;
  expect_ok(want, query_text(source, NULL, q, &text, &what, &err), &err);
  assert_string_equal(text, want);
  assert_int_equal(what, who);
  assert_true(query_there(source, q) == (what == EMBED_INSTRUCTIONS || source == QUERY_INPUT));
}

static void test_what_is_given(void **state) {
  (void)state;
  const RouteQuery task = {.instruction = "of the task", .input = "the input"};
  const RouteQuery none = {.task = "t", .input = "the input"};
  expect_text(QUERY_INSTRUCTION, &ALL, "of the line", EMBED_INSTRUCTIONS);
  expect_text(QUERY_INSTRUCTION, &task, "of the task", EMBED_INSTRUCTIONS);
  expect_text(QUERY_INSTRUCTION, &none, "the input", EMBED_DATA);
  expect_text(QUERY_TASK, &ALL, "of the task", EMBED_INSTRUCTIONS);
  expect_text(QUERY_LINE, &ALL, "of the line", EMBED_INSTRUCTIONS);
  expect_text(QUERY_INPUT, &ALL, "the input", EMBED_DATA);
  const char *text;
  EmbedWhat what;
  Error err = {0};
  expect_error("task", query_text(QUERY_TASK, NULL, &none, &text, &what, &err), &err, STATUS_USAGE,
               "the task t has no instruction");
  err = (Error){0};
  expect_error("line", query_text(QUERY_LINE, NULL, &task, &text, &what, &err), &err, STATUS_USAGE,
               "'the input' has no instruction of its own");
  assert_false(query_there(QUERY_TASK, &none));
  assert_false(query_there(QUERY_LINE, &task));
  assert_true(query_there(QUERY_LLM, &none));
}

/* ---- what is written ---- */

static const char *kept_path(Scratch *s) {
  return scratch_path(s, "kept.jsonl");
}

static QuerySettings asking(Scratch *s, const char *url) {
  return (QuerySettings){.source = QUERY_LLM,
                         .url = (char *)(uintptr_t)url,
                         .model = (char *)(uintptr_t) "m",
                         .cache = strdup(kept_path(s)),
                         .temperature = -1};
}

static QueryWriter *open_writer(const QuerySettings *s) {
  Error err = {0};
  QueryWriter *w;
  expect_ok("opening", query_open(&w, s, &err), &err);
  return w;
}

static void expect_written(QueryWriter *w, const char *input, const char *want) {
  Error err = {0};
  const char *text;
  expect_ok(input, query_writer_text(w, "t", input, &text, &err), &err);
  assert_string_equal(text, want);
}

static int kept_lines(Scratch *s) {
  Error err = {0};
  Instructions i;
  expect_ok("kept", instructions_read(&i, kept_path(s), &err), &err);
  int count = i.count;
  instructions_free(&i);
  return count;
}

static void test_asks_once(void **state) {
  EndpointServer *server = server_start(
      STEPS(SAYS("Say it."), {SERVE_CUT, 0, "<think>Hm</think>Two.\nLines.", NULL}, SAYS("Never")));
  QuerySettings s = asking(*state, server_url(server));
  QueryWriter *w = open_writer(&s);
  expect_written(w, "a \"quoted\" one", "Say it.");
  expect_written(w, "another", "Two.\nLines."); /* any text will do */
  expect_written(w, "a \"quoted\" one", "Say it.");
  query_writer_close(w);
  w = open_writer(&s);
  expect_written(w, "another", "Two.\nLines.");
  query_writer_close(w);
  assert_int_equal(server_requests(server), 2);
  assert_int_equal(kept_lines(*state), 2);
  assert_non_null(
      strstr(server_request(server, 0), "{\\\"input\\\":\\\"a \\\\\\\"quoted\\\\\\\" one\\\"}"));
  s.seed = 1; /* another question */
  w = open_writer(&s);
  expect_written(w, "another", "Never");
  query_writer_close(w);
  assert_int_equal(kept_lines(*state), 3);
  server_stop(server);
  free(s.cache);
}

/* Of the two each keeps what the other has kept. */
static void test_writers_share_a_file(void **state) {
  EndpointServer *server = server_start(STEPS(SAYS("One."), SAYS("Two."), SAYS("Three.")));
  QuerySettings s = asking(*state, server_url(server));
  QueryWriter *a = open_writer(&s), *b = open_writer(&s);
  expect_written(a, "first", "One.");
  expect_written(b, "second", "Two.");
  expect_written(a, "third", "Three.");
  expect_written(a, "second", "Two."); /* it was read when the third was written */
  query_writer_close(a);
  query_writer_close(b);
  assert_int_equal(kept_lines(*state), 3);
  assert_int_equal(server_requests(server), 3);
  server_stop(server);
  free(s.cache);
}

static void test_many(void **state) {
  EndpointServer *server = server_start(STEPS(SAYS("Say it.")));
  QuerySettings s = asking(*state, server_url(server));
  QueryWriter *w = open_writer(&s);
  for (int i = 0; i < 301; i++) {
    char input[16];
    snprintf(input, sizeof input, "input %d", i);
    expect_written(w, input, "Say it.");
    assert_in_range(i + 1 - kept_lines(*state), 0, i / 100); /* at most a hundredth is not kept */
  }
  query_writer_close(w);
  assert_int_equal(kept_lines(*state), 301);
  server_stop(server);
  free(s.cache);
}

/* 0.0.0.0 leads here, too, and is no address of loopback. */
static void test_inputs_stay_here(void **state) {
  char url[64];
  const char *text;
  Error err = {0};
  QueryWriter *w;
  EndpointServer *server = server_start(STEPS(SAYS("Say it.")));
  snprintf(url, sizeof url, "http://0.0.0.0:%d/v1", server_port(server));
  QuerySettings s = asking(*state, url);
  w = open_writer(&s);
  expect_error("elsewhere", query_writer_text(w, "t", "x", &text, &err), &err, STATUS_USAGE,
               "0.0.0.0|another machine|query.share_inputs");
  query_writer_close(w);
  assert_int_equal(server_requests(server), 0);
  s.share_inputs = true;
  w = open_writer(&s);
  expect_written(w, "shared", "Say it.");
  query_writer_close(w);
  s.share_inputs = false; /* what is known is asked of nobody */
  w = open_writer(&s);
  expect_written(w, "shared", "Say it.");
  query_writer_close(w);
  assert_int_equal(server_requests(server), 1);
  server_stop(server);
  free(s.cache);
}

static void test_templates(void **state) {
  Error err = {0};
  QueryWriter *w;
  EndpointServer *server = server_start(STEPS(SAYS("Say it.")));
  QuerySettings s = asking(*state, server_url(server));
  scratch_write(*state, "none", "What?", 5);
  s.pattern = strdup(scratch_path(*state, "none"));
  expect_error("no mark", query_open(&w, &s, &err), &err, STATUS_INPUT, "none|{input} once");
  scratch_write(*state, "none", "What is {input}?", 16);
  w = open_writer(&s);
  expect_written(w, "x", "Say it.");
  query_writer_close(w);
  assert_non_null(strstr(server_request(server, 0), "What is {\\\"input\\\":\\\"x\\\"}?"));
  server_stop(server);
  free(s.pattern);
  free(s.cache);
}

static void test_what_is_missing(void **state) {
  Error err = {0};
  QueryWriter *w;
  const char *text;
  EndpointServer *server = server_start(STEPS({SERVE_TEXT, 200,
                                               "{\"choices\": [{\"message\": {\"content\": null, "
                                               "\"refusal\": \"I will not.\"}}]}",
                                               NULL}));
  QuerySettings s = asking(*state, server_url(server)), some = s;
  some.url = NULL;
  expect_error("url", query_open(&w, &some, &err), &err, STATUS_USAGE, "query.url: is missing");
  some = s;
  err = (Error){0};
  some.model = NULL;
  expect_error("model", query_open(&w, &some, &err), &err, STATUS_USAGE, "query.model: is missing");
  some = s;
  err = (Error){0};
  some.cache = NULL;
  expect_error("cache", query_open(&w, &some, &err), &err, STATUS_USAGE, "query.cache: is missing");
  w = open_writer(&s);
  err = (Error){0};
  expect_error("no answer", query_writer_text(w, "t", "x", &text, &err), &err, STATUS_ENDPOINT,
               "for the input 'x'|declines: I will not.");
  query_writer_close(w);
  assert_false(file_exists(s.cache));
  err = (Error){0};
  scratch_write(*state, "kept.jsonl", "{\"name\": \"a\", \"instruction\": \"b\"}\n", 33);
  expect_error("another file", query_open(&w, &s, &err), &err, STATUS_USAGE,
               "kept.jsonl|other origin");
  server_stop(server);
  free(s.cache);
}

/* Routing by what is written is routing by the same text as an instruction. */
static void test_routing(void **state) {
  EndpointServer *server = server_start(STEPS(SAYS("Sort the words by their length.")));
  GliderWorld w = glider_world(*state, NULL);
  GliderMixing s = glider_mixing(1);
  float want[GLIDER_EXPERTS], got[GLIDER_EXPERTS];
  GlobalRouter *g = glider_open(&w, &s);
  glider_bias_of(&w, g, &s,
                 (RouteQuery){.instruction = "Sort the words by their length.", .input = "x"},
                 want);
  global_router_close(g);
  s.global.query = asking(*state, server_url(server));
  g = glider_open(&w, &s);
  for (int i = 0; i < 2; i++) glider_bias_of(&w, g, &s, ALL, got);
  assert_memory_equal(got, want, sizeof want);
  global_router_close(g);
  assert_int_equal(server_requests(server), 1);
  free(s.global.query.cache);
  glider_world_close(&w);
  server_stop(server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_what_is_given),        TEST(test_asks_once),
      TEST(test_writers_share_a_file), TEST(test_many),
      TEST(test_inputs_stay_here),     TEST(test_templates),
      TEST(test_what_is_missing),      TEST(test_routing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
