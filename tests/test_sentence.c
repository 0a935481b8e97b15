/* Encoders of sentences: ids and vectors of sentence-transformers; batches; names; refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/product/blas.h"
#include "data/tokenizer/tokenizer.h"
#include "infer/sentence/sentence_texts.h"
#include "tests/sentence_world.h"
#include "tests/testing.h"

enum { TEXTS = 5, DIM_MOST = 64 };

static Sentence *open_case(Scratch *s, const json_t *one) {
  Error err = {0};
  Sentence *sentence;
  const SentenceSettings settings = sentence_world_settings(one, s->dir);
  const char *name = json_string_value(json_object_get(one, "name"));
  expect_ok(name, sentence_open(&sentence, &settings, &err), &err);
  return sentence;
}

static void read_texts(const json_t *one, const char *text[TEXTS]) {
  const json_t *list = json_object_get(one, "texts");
  assert_int_equal(json_array_size(list), TEXTS);
  for (size_t i = 0; i < TEXTS; i++) text[i] = json_string_value(json_array_get(list, i));
}

static void read_vectors(const json_t *one, int64_t dim, float *out) {
  const json_t *rows = json_object_get(one, "vectors");
  for (size_t i = 0; i < TEXTS; i++) {
    const json_t *row = json_array_get(rows, i);
    assert_int_equal(json_array_size(row), dim);
    for (size_t k = 0; k < (size_t)dim; k++)
      *out++ = (float)json_real_value(json_array_get(row, k));
  }
}

static void embed(Sentence *s, const char *const *text, int64_t count, float *out) {
  Error err = {0};
  int64_t failed;
  expect_ok(text[0], sentence_embed(s, text, count, out, &failed, &err), &err);
}

/* A text's vector does not depend on those beside it, to the bit. */
static void check_alone(Sentence *s, const char *const *text, const float *together) {
  float alone[DIM_MOST];
  for (int64_t i = 0; i < TEXTS; i++) {
    embed(s, &text[i], 1, alone);
    assert_memory_equal(alone, together + i * sentence_dim(s),
                        (size_t)sentence_dim(s) * sizeof *alone);
  }
}

static void vectors_are_those_of_sentence_transformers(void **state) {
  json_t *golden = golden_json("sentence/expected.json"), *one;
  Comparison c = compare_begin(1e-5, "vectors of sentences");
  size_t i;
  json_array_foreach(json_object_get(golden, "cases"), i, one) {
    float got[TEXTS * DIM_MOST], want[TEXTS * DIM_MOST];
    const char *text[TEXTS];
    sentence_world_write(*state, one, NULL);
    Sentence *s = open_case(*state, one);
    assert_in_range(sentence_dim(s), 1, DIM_MOST);
    read_texts(one, text);
    read_vectors(one, sentence_dim(s), want);
    embed(s, text, TEXTS, got);
    compare(&c, json_string_value(json_object_get(one, "name")), got, want,
            TEXTS * sentence_dim(s));
    check_alone(s, text, got);
    sentence_close(s);
  }
  compare_end(&c);
  json_decref(golden);
}

static void check_decoded(const Tokenizer *t, const SentenceTexts *texts, size_t k,
                          const json_t *want) {
  Error err = {0};
  char *text;
  expect_ok("decode", tokenizer_decode(t, texts->ids[k], texts->tokens[k], &text, &err), &err);
  assert_string_equal(text, json_string_value(want));
  free(text);
}

static void ids_are_those_of_sentence_transformers(void **state) {
  const Scratch *scratch = *state;
  json_t *golden = golden_json("sentence/expected.json"), *one;
  size_t i;
  json_array_foreach(json_object_get(golden, "cases"), i, one) {
    const char *text[TEXTS], *prefix = json_string_value(json_object_get(one, "prefix"));
    if (json_object_get(json_object_get(one, "files"), "config_sentence_transformers.json") ||
        json_object_get(json_object_get(one, "files"), "tokenizer_config.json"))
      continue; /* seen in the vectors */
    bool small = json_object_get(json_object_get(one, "files"), "sentence_bert_config.json");
    Error err = {0};
    Tokenizer *t;
    int64_t failed;
    sentence_world_write(*state, one, NULL);
    expect_ok(scratch->dir, tokenizer_open(&t, scratch->dir, &err), &err);
    read_texts(one, text);
    SentenceTexts texts = {.tokenizer = t,
                           .prefix = prefix ? prefix : "",
                           .longest = small ? 9 : 48,
                           .text = text,
                           .count = TEXTS};
    expect_ok("ids", sentence_texts_read(&texts, 2, &failed, &err), &err);
    assert_int_equal(texts.cut, small ? 3 : 0);
    for (size_t k = 0; k < TEXTS; k++) {
      const json_t *want = json_array_get(json_object_get(one, "ids"), k);
      assert_int_equal(texts.tokens[k], json_array_size(want));
      for (size_t j = 0; j < json_array_size(want); j++)
        assert_int_equal(texts.ids[k][j], json_integer_value(json_array_get(want, j)));
    }
    for (size_t k = 0; k < TEXTS; k++)
      check_decoded(t, &texts, k, json_array_get(json_object_get(one, "decoded"), k));
    sentence_texts_free(&texts);
    tokenizer_close(t);
  }
  json_decref(golden);
}

