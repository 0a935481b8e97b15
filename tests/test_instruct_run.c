/* `skein instruct` against a server on loopback: what is sent, kept, written and refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "infer/instruct/instructions.h"
#include "infer/pool/pool_manifest.h"
#include "tests/endpoint_server.h"
#include "tests/pool_world.h"
#include "tools/instruct/instruct_tool.h"

#define STEPS(...) \
  (const ServerStep[]){__VA_ARGS__}, sizeof((ServerStep[]){__VA_ARGS__}) / sizeof(ServerStep)
#define SAYS(text) \
  { SERVE_CHAT, 0, text, NULL }

static const char GOOD[] = "Say what the thing is, which takes knowledge of the world.";
static const char OTHER[] = "Name the kind of the thing in one word.";

typedef struct World {
  char input[2][256], output[128], cache[160], pool[128];
  const char *text[2];
  InstructOptions o;
} World;

static void write_items(Scratch *s, const char *name) {
  char text[4096] = "";
  for (int i = 0; i < 9; i++)
    sprintf(text + strlen(text),
            "{\"input\": \"what is a Thing%d of %s?\", \"target\": \"thing\"}\n", i, name);
  scratch_write(s, name, text, strlen(text));
}

/* Two names with files, and where things go; what an earlier test left is gone. */
static void make_world(World *w, Scratch *s) {
  *w = (World){.o = instruct_defaults};
  static const char *const NAME[] = {"first", "second"};
  for (int i = 0; i < 2; i++) {
    write_items(s, NAME[i]);
    snprintf(w->input[i], sizeof w->input[i], "%s=%s", NAME[i], scratch_path(s, NAME[i]));
  }
  snprintf(w->output, sizeof w->output, "%s/out.jsonl", s->dir);
  snprintf(w->cache, sizeof w->cache, "%s.cache", w->output);
  snprintf(w->pool, sizeof w->pool, "%s/pool", s->dir);
  remove(w->output);
  remove(w->cache);
  w->o.model = "m";
  w->o.output = w->output;
  w->o.timeout = 1;
  w->o.tries = 1;
}

static Status run(World *w, int names, EndpointServer *server, Error *err) {
  for (int i = 0; i < names; i++) w->text[i] = w->input[i];
  w->o.input = (TextList){w->text, names};
  w->o.endpoint = server_url(server);
  *err = (Error){0};
  return instruct_run(&w->o, err);
}

static int lines_of(const char *path) {
  Error err = {0};
  Instructions i;
  if (!file_exists(path)) return -1;
  expect_ok(path, instructions_read(&i, path, &err), &err);
  int count = i.count;
  instructions_free(&i);
  return count;
}

static void expect_lines(const World *w, int output, int cache) {
  assert_int_equal(lines_of(w->output), output);
  assert_int_equal(lines_of(w->cache), cache);
  char lock[192];
  snprintf(lock, sizeof lock, "%s.lock", w->output);
  assert_false(file_exists(lock));
}

static void expect_requests(EndpointServer *server, int want) {
  assert_int_equal(server_requests(server), want);
  server_stop(server);
}

static void test_asks_once(void **state) {
  World w;
  Error err;
  make_world(&w, *state);
  EndpointServer *server =
      server_start(STEPS(SAYS("\"Say what the thing is, which takes knowledge of the world.\"\n")));
  expect_ok("asking", run(&w, 2, server, &err), &err);
  expect_lines(&w, 2, 2);
  assert_non_null(strstr(server_request(server, 0), "\"model\":\"m\""));
  assert_non_null(strstr(server_request(server, 0), "what is a Thing"));
  assert_null(strstr(server_request(server, 0), "temperature"));
  expect_ok("again", run(&w, 2, server, &err), &err);
  remove(w.output);
  expect_ok("from the cache", run(&w, 2, server, &err), &err);
  expect_lines(&w, 2, 2);
  Instructions i;
  expect_ok("reading", instructions_read(&i, w.output, &err), &err);
  assert_string_equal(i.line[0].text, GOOD);
  assert_string_equal(i.line[1].name, "second");
  instructions_free(&i);
  expect_requests(server, 2);
}

static void test_goes_on(void **state) {
  World w;
  Error err;
  make_world(&w, *state);
  EndpointServer *server =
      server_start(STEPS(SAYS(GOOD), {SERVE_HALF, 0, "{\"choices\": []}", NULL}, SAYS(OTHER)));
  expect_error("half", run(&w, 2, server, &err), &err, STATUS_ENDPOINT, "127.0.0.1");
  expect_lines(&w, -1, 1);
  expect_ok("going on", run(&w, 2, server, &err), &err);
  expect_lines(&w, 2, 2);
  expect_requests(server, 3);
}

