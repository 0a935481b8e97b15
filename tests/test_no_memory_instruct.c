/* Instructions and endpoints without memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/instruct/instruct_ask.h"
#include "infer/instruct/instruct_prompt.h"
#include "infer/instruct/instructions.h"
#include "infer/instruct/query_writer.h"
#include "tests/items_world.h"
#include "tests/no_memory.h"

static Status use_question(const InstructSample *s, Error *err) {
  const InstructWay way = {.temperature = -1};
  char *prompt, hash[HASH_HEX];
  TRY(instruct_prompt(&prompt, "See {examples}", "the prompt", s, err));
  json_t *question = instruct_question("m", prompt, &way);
  free(prompt);
  if (!question) return error_set(err, STATUS_RUN, "out of memory: a question");
  Status status = instruct_question_hash("http://127.0.0.1/", question, hash, err);
  json_decref(question);
  return status;
}

static Status make_question(void *arg, Error *err) {
  InstructSample s;
  bool fit;
  char why[INSTRUCT_WHY];
  Status status = instruct_sample(&s, arg, 2, 1, 0, 100, err);
  if (status == STATUS_OK) status = use_question(&s, err);
  if (status == STATUS_OK) status = instruct_check("Say what it is.", &s, &fit, why, err);
  instruct_sample_free(&s);
  return status;
}

static Status rewrite_file(void *arg, Error *err) {
  Instructions i;
  TRY(instructions_read(&i, arg, err));
  Status status = instructions_write(&i, arg, err);
  instructions_free(&i);
  return status;
}

static Status open_endpoint(void *arg, Error *err) {
  const EndpointSpec spec = {.url = arg, .model = "m", .key_env = "SKEIN_TEST_KEY"};
  Endpoint *e;
  TRY(endpoint_open(&e, &spec, err));
  endpoint_close(e);
  return STATUS_OK;
}

/* The answer about an input, which a file has. */
static Status find_answer(void *arg, Error *err) {
  const QueryWriterSpec spec = {.endpoint = {.url = "http://127.0.0.1:1/v1", .model = "m"},
                                .pattern = "tests/golden/instruct/query.txt",
                                .kept = arg,
                                .way = {.temperature = -1}};
  QueryWriter *w;
  const char *text;
  TRY(query_writer_open(&w, &spec, err));
  Status status = query_writer_text(w, "t", "a small robot", &text, err);
  query_writer_close(w);
  return status;
}

static void test_instruct(void **state) {
  ItemsWorld *w = *state;
  const ItemKeys keys = items_for(w, ITEMS_ANSWERED);
  ItemSet *items = items_of(w, ITEMS_LINES, &keys,
                            "{\"input\": \"a b\", \"target\": \"c\"}\n"
                            "{\"input\": \"d e\", \"target\": \"f\"}\n");
  static const char line[] = "{\"name\": \"a\", \"instruction\": \"Say it.\"}\n";
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s", scratch_write(w->scratch, "i.jsonl", line, sizeof line - 1));
  setenv("SKEIN_TEST_KEY", "sk-1", 1);
  fail_each_allocation("a question", make_question, items, 20, 0);
  fail_each_allocation("a file", rewrite_file, path, 10, 0);
  fail_each_allocation("an endpoint", open_endpoint, (char[]){"http://127.0.0.1/"}, 5, 0);
  fail_each_allocation("a writer", find_answer, (char[]){"tests/golden/instruct/queries.jsonl"}, 30,
                       0);
  items_close(items);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_instruct, items_setup, items_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
