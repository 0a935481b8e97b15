/* Lines of JSONL as examples: what is read, what is cut, what is refused. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <cmocka.h>

#include "data/examples/examples.h"
#include "data/file/file.h"
#include "tests/corpus.h"
#include "tests/scratch.h"
#include "tests/testing.h"

static const ExampleKeys KEYS = {.input = "input", .target = "target"};
static const ExampleKeys RAW_KEYS = {.input = "input", .target = "target", .text = "text"};

static ExampleSet *open_text(Scratch *s, const Tokenizer *t, const char *text,
                             const ExampleKeys *keys) {
  Error err = {0};
  ExampleSet *set;
  const char *path = scratch_write(s, "data.jsonl", text, strlen(text));
  expect_ok(text, examples_open(&set, path, keys, t, 512, 512, &err), &err);
  return set;
}

static void assert_ids(const int32_t *ids, int64_t count, const json_t *want) {
  assert_int_equal(count, json_array_size(want));
  for (int64_t i = 0; i < count; i++) {
    assert_int_equal(ids[i], json_integer_value(json_array_get(want, (size_t)i)));
  }
}

/* `ids` are those of the text, and EOS. */
static void assert_text(const Tokenizer *t, const int32_t *ids, int64_t count, const char *text) {
  int32_t *want;
  int64_t n;
  Error err = {0};
  expect_ok(text, tokenizer_encode(t, text, strlen(text), &want, &n, &err), &err);
  assert_int_equal(count, n + 1);
  assert_memory_equal(ids, want, (size_t)n * sizeof *want);
  assert_int_equal(ids[n], tokenizer_eos(t));
  free(want);
}

static void assert_example(const ExampleSet *set, const Tokenizer *t, int64_t i, const char *input,
                           const char *target) {
  Example e;
  Error err = {0};
  expect_ok("get", examples_get(set, i, &e, &err), &err);
  assert_text(t, e.input, e.input_len, input);
  assert_text(t, e.target, e.target_len, target);
  example_free(&e);
}

/* The rows that transformers gives with truncation=True. */
static void cutting_keeps_eos_as_transformers_does(void **state) {
  (void)state;
  json_t *golden = golden_json("tokenizer/expected.json");
  const json_t *cut = json_object_get(golden, "truncated"), *rows = json_object_get(cut, "rows");
  char *model = golden_path("tokenizer/nfkc"), *path = golden_path("tokenizer/truncated.jsonl");
  Tokenizer *t;
  ExampleSet *set;
  Error err = {0};
  expect_ok("tokenizer", tokenizer_open(&t, model, &err), &err);
  expect_ok(
      "examples",
      examples_open(&set, path, &KEYS, t, json_integer_value(json_object_get(cut, "max_input")),
                    json_integer_value(json_object_get(cut, "max_target")), &err),
      &err);
  assert_int_equal(examples_count(set), json_array_size(rows));
  for (int64_t i = 0; i < examples_count(set); i++) {
    const json_t *row = json_array_get(rows, (size_t)i);
    Example e;
    expect_ok("get", examples_get(set, i, &e, &err), &err);
    assert_ids(e.input, e.input_len, json_object_get(row, "input"));
    assert_ids(e.target, e.target_len, json_object_get(row, "target"));
    example_free(&e);
  }
  examples_close(set);
  tokenizer_close(t);
  free(model);
  free(path);
  json_decref(golden);
}

static void the_shortest_limit_leaves_eos(void **state) {
  Scratch *s = *state;
  Tokenizer *t = corpus_tokenizer(s);
  static const char text[] = "{\"input\": \"a gate\", \"target\": \"a token\"}";
  const char *path = scratch_write(s, "data.jsonl", text, sizeof text - 1);
  Error err = {0};
  ExampleSet *set;
  Example e;
  expect_ok("open", examples_open(&set, path, &KEYS, t, 1, 2, &err), &err);
  expect_ok("get", examples_get(set, 0, &e, &err), &err);
  assert_int_equal(e.input_len, 1);
  assert_int_equal(e.input[0], 1);
  assert_int_equal(e.target_len, 2);
  assert_int_equal(e.target[1], 1);
  example_free(&e);
  examples_close(set);
  expect_error("zero", examples_open(&set, path, &KEYS, t, 0, 1, &err), &err, STATUS_USAGE,
               "maximum lengths");
  tokenizer_close(t);
}