static void test_misbehaviour_keeps_nothing(void **state) {
  static const ServerStep WRONG[] = {
      {SERVE_CLOSE, 0, NULL, NULL},
      {SERVE_HANG, 0, NULL, NULL},
      {SERVE_DRIP, 0, NULL, NULL},
      {SERVE_LONG, 0, NULL, NULL},
      {SERVE_TEXT, 500, "", NULL},
      {SERVE_TEXT, 301, "", "Location: http://192.0.2.1/\r\n"},
      {SERVE_TEXT, 200, "{\"choices\": 3}", NULL},
      {SERVE_TEXT, 200, "{\"choices\": []}", NULL},
      {SERVE_TEXT, 200, "{\"choices\": [{\"message\": {\"content\": 3}}]}", NULL},
      {SERVE_TEXT, 200, "{\"choices\": [{\"message\": null}]}", NULL},
      {SERVE_TEXT, 200, "{\"error\": {\"message\": \"busy\"}}", NULL},
      {SERVE_TEXT, 200, "{\"choices\": [{\"message\": {\"content\": \"\xff\"}}]}", NULL},
      {SERVE_TEXT, 200, "<html>", NULL},
      {SERVE_HALF, 0, "{\"choices\": [{\"message\": {\"content\": \"Say what it is.\"}}]}", NULL},
  };
  for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
    World w;
    Error err;
    make_world(&w, *state);
    EndpointServer *server = server_start(&WRONG[i], 1);
    expect_error("misbehaviour", run(&w, 1, server, &err), &err, STATUS_ENDPOINT,
                 "http://127.0.0.1");
    expect_lines(&w, -1, -1);
    server_stop(server);
  }
}

static void test_asks_again_for_a_better_answer(void **state) {
  World w;
  Error err;
  make_world(&w, *state);
  EndpointServer *server =
      server_start(STEPS(SAYS("Say what\nit is."), {SERVE_CUT, 0, GOOD, NULL}, SAYS(GOOD)));
  expect_ok("the second", run(&w, 1, server, &err), &err);
  const char *second = server_request(server, 1);
  assert_non_null(strstr(second, "\"role\":\"assistant\",\"content\":\"Say what\\nit is.\""));
  assert_non_null(strstr(second, "more than one line"));
  assert_non_null(strstr(server_request(server, 2), "cut off at the limit"));
  expect_requests(server, 3);
  make_world(&w, *state);
  server = server_start(STEPS(SAYS("No."), SAYS("No."), SAYS("No."), SAYS(GOOD)));
  expect_error("one of two", run(&w, 2, server, &err), &err, STATUS_PARTIAL, "1 of 2 questions");
  expect_lines(&w, 1, 1);
  expect_requests(server, 4);
  make_world(&w, *state);
  server = server_start(STEPS(SAYS("No.")));
  expect_error("none", run(&w, 1, server, &err), &err, STATUS_PARTIAL, "1 of 1 questions");
  expect_lines(&w, -1, -1);
  expect_requests(server, INSTRUCT_TRIES);
}

static void test_nothing_is_overwritten(void **state) {
  World w;
  Error err;
  make_world(&w, *state);
  EndpointServer *server = server_start(STEPS(SAYS(GOOD)));
  expect_ok("one", run(&w, 1, server, &err), &err);
  expect_ok("one more", run(&w, 2, server, &err), &err);
  expect_lines(&w, 2, 2);
  expect_error("one less", run(&w, 1, server, &err), &err, STATUS_USAGE,
               "out.jsonl|other questions|--force");
  w.o.way.seed = 1;
  expect_error("others", run(&w, 2, server, &err), &err, STATUS_USAGE, "other questions");
  w.o.way.seed = 0;
  w.o.force = true;
  expect_ok("replaced", run(&w, 1, server, &err), &err);
  expect_lines(&w, 1, 2);
  w.o.force = false;
  file_write(w.output, "my notes\n", 9, &err);
  expect_error("notes", run(&w, 2, server, &err), &err, STATUS_INPUT, "out.jsonl");
  w.o.output = strchr(w.input[0], '=') + 1;
  w.o.force = true;
  expect_error("data", run(&w, 1, server, &err), &err, STATUS_USAGE, "first");
  expect_requests(server, 2);
}

