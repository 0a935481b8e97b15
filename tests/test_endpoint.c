/* An endpoint that answers, and one that misbehaves in every way of a list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/net/endpoint.h"
#include "data/net/loopback.h"
#include "tests/endpoint_server.h"
#include "tests/scratch.h"

#define STEPS(...) \
  (const ServerStep[]){__VA_ARGS__}, sizeof((ServerStep[]){__VA_ARGS__}) / sizeof(ServerStep)

static const char FINE[] = "{\"fine\": true}";

/* What a question to a server of these steps came to. */
typedef struct Asked {
  Status status;
  Error err;
  int requests;
  char first[4096]; /* the first request */
  int told;         /* lines of what is tried again */
} Asked;

static void count_told(void *arg, const char *line) {
  assert_non_null(strstr(line, "; again in "));
  ++*(int *)arg;
}

static Asked ask_with(EndpointSpec spec, size_t most, const ServerStep *step, size_t steps) {
  Asked a = {0};
  Endpoint *e;
  JsonDoc answer = {0};
  EndpointServer *s = server_start(step, (int)steps);
  json_t *body = json_pack("{s:s}", "question", "why?");
  spec.url = server_url(s);
  spec.model = "m";
  spec.tell = count_told;
  spec.arg = &a.told;
  expect_ok("opening", endpoint_open(&e, &spec, &a.err), &a.err);
  a.status = endpoint_post(e, REACH_LOOPBACK, "chat/completions", body, most, &answer, &a.err);
  if (a.status == STATUS_OK) assert_true(json_is_true(json_object_get(answer.root, "fine")));
  if (a.status != STATUS_OK) assert_null(answer.root);
  json_free(&answer);
  endpoint_close(e);
  a.requests = server_requests(s);
  if (a.requests > 0) snprintf(a.first, sizeof a.first, "%s", server_request(s, 0));
  server_stop(s);
  json_decref(body);
  return a;
}

static Asked ask(const ServerStep *step, size_t steps) {
  return ask_with((EndpointSpec){.seconds = 0.4, .tries = 3, .pause = 0.01}, 1 << 20, step, steps);
}

static void expect_asked(const char *what, const Asked *a, Status want, const char *words,
                         int requests) {
  if (want == STATUS_OK) {
    expect_ok(what, a->status, &a->err);
  } else {
    expect_error(what, a->status, &a->err, want, words);
  }
  if (a->requests != requests) fail_msg("%s: %d requests, want %d", what, a->requests, requests);
}

static void test_answers(void **state) {
  (void)state;
  setenv("SKEIN_TEST_KEY", "sk-secret-1", 1);
  EndpointSpec spec = {.key_env = "SKEIN_TEST_KEY"};
  Asked a = ask_with(spec, 1 << 20, STEPS({SERVE_TEXT, 200, FINE, NULL}));
  expect_asked("an answer", &a, STATUS_OK, "", 1);
  assert_non_null(strstr(a.first, "POST /v1/chat/completions HTTP/1.1\r\n"));
  assert_non_null(strstr(a.first, "\r\nAuthorization: Bearer sk-secret-1\r\n"));
  assert_non_null(strstr(a.first, "\r\nContent-Type: application/json\r\n"));
  assert_non_null(strstr(a.first, "\r\n\r\n{\"question\":\"why?\"}"));
}

static void test_what_passes_is_tried_again(void **state) {
  (void)state;
  Asked a = ask(STEPS({SERVE_TEXT, 500, "oh", NULL}, {SERVE_CLOSE, 0, NULL, NULL},
                      {SERVE_TEXT, 200, FINE, NULL}));
  expect_asked("500, closed, fine", &a, STATUS_OK, "", 3);
  assert_int_equal(a.told, 2);
  a = ask(STEPS({SERVE_HALF, 0, FINE, NULL}, {SERVE_HANG, 0, NULL, NULL},
                {SERVE_TEXT, 200, FINE, NULL}));
  expect_asked("half, hanging, fine", &a, STATUS_OK, "", 3);
  a = ask(STEPS({SERVE_TEXT, 429, "{\"error\": {\"message\": \"slowly\"}}", "Retry-After: 1\r\n"},
                {SERVE_TEXT, 200, FINE, NULL}));
  expect_asked("429, fine", &a, STATUS_OK, "", 2);
}