/* nomic-bert by its own names and by those of transformers is one model. */
static void both_layouts_of_nomic_bert_are_read(void **state) {
  json_t *golden = golden_json("sentence/expected.json");
  const json_t *one = sentence_world_case(golden, "nomic resized");
  float got[2][TEXTS * DIM_MOST];
  const char *text[TEXTS];
  read_texts(one, text);
  for (int i = 0; i < 2; i++) {
    sentence_world_write(*state, one, i ? "contrastors" : "nomic");
    Sentence *s = open_case(*state, one);
    embed(s, text, TEXTS, got[i]);
    sentence_close(s);
  }
  assert_memory_equal(got[0], got[1], TEXTS * 6 * sizeof(float));
  json_decref(golden);
}

static void what_changes_vectors_changes_the_fingerprint(void **state) {
  static const struct {
    const char *name, *prefix;
    int64_t dimensions;
  } WAYS[] = {{"mean_tokens", NULL, 0},    {"mean_tokens", "query: ", 0},
              {"mean_tokens", "the ", 0},  {"mean_tokens", NULL, 8},
              {"cls_token", NULL, 0},      {"short", NULL, 0},
              {"half precision", NULL, 0}, {"normalised and cut", NULL, 0},
              {"lower case", NULL, 0},     {"dense", NULL, 0},
              {"several", NULL, 0}};
  enum { COUNT = sizeof WAYS / sizeof *WAYS };
  json_t *golden = golden_json("sentence/expected.json");
  char seen[COUNT][HASH_HEX];
  const Scratch *scratch = *state;
  for (int i = 0; i < COUNT; i++) {
    Error err = {0};
    Sentence *s;
    const SentenceSettings settings = {.dir = scratch->dir,
                                       .prefix = WAYS[i].prefix,
                                       .dimensions = WAYS[i].dimensions,
                                       .threads = 1};
    sentence_world_write(*state, sentence_world_case(golden, WAYS[i].name), NULL);
    expect_ok(WAYS[i].name, sentence_open(&s, &settings, &err), &err);
    memcpy(seen[i], sentence_fingerprint(s), HASH_HEX);
    for (int k = 0; k < i; k++) assert_string_not_equal(seen[i], seen[k]);
    sentence_close(s);
  }
  json_decref(golden);
}

/* A model that has prompts, or is always trained with prefixes, says so where none is set. */
static void a_missing_prefix_is_told(void **state) {
  json_t *golden = golden_json("sentence/expected.json");
  static const struct {
    const char *name, *prefix, *words;
  } CASES[] = {{"nomic", "", NULL},
               {"nomic", "query: ", NULL},
               {"mean_tokens", NULL, NULL},
               {"nomic", NULL, "search_query"}};
  const Scratch *scratch = *state;
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    Error err = {0};
    Sentence *s;
    const SentenceSettings settings = {
        .dir = scratch->dir, .prefix = CASES[i].prefix, .threads = 1};
    sentence_world_write(*state, sentence_world_case(golden, CASES[i].name), NULL);
    expect_ok(CASES[i].name, sentence_open(&s, &settings, &err), &err);
    if (!CASES[i].words) assert_null(sentence_note(s));
    if (CASES[i].words) assert_non_null(strstr(sentence_note(s), CASES[i].words));
    sentence_close(s);
  }
  json_decref(golden);
}

static void texts_that_cannot_be_embedded_are_named(void **state) {
  json_t *golden = golden_json("sentence/expected.json");
  const json_t *one = sentence_world_case(golden, "prefix");
  static const char *const texts[][3] = {{"a", "", "b"}, {"a", "b", " \t "}, {"\xff", "a", "b"}};
  static const int64_t wrong[] = {1, 2, 0};
  float out[3 * DIM_MOST];
  sentence_world_write(*state, one, NULL);
  Sentence *s = open_case(*state, one);
  for (int i = 0; i < 3; i++) {
    Error err = {0};
    int64_t failed;
    expect_error("text", sentence_embed(s, texts[i], 3, out, &failed, &err), &err, STATUS_INPUT,
                 i < 2 ? "no content" : "UTF-8");
    assert_int_equal(failed, wrong[i]);
  }
  sentence_close(s);
  json_decref(golden);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(vectors_are_those_of_sentence_transformers),
      cmocka_unit_test(ids_are_those_of_sentence_transformers),
      cmocka_unit_test(both_layouts_of_nomic_bert_are_read),
      cmocka_unit_test(what_changes_vectors_changes_the_fingerprint),
      cmocka_unit_test(a_missing_prefix_is_told),
      cmocka_unit_test(texts_that_cannot_be_embedded_are_named),
  };
  blas_init();
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