static void keys_name_the_fields(void **state) {
  Scratch *s = *state;
  Tokenizer *t = corpus_tokenizer(s);
  ExampleSet *set = open_text(s, t,
                              "{\"input\": \"a gate\", \"target\": \"\", \"template\": [1, {}]}\n"
                              "\n  \n"
                              "{\"target\": \"wool\\n\\\"wool\\\"\", \"input\": \"caf\\u00e9\"}",
                              &KEYS);
  assert_int_equal(examples_count(set), 2);
  assert_example(set, t, 0, "a gate", "");
  assert_example(set, t, 1, "caf\xc3\xa9", "wool\n\"wool\"");
  examples_close(set);
  const ExampleKeys p3 = {.input = "inputs_pretokenized", .target = "targets_pretokenized"};
  set =
      open_text(s, t, "{\"inputs_pretokenized\": \"x\", \"targets_pretokenized\": \"y\"}\r\n", &p3);
  assert_example(set, t, 0, "x", "y");
  examples_close(set);
  set = open_text(s, t,
                  "{\"text\": \"a skein of wool\"}\n"
                  "{\"text\": \"not this\", \"input\": \"a gate\", \"target\": \"y\"}\n"
                  "{\"text\": \"this\", \"input\": null}\n",
                  &RAW_KEYS);
  assert_example(set, t, 0, "a skein of wool", "");
  assert_example(set, t, 1, "a gate", "y");
  assert_example(set, t, 2, "this", "");
  examples_close(set);
  tokenizer_close(t);
}

/* What other programs write around the texts. */
static void the_rest_of_a_line_is_its_own(void **state) {
  Scratch *s = *state;
  Tokenizer *t = corpus_tokenizer(s);
  ExampleSet *set = open_text(s, t,
                              "\xef\xbb\xbf{\"id\": 18446744073709551615, \"input\": \"a gate\", "
                              "\"target\": \"y\"}\r\n"
                              "{\"input\": \"this\", \"target\": \"1e400\", \"loss\": 1e400}\r\n",
                              &KEYS);
  assert_int_equal(examples_count(set), 2);
  assert_example(set, t, 0, "a gate", "y");
  assert_example(set, t, 1, "this", "1e400");
  examples_close(set);
  tokenizer_close(t);
}