static void test_dry_runs_leave_no_trace(void **state) {
  World w;
  Error err;
  make_world(&w, *state);
  EndpointServer *server = server_start(STEPS(SAYS(GOOD)));
  w.o.dry_run = true;
  expect_ok("dry", run(&w, 2, server, &err), &err);
  expect_lines(&w, -1, -1);
  expect_requests(server, 0);
}

static void test_examples_stay_here(void **state) {
  World w;
  Error err = {0};
  make_world(&w, *state);
  w.text[0] = w.input[0];
  w.o.input = (TextList){w.text, 1};
  w.o.endpoint = "https://192.0.2.1/v1";
  expect_error("elsewhere", instruct_run(&w.o, &err), &err, STATUS_USAGE,
               "another machine|--share-examples");
  expect_lines(&w, -1, -1);
}

/* 0.0.0.0 leads here, too, and is no address of loopback. */
static void test_examples_are_shared(void **state) {
  World w;
  Error err = {0};
  char url[64];
  make_world(&w, *state);
  EndpointServer *server = server_start(STEPS(SAYS(GOOD)));
  snprintf(url, sizeof url, "http://0.0.0.0:%d/v1/", server_port(server));
  w.text[0] = w.input[0];
  w.o.input = (TextList){w.text, 1};
  w.o.endpoint = url;
  expect_error("not yet", instruct_run(&w.o, &err), &err, STATUS_USAGE, "0.0.0.0|--share-examples");
  assert_int_equal(server_requests(server), 0);
  w.o.share_examples = true;
  err = (Error){0};
  expect_ok("shared", instruct_run(&w.o, &err), &err);
  expect_lines(&w, 1, 1);
  assert_non_null(strstr(server_request(server, 0), "POST /v1/chat/completions "));
  w.o.share_examples = false; /* what is known is asked of nobody */
  remove(w.output);
  expect_ok("cached", instruct_run(&w.o, &err), &err);
  expect_requests(server, 1);
}

static void test_repeats(void **state) {
  World w;
  Error err;
  make_world(&w, *state);
  EndpointServer *server = server_start(STEPS(SAYS(GOOD), SAYS(OTHER), SAYS(OTHER), SAYS(GOOD)));
  w.o.repeat = 2;
  expect_ok("twice", run(&w, 2, server, &err), &err);
  expect_lines(&w, 4, 4);
  expect_requests(server, 4);
  /* The spread of two answers of three, and of a name with one of them none. */
  make_world(&w, *state);
  server = server_start(STEPS(SAYS(GOOD), SAYS("No."), SAYS("No."), SAYS("No."), SAYS(OTHER),
                              SAYS(GOOD), SAYS("No.")));
  w.o.repeat = 3;
  expect_error("some", run(&w, 2, server, &err), &err, STATUS_PARTIAL, "3 of 6 questions");
  expect_lines(&w, 3, 3);
  expect_requests(server, 12);
}

static void test_pools(void **state) {
  World w;
  Error err;
  make_world(&w, *state);
  PoolManifest m;
  T5 *model = pool_world(*state);
  EndpointServer *server = server_start(STEPS(SAYS(GOOD)));
  w.o.pool = w.pool;
  expect_error("no expert", run(&w, 1, server, &err), &err, STATUS_USAGE, "first");
  snprintf(w.input[0], sizeof w.input[0], "%s=%s", POOL_EXPERT[1].name,
           scratch_path(*state, "first"));
  expect_error("it has one", run(&w, 1, server, &err), &err, STATUS_USAGE,
               "has an instruction already|--replace");
  assert_int_equal(server_requests(server), 0);
  w.o.replace = true;
  expect_ok("replaced", run(&w, 1, server, &err), &err);
  expect_ok("the pool", manifest_read(&m, w.pool, &err), &err);
  assert_string_equal(m.entry[1].instruction, GOOD);
  assert_string_not_equal(m.entry[0].instruction, GOOD);
  manifest_free(&m);
  w.o.replace = false;
  expect_ok("again", run(&w, 1, server, &err), &err);
  expect_requests(server, 1);
  t5_close(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_asks_once),
      cmocka_unit_test(test_goes_on),
      cmocka_unit_test(test_misbehaviour_keeps_nothing),
      cmocka_unit_test(test_asks_again_for_a_better_answer),
      cmocka_unit_test(test_nothing_is_overwritten),
      cmocka_unit_test(test_dry_runs_leave_no_trace),
      cmocka_unit_test(test_examples_stay_here),
      cmocka_unit_test(test_examples_are_shared),
      cmocka_unit_test(test_repeats),
      cmocka_unit_test(test_pools),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
