/* Embeddings by an endpoint: texts in batches, answers that are wrong, and data that stay here. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/embed/embed_cosine.h"
#include "tests/endpoint_server.h"
#include "tests/glider_world.h"
#include "tools/cmd/commands.h"

#define STEPS(...) \
  (const ServerStep[]){__VA_ARGS__}, sizeof((ServerStep[]){__VA_ARGS__}) / sizeof(ServerStep)
#define GOOD \
  { SERVE_EMBED, 0, NULL, NULL }

enum { DIM = 3 }; /* of the server's vectors: length, first character, 1 */

static Status open_at(Embedder **e, const char *url, bool share, Error *err) {
  const EmbedderSpec spec = {
      .kind = EMBEDDER_ENDPOINT,
      .endpoint = {.url = url, .model = "nomic:v1", .tries = 1, .seconds = 2},
      .share_data = share};
  *err = (Error){0};
  return embedder_open(e, &spec, err);
}

static void test_batches(void **state) {
  (void)state;
  enum { TEXTS = EMBED_BATCH + 3 };
  Error err;
  Embedder *e;
  char word[TEXTS][TEXTS + 2];
  EmbedText text[TEXTS];
  float v[TEXTS * DIM];
  int failed;
  EndpointServer *server = server_start(STEPS(GOOD));
  for (int i = 0; i < TEXTS; i++) {
    memset(word[i], 'a' + i % 26, (size_t)i + 1);
    word[i][i + 1] = '\0';
    text[i] = (EmbedText){NULL, word[i]};
  }
  expect_ok("opening", open_at(&e, server_url(server), false, &err), &err);
  assert_string_equal(embedder_name(e), "endpoint-1-nomic:v1");
  assert_int_equal(embedder_dim(e), DIM);
  expect_ok("all", embedder_embed_all(e, EMBED_DATA, text, TEXTS, v, &failed, &err), &err);
  for (int i = 0; i < TEXTS; i++) {
    assert_int_equal((int)v[i * DIM], i + 1);
    assert_int_equal((int)v[i * DIM + 1], 'a' + i % 26);
  }
  assert_int_equal(server_requests(server), 3); /* the dimension, and two batches */
  assert_non_null(strstr(server_request(server, 1), "POST /v1/embeddings "));
  assert_non_null(strstr(server_request(server, 2), "\"model\":\"nomic:v1\""));
  expect_error("blank", embedder_embed(e, NULL, " \n", v, &err), &err, STATUS_INPUT, "no content");
  embedder_close(e);
  server_stop(server);
}

static void test_wrong_answers(void **state) {
  (void)state;
  static const char *const WRONG[][2] = {
      {"{\"data\": 3}", "an integer"},
      {"{\"data\": []}", "a list of 1"},
      {"{\"data\": [{\"index\": 1, \"embedding\": [1, 2, 3]}]}", "index 0"},
      {"{\"data\": [{\"index\": 0, \"embedding\": \"AAAA\"}]}", "index 0"},
      {"{\"data\": [{\"index\": 0, \"embedding\": [1, 2]}]}", "2 numbers, others have 3"},
      {"{\"data\": [{\"index\": 0, \"embedding\": [1, null, 2]}]}", "[1] is null"},
      {"{\"data\": [{\"index\": 0, \"embedding\": [1, 1e39, 2]}]}", "[1] is a number"},
      {"{\"data\": [{\"index\": 0, \"embedding\": [0, 0, 0]}]}", "of zeros"},
      {"nothing", "no JSON"},
  };
  for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
    Error err;
    Embedder *e;
    float v[DIM];
    EndpointServer *server = server_start(STEPS(GOOD, {SERVE_TEXT, 200, WRONG[i][0], NULL}));
    expect_ok("opening", open_at(&e, server_url(server), false, &err), &err);
    expect_error(WRONG[i][0], embedder_embed(e, NULL, "a map", v, &err), &err, STATUS_ENDPOINT,
                 WRONG[i][1]);
    embedder_close(e);
    server_stop(server);
  }
}

/* 0.0.0.0 leads here, too, and is no address of loopback. */
static void test_data_stay_here(void **state) {
  (void)state;
  for (int share = 0; share < 2; share++) {
    Error err;
    Embedder *e;
    char url[64];
    float v[DIM];
    int failed;
    const EmbedText text = {NULL, "a map"};
    EndpointServer *server = server_start(STEPS(GOOD));
    snprintf(url, sizeof url, "http://0.0.0.0:%d/v1", server_port(server));
    expect_ok("opening", open_at(&e, url, share, &err), &err);
    expect_ok("an instruction", embedder_embed(e, NULL, "Say it.", v, &err), &err);
    Status status = embedder_embed_all(e, EMBED_DATA, &text, 1, v, &failed, &err);
    if (share) expect_ok("shared", status, &err);
    if (!share)
      expect_error("data", status, &err, STATUS_USAGE, "0.0.0.0|another machine|share_inputs");
    assert_int_equal(server_requests(server), 2 + share);
    embedder_close(e);
    server_stop(server);
  }
}

static double cosine_with(const char *text, const char *query) {
  const float a[] = {(float)strlen(text), (float)text[0], 1};
  const float b[] = {(float)strlen(query), (float)query[0], 1};
  return embed_dot(a, b, DIM) / (embed_norm(a, DIM) * embed_norm(b, DIM));
}

/* What a router makes of it, with the experts' vectors made on the way and read from a file. */
static void test_routing(void **state) {
  Error err = {0};
  GliderWorld w = glider_world(*state, NULL);
  GliderMixing s = glider_mixing(1);
  EndpointServer *server = server_start(STEPS(GOOD));
  char pool[128], url[64];
  snprintf(pool, sizeof pool, "%s/pool", ((Scratch *)*state)->dir);
  snprintf(url, sizeof url, "%s", server_url(server));
  s.global.embedder = EMBEDDER_ENDPOINT;
  s.global.endpoint_url = url;
  s.global.endpoint_model = (char[]){"nomic:v1"};
  static const char query[] = "A question about sorting things.";
  for (int from_file = 0; from_file < 2; from_file++) {
    float bias[GLIDER_EXPERTS];
    GlobalRouter *g = glider_open(&w, &s);
    glider_bias_of(&w, g, &s, (RouteQuery){.instruction = query, .input = "unread"}, bias);
    for (int i = 0; i < GLIDER_EXPERTS; i++) {
      double want = cosine_with(pool_entry(w.pool, i)->instruction, query);
      if (fabs((double)bias[i] - want) > 1e-5)
        fail_msg("expert %d: %g, want %g", i, (double)bias[i], want);
    }
    global_router_close(g);
    if (from_file) break;
    char *argv[] = {"embed", pool, "--endpoint", url, "--model", "nomic:v1", NULL};
    expect_ok("skein embed", (Status)command_embed.run(6, argv, &err), &err);
  }
  /* dimension, experts, query; dimension, experts; dimension, query */
  assert_int_equal(server_requests(server), 7);
  server_stop(server);
  glider_world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_batches),
      cmocka_unit_test(test_wrong_answers),
      cmocka_unit_test(test_data_stay_here),
      cmocka_unit_test_setup_teardown(test_routing, scratch_setup, scratch_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