static void test_what_stays_wrong(void **state) {
  (void)state;
  Asked a = ask(STEPS({SERVE_TEXT, 503, "{\"message\": \"full\"}", NULL}));
  expect_asked("503", &a, STATUS_ENDPOINT, "answers 503: full|tried 3 times", 3);
  a = ask(STEPS({SERVE_CLOSE, 0, NULL, NULL}));
  expect_asked("closing", &a, STATUS_ENDPOINT, "Empty reply|tried 3 times", 3);
  a = ask(STEPS({SERVE_HALF, 0, FINE, NULL}));
  expect_asked("halves", &a, STATUS_ENDPOINT, "tried 3 times", 3);
  a = ask(STEPS({SERVE_HANG, 0, NULL, NULL}));
  expect_asked("hanging", &a, STATUS_ENDPOINT, "timed out|tried 3 times", 3);
  a = ask(STEPS({SERVE_DRIP, 0, NULL, NULL}));
  expect_asked("dripping", &a, STATUS_ENDPOINT, "timed out|tried 3 times", 3);
}

static void test_what_is_not_tried_again(void **state) {
  (void)state;
  Asked a = ask(STEPS({SERVE_TEXT, 401, "{\"error\": \"no key\"}", NULL}));
  expect_asked("401", &a, STATUS_ENDPOINT, "answers 401: no key", 1);
  a = ask(STEPS({SERVE_TEXT, 404, "nothing here", NULL}));
  expect_asked("404", &a, STATUS_ENDPOINT, "answers 404; want the URL|/v1", 1);
  a = ask(STEPS({SERVE_TEXT, 429, "", "Retry-After: 3600\r\n"}));
  expect_asked("an hour", &a, STATUS_ENDPOINT, "answers 429|3600 seconds", 1);
  a = ask(STEPS({SERVE_TEXT, 302, "", "Location: http://192.0.2.1/v1\r\n"}));
  expect_asked("a redirect", &a, STATUS_ENDPOINT, "answers 302|leads elsewhere", 1);
  a = ask(STEPS({SERVE_LONG, 0, NULL, NULL}));
  expect_asked("a long answer", &a, STATUS_ENDPOINT, "longer than 1048576 bytes", 1);
  a = ask(STEPS({SERVE_TEXT, 200, "{\"fine\": tru", NULL}));
  expect_asked("wrong JSON", &a, STATUS_ENDPOINT, "no JSON object", 1);
  a = ask(STEPS({SERVE_TEXT, 200, "[1]", NULL}));
  expect_asked("a list", &a, STATUS_ENDPOINT, "no JSON object|an array", 1);
}

static void test_the_key_is_in_no_message(void **state) {
  (void)state;
  setenv("SKEIN_TEST_KEY", "sk-secret-1", 1);
  EndpointSpec spec = {.key_env = "SKEIN_TEST_KEY"};
  Asked a =
      ask_with(spec, 1 << 20,
               STEPS({SERVE_TEXT, 401, "{\"error\": \"bad sk-secret-1, sk-secret-1!\"}", NULL}));
  expect_asked("the key", &a, STATUS_ENDPOINT, "bad ***********, ***********!", 1);
  assert_null(strstr(a.err.text, "secret"));
}

static volatile sig_atomic_t stopped = 1;

static void test_interrupted(void **state) {
  (void)state;
  EndpointSpec spec = {.stop = &stopped};
  Asked a = ask_with(spec, 1 << 20, STEPS({SERVE_HANG, 0, NULL, NULL}));
  expect_error("interrupted", a.status, &a.err, STATUS_INTERRUPTED, "interrupted");
}

static Status open_url(const char *url, const char *key_env, Error *err) {
  Endpoint *e;
  EndpointSpec spec = {.url = url, .model = "m", .key_env = key_env};
  *err = (Error){0};
  Status status = endpoint_open(&e, &spec, err);
  endpoint_close(e);
  return status;
}