static void bad_lines_are_found_at_once(void **state) {
  Scratch *s = *state;
  Tokenizer *t = corpus_tokenizer(s);
  static const char good[] = "{\"input\": \"a\", \"target\": \"b\"}\n";
  static const struct {
    const char *line, *words;
  } bad[] = {
      {"{\"input\": \"a\"}", "data.jsonl: line 3: target: is missing, want a string"},
      {"{\"inputs\": \"a\", \"targets\": \"b\"}",
       "line 3: input: is missing, want a string; it has inputs, targets"},
      {"{\"text\": \"a\"}", "line 3: input: is missing"},
      {"{\"input\": 4, \"target\": \"a\"}", "line 3: input: got an integer, want a string"},
      {"{\"input\": \"a\", \"target\": null}", "line 3: target: got null"},
      {"{\"input\": \"a\", \"target\": [\"b\"]}", "line 3: target: got an array"},
      {"[\"a\", \"b\"]", "line 3: got an array, want an object"},
      {"\"a\"", "line 3: got a string, want an object"},
      {"null", "line 3: got null, want an object"},
      {"{\"input\": \"a\", \"target\": \"b\"", "line 3: column|byte 59"},
      {"{\"input\": \"a\", \"target\": \"b\"} x", "line 3: column|byte"},
      {"{\"input\": \"a\", \"input\": \"c\", \"target\": \"b\"}", "line 3: column|duplicate"},
      {"{\"input\": \"\\u0000\", \"target\": \"b\"}", "line 3: column|\\u0000"},
      {"{\"input\": \"\\ud800\", \"target\": \"b\"}", "line 3: column"},
      {"{'input': 'a'}", "line 3: column"},
      {"{\"input\": \"\xff\", \"target\": \"b\"}", "line 3|byte 42"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char text[256];
    snprintf(text, sizeof text, "%s\n%s\n%s", good, bad[i].line, good);
    const char *path = scratch_write(s, "data.jsonl", text, strlen(text));
    ExampleSet *set;
    Error err = {0};
    expect_error(bad[i].line, examples_open(&set, path, &KEYS, t, 8, 8, &err), &err, STATUS_INPUT,
                 bad[i].words);
    assert_null(set);
    assert_int_equal(examples_open(&set, path, &KEYS, t, 8, 8, NULL), STATUS_INPUT);
  }
  tokenizer_close(t);
}

static int64_t built; /* pieces of memory that jansson has asked for */

static void *count_malloc(size_t size) {
  built++;
  return malloc(size);
}

/* Data is read twice, when it is opened and when it is used: what is plain costs little. */
static void plain_lines_are_checked_without_documents(void **state) {
  Scratch *s = *state;
  Tokenizer *t = corpus_tokenizer(s);
  static const char plain[] =
      "{\"idx\": [0, -1], \"inputs\": [3, 4, 5, 6, 7], \"options\": [\"x\", null], "
      "\"input\": \"a \\\"gate\\\"\\n\", \"target\": \"y\"}\n";
  static const char other[] = "{\"score\": 0.5, \"input\": \"a\", \"target\": \"\\u0062\"}\n";
  char text[1024];
  snprintf(text, sizeof text, "%s%s", plain, plain);
  built = 0;
  json_set_alloc_funcs(count_malloc, free);
  ExampleSet *set = open_text(s, t, text, &KEYS);
  json_set_alloc_funcs(malloc, free);
  assert_int_equal(built, 0);
  assert_example(set, t, 1, "a \"gate\"\n", "y");
  examples_close(set);
  snprintf(text, sizeof text, "%s%s", plain, other);
  set = open_text(s, t, text, &KEYS);
  assert_example(set, t, 0, "a \"gate\"\n", "y");
  assert_example(set, t, 1, "a", "b");
  examples_close(set);
  tokenizer_close(t);
}

static void no_examples_is_an_error(void **state) {
  Scratch *s = *state;
  Tokenizer *t = corpus_tokenizer(s);
  static const char *const texts[] = {"", "\n\n", " \t\n"};
  ExampleSet *set;
  for (int i = 0; i < 3; i++) {
    Error err = {0};
    const char *path = scratch_write(s, "data.jsonl", texts[i], strlen(texts[i]));
    expect_error("empty", examples_open(&set, path, &KEYS, t, 8, 8, &err), &err, STATUS_INPUT,
                 "data.jsonl: holds no examples");
  }
  Error err = {0};
  expect_error("missing", examples_open(&set, scratch_path(s, "none"), &KEYS, t, 8, 8, &err), &err,
               STATUS_INPUT, "none|No such file");
  tokenizer_close(t);
}

static void compressed_files_are_the_same(void **state) {
  Scratch *s = *state;
  Tokenizer *t = corpus_tokenizer(s);
  char text[4096] = "", packed[4096];
  for (size_t i = 0; i < CORPUS_COUNT; i++) {
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "{\"input\": \"%s\", \"target\": \"%zu\"}\n",
             CORPUS[i], i);
  }
  ExampleSet *plain = open_text(s, t, text, &KEYS), *set;
  size_t size = ZSTD_compress(packed, sizeof packed, text, strlen(text), 3);
  assert_false(ZSTD_isError(size));
  Error err = {0};
  const char *path = scratch_write(s, "data.jsonl.zst", packed, size);
  expect_ok("zstd", examples_open(&set, path, &KEYS, t, 512, 512, &err), &err);
  assert_int_equal(examples_count(set), CORPUS_COUNT);
  assert_string_equal(examples_hash(set), examples_hash(plain));
  for (size_t i = 0; i < CORPUS_COUNT; i++) {
    char target[24];
    snprintf(target, sizeof target, "%zu", i);
    assert_example(set, t, (int64_t)i, CORPUS[i], target);
  }
  examples_close(set);
  examples_close(plain);
  tokenizer_close(t);
}