static void test_refused_settings(void **state) {
  (void)state;
  Error err;
  static const char *const WRONG[][2] = {
      {"http://me:word@127.0.0.1/v1", "password"}, {"http://127.0.0.1/v1?key=1", "query"},
      {"ftp://127.0.0.1/", "http:// or https://"}, {"file:///etc/passwd", "http:// or https://"},
      {"127.0.0.1:80", "--endpoint: is no URL"},   {"", "no URL"},
  };
  for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++)
    expect_error(WRONG[i][0], open_url(WRONG[i][0], NULL, &err), &err, STATUS_USAGE, WRONG[i][1]);
  unsetenv("SKEIN_TEST_KEY");
  expect_error("no key", open_url("http://127.0.0.1/", "SKEIN_TEST_KEY", &err), &err, STATUS_USAGE,
               "--key-env: the variable 'SKEIN_TEST_KEY' of the environment is not set");
  setenv("SKEIN_TEST_KEY", "a\r\nX: b", 1);
  expect_error("a header", open_url("http://127.0.0.1/", "SKEIN_TEST_KEY", &err), &err,
               STATUS_USAGE, "no key has");
  /* Settings have other names than options. */
  const EndpointNames names = {"query.url", "query.model", "query.key_env"};
  EndpointSpec spec = {.url = "nowhere", .model = "m", .names = &names};
  Endpoint *e;
  err = (Error){0};
  expect_error("a setting", endpoint_open(&e, &spec, &err), &err, STATUS_USAGE,
               "query.url: is no URL");
  spec.model = NULL;
  err = (Error){0};
  expect_error("a model", endpoint_open(&e, &spec, &err), &err, STATUS_USAGE,
               "query.model: is missing");
}

/* The address counts, not the name; and a proxy would take what is for this machine alone. */
static void test_loopback_alone(void **state) {
  (void)state;
  HttpClient *c;
  HttpAnswer answer;
  Error err = {0};
  HttpRequest r = {.url = "http://192.0.2.1:9/",
                   .body = "{}",
                   .loopback_only = true,
                   .connect_seconds = 2,
                   .total_seconds = 2,
                   .most = 100};
  expect_ok("opening", http_open(&c, &err), &err);
  expect_error("elsewhere", http_post(c, &r, &answer, &err), &err, STATUS_ENDPOINT,
               "none of this machine's loopback");
  assert_false(answer.passing);
  http_close(c);
  setenv("http_proxy", "http://192.0.2.1:9", 1);
  Asked a = ask(STEPS({SERVE_TEXT, 200, FINE, NULL}));
  unsetenv("http_proxy");
  expect_asked("no proxy", &a, STATUS_OK, "", 1);
}

static void test_places(void **state) {
  (void)state;
  Error err = {0};
  HttpPlace place;
  static const char *const NEAR[] = {"http://127.0.0.1:8080/v1", "http://127.9.9.9",
                                     "http://[::1]:80/", "http://[::ffff:127.0.0.1]/"};
  static const char *const FAR[] = {"http://192.0.2.1", "https://[2001:db8::1]/v1",
                                    "http://0.0.0.0/", "http://[::ffff:192.0.2.1]/"};
  for (size_t i = 0; i < sizeof NEAR / sizeof *NEAR; i++) {
    expect_ok(NEAR[i], http_place(NEAR[i], "url", &place, &err), &err);
    if (!place.loopback) fail_msg("%s: is loopback", NEAR[i]);
  }
  for (size_t i = 0; i < sizeof FAR / sizeof *FAR; i++) {
    expect_ok(FAR[i], http_place(FAR[i], "url", &place, &err), &err);
    if (place.loopback) fail_msg("%s: is no loopback", FAR[i]);
  }
  setenv("https_proxy", "http://me:word@proxy.example:3128", 1);
  expect_ok("a proxy", http_place("https://192.0.2.1/", "url", &place, &err), &err);
  unsetenv("https_proxy");
  assert_string_equal(place.proxy, "proxy.example:3128");
  assert_true(place.secret);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_answers),
      cmocka_unit_test(test_what_passes_is_tried_again),
      cmocka_unit_test(test_what_stays_wrong),
      cmocka_unit_test(test_what_is_not_tried_again),
      cmocka_unit_test(test_the_key_is_in_no_message),
      cmocka_unit_test(test_interrupted),
      cmocka_unit_test(test_refused_settings),
      cmocka_unit_test(test_loopback_alone),
      cmocka_unit_test(test_places),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