static void a_tokenizer_comes_from_the_texts(void **state) {
  Scratch *s = *state;
  char text[4096] = "", data[PATH_MAX], *one, *two;
  size_t one_size, two_size;
  for (size_t i = 0; i < CORPUS_COUNT; i += 2) {
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "{\"input\": \"%s\", \"target\": \"%s\"}\n",
             CORPUS[i], CORPUS[i + 1]);
  }
  Error err = {0};
  strcpy(data, scratch_write(s, "data.jsonl", text, strlen(text)));
  const ExampleSource source = {&(SourceFile){data, 0}, 1, 0};
  Status made =
      examples_train_tokenizer(&source, &KEYS, CORPUS_PIECES, "n", scratch_path(s, "one"), &err);
  expect_ok("jsonl", made, &err);
  expect_ok("one", file_read(s->path, 1 << 24, &one, &one_size, &err), &err);
  corpus_train(scratch_path(s, "two"));
  expect_ok("two", file_read(s->path, 1 << 24, &two, &two_size, &err), &err);
  assert_int_equal(one_size, two_size);
  assert_memory_equal(one, two, one_size);
  free(one);
  free(two);
  scratch_write(s, "data.jsonl", "{\"input\": \"\", \"target\": \"\"}", 27);
  made = examples_train_tokenizer(&source, &KEYS, 99, "n", scratch_path(s, "x"), &err);
  expect_error("none", made, &err, STATUS_INPUT, "data.jsonl: holds no text");
  err = (Error){0};
  scratch_write(s, "data.jsonl", "{\"input\": \"\"}", 13);
  made = examples_train_tokenizer(&source, &KEYS, 99, "n", scratch_path(s, "x"), &err);
  expect_error("key", made, &err, STATUS_INPUT, "data.jsonl: line 1: target: is missing");
}

/* Every set of $SKEIN_DATA/t0 opens, and its examples can be had. */
static void real_data_can_be_read(void **state) {
  Scratch *s = *state;
  const char *root = getenv("SKEIN_DATA");
  if (!root) skip();
  char dir[PATH_MAX], path[PATH_MAX + 256];
  snprintf(dir, sizeof dir, "%s/t0", root);
  Tokenizer *t = corpus_tokenizer(s);
  DIR *d = opendir(dir);
  assert_non_null(d);
  int sets = 0;
  for (const struct dirent *entry; (entry = readdir(d));) {
    if (!strstr(entry->d_name, ".jsonl.zst")) continue;
    snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
    ExampleSet *set;
    Error err = {0};
    expect_ok(path, examples_open(&set, path, &KEYS, t, 512, 512, &err), &err);
    for (int64_t i = 0; i < examples_count(set); i += 7) {
      Example e;
      expect_ok(path, examples_get(set, i, &e, &err), &err);
      assert_true(e.input_len >= 1 && e.input_len <= 512);
      assert_true(e.target_len >= 1 && e.target_len <= 512);
      example_free(&e);
    }
    examples_close(set);
    sets++;
  }
  closedir(d);
  tokenizer_close(t);
  assert_true(sets > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cutting_keeps_eos_as_transformers_does),
      cmocka_unit_test(the_shortest_limit_leaves_eos),
      cmocka_unit_test(keys_name_the_fields),
      cmocka_unit_test(the_rest_of_a_line_is_its_own),
      cmocka_unit_test(bad_lines_are_found_at_once),
      cmocka_unit_test(plain_lines_are_checked_without_documents),
      cmocka_unit_test(no_examples_is_an_error),
      cmocka_unit_test(compressed_files_are_the_same),
      cmocka_unit_test(a_tokenizer_comes_from_the_texts),
      cmocka_unit_test(real_data_can_be_read),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
