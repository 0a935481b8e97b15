/* Files of vectors: what is written is read, what others write is read, and every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/tensors/safetensors.h"
#include "infer/embed/embed.h"
#include "tests/scratch.h"

static void what_is_written_is_read(void **state) {
  Error err = {0};
  Embeddings e, back;
  const char *path = scratch_path(*state, "e.safetensors");
  expect_ok("new", embeddings_new(&e, "org/model:v1 \"2\"", 2, 3, &err), &err);
  e.name[0] = strdup("z/0");
  e.name[1] = strdup("na\xc3\xafve \"name\"");
  for (int i = 0; i < 6; i++) e.vector[i] = 1.5f - (float)i;
  expect_ok("write", embeddings_write(&e, path, &err), &err);
  expect_ok("read", embeddings_read(&back, path, &err), &err);
  assert_string_equal(back.embedder, e.embedder);
  assert_int_equal(back.count, 2);
  assert_int_equal(back.dim, 3);
  assert_null(back.text);
  for (int i = 0; i < 2; i++) assert_string_equal(back.name[i], e.name[i]);
  assert_memory_equal(back.vector, e.vector, 6 * sizeof(float));
  assert_int_equal(embeddings_find(&back, "z/0"), 0);
  assert_int_equal(embeddings_find(&back, "z"), -1);
  embeddings_free(&back);
  assert_non_null(e.text = calloc(2, sizeof *e.text));
  expect_ok("hash", embed_text_hash("abc", e.text[1], &err), &err);
  expect_ok("write", embeddings_write(&e, path, &err), &err);
  expect_ok("import", embeddings_import(&back, path, NULL, &err), &err);
  assert_string_equal(back.text[0], "");
  assert_string_equal(back.text[1],
                      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  embeddings_free(&back);
  embeddings_free(&e);
}

static void the_file_is_named_after_the_embedder(void **state) {
  (void)state;
  char *a = embeddings_path("p", "org/model:v1", false), *b = embeddings_path("p", ".x", true);
  assert_string_equal(a, "p/./embeddings/org_model_v1.safetensors");
  assert_string_equal(b, "p/./embeddings/examples-_x.safetensors");
  free(a);
  free(b);
}

/* ---- files of others ---- */

static void expect_vectors(const Embeddings *e, const char *embedder) {
  assert_string_equal(e->embedder, embedder);
  assert_int_equal(e->count, 2);
  assert_int_equal(e->dim, 2);
  int64_t a = embeddings_find(e, "a"), b = embeddings_find(e, "b");
  assert_true(a >= 0 && b >= 0);
  assert_true(e->vector[2 * a] == 1 && e->vector[2 * a + 1] == -2);
  assert_true(e->vector[2 * b] == 0.5f && e->vector[2 * b + 1] == 4);
}

static const char *write_json(Scratch *s, const char *text) {
  return scratch_write(s, "v.json", text, strlen(text));
}

static void json_is_read(void **state) {
  Error err = {0};
  Embeddings e;
  const char *path = write_json(*state, "{\"a\": [1, -2.0], \"b\": [5e-1, 4]}");
  char hash[HASH_HEX], name[64];
  expect_ok("hash", hash_file(path, hash, &err), &err);
  snprintf(name, sizeof name, "precomputed-%.12s", hash);
  expect_ok("plain", embeddings_import(&e, path, NULL, &err), &err);
  expect_vectors(&e, name);
  embeddings_free(&e);
  expect_ok("said", embeddings_import(&e, path, "nomic", &err), &err);
  expect_vectors(&e, "nomic");
  embeddings_free(&e);
  path = write_json(
      *state, "{\"__metadata__\": {\"embedder\": \"nomic\"}, \"a\": [1, -2], \"b\": [0.5, 4]}");
  expect_ok("declared", embeddings_import(&e, path, NULL, &err), &err);
  expect_vectors(&e, "nomic");
  embeddings_free(&e);
  expect_ok("both", embeddings_import(&e, path, "nomic", &err), &err);
  embeddings_free(&e);
  Status got = embeddings_import(&e, path, "minilm", &err);
  expect_error("mixed", got, &err, STATUS_MISMATCH, "v.json: |'nomic'|'minilm'");
  assert_null(e.vector);
}

static void safetensors_are_read(void **state) {
  static const float A[] = {1, -2}, B[] = {0.5f, 4};
  for (int dtype = DTYPE_F32; dtype <= DTYPE_BF16; dtype++) {
    Error err = {0};
    Embeddings e;
    const char *path = scratch_path(*state, "v.safetensors");
    SafetensorsItem items[] = {{"b", (Dtype)dtype, B, 1, 2, true},
                               {"a", (Dtype)dtype, A, 1, 2, true}};
    TensorMeta meta[] = {{"embedder", "nomic"}};
    expect_ok("write", safetensors_write(path, items, 2, meta, 1, &err), &err);
    expect_ok("import", embeddings_import(&e, path, NULL, &err), &err);
    expect_vectors(&e, "nomic");
    embeddings_free(&e);
    Status got = embeddings_import(&e, path, "minilm", &err);
    expect_error("mixed", got, &err, STATUS_MISMATCH, "v.safetensors: |'nomic'|'minilm'");
  }
}

static void bad_json_is_refused(void **state) {
  static const struct {
    const char *text, *words;
  } CASES[] = {
      {"{\"a\": [1, 2], \"b\": [1, 2, 3]}",
       "v.json: 'b': has 3 numbers and 'a' has 2|one dimension"},
      {"{\"a\": [1, 2], \"b\": []}", "'b': has 0 numbers and 'a' has 2"},
      {"{\"a\": [], \"b\": []}", "'a': is an empty list"},
      {"{\"a\": [1, \"2\"]}", "'a': [1]: is a string, want a number"},
      {"{\"a\": [1, 1e39]}", "'a': [1]: is not a finite f32"},
      {"{\"a\": [1, NaN]}", "v.json: "},
      {"{\"a\": {\"b\": 1}}", "'a': is an object, want a list of numbers"},
      {"{\"a\": [1], \"a\": [1]}", "v.json: "},
      {"[1, 2]", "v.json: is an array, want an object"},
      {"{}", "v.json: holds no vectors"},
      {"{\"__metadata__\": {}}", "v.json: holds no vectors"},
      {"{\"__metadata__\": 7, \"a\": [1]}", "__metadata__: is an integer, want an object"},
      {"{\"__metadata__\": {\"embedder\": 7}, \"a\": [1]}", "embedder: is an integer"},
      {"{\"__metadata__\": {\"embedder\": \"\"}, \"a\": [1]}", "embedder: its name has 0 bytes"},
      {"PK\3\4 and so on", "a zip archive"},
      {"", "v.json: "},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    Error err = {0};
    Embeddings e;
    Status got = embeddings_import(&e, write_json(*state, CASES[i].text), NULL, &err);
    expect_error(CASES[i].text, got, &err, STATUS_INPUT, CASES[i].words);
    assert_null(e.vector);
  }
}

static const uint32_t NOT_A_NUMBER = 0x7fc00000;

/* Puts NaN in place of the last number of a file. */
static void spoil(const char *path) {
  FILE *f = fopen(path, "r+b");
  assert_non_null(f);
  assert_int_equal(fseek(f, -4, SEEK_END), 0);
  assert_int_equal(fwrite(&NOT_A_NUMBER, 4, 1, f), 1);
  assert_int_equal(fclose(f), 0);
}

static void bad_safetensors_are_refused(void **state) {
  static const float V[] = {1, 2, 3, 4};
  static const struct {
    SafetensorsItem item[2];
    size_t count;
    bool spoilt;
    const char *words;
  } CASES[] = {
      {{{"a", DTYPE_F32, V, 1, 2, true}, {"b", DTYPE_F32, V, 1, 3, true}},
       2,
       false,
       "'b': has 3 numbers and 'a' has 2|one dimension"},
      {{{"a", DTYPE_F32, V, 2, 2, false}}, 1, false, "'a': has rank 2, want a vector"},
      {{{"a", DTYPE_F32, V, 1, 2, true}, {"b", DTYPE_F32, V, 2, 1, false}},
       2,
       false,
       "'b': has rank 2, want a vector"},
      {{{"a", DTYPE_F32, V, 1, 4, true}}, 1, true, "'a': [3]: is not a finite f32"},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    Error err = {0};
    Embeddings e;
    const char *path = scratch_path(*state, "v.safetensors");
    expect_ok("write", safetensors_write(path, CASES[i].item, CASES[i].count, NULL, 0, &err), &err);
    if (CASES[i].spoilt) spoil(path);
    Status got = embeddings_import(&e, path, NULL, &err);
    expect_error(CASES[i].words, got, &err, STATUS_INPUT, CASES[i].words);
    assert_null(e.vector);
  }
}

/* ---- damage to a file of ours ---- */

#define SHA "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static const struct {
  const char *key, *value; /* in place of the right one; NULL: left out */
  const char *words;
} DAMAGE[] = {
    {"format", "pt", "format: is \"pt\", want \"skein-embeddings\""},
    {"format", NULL, "format: is missing"},
    {"version", "2", "version: is \"2\", want \"1\""},
    {"embedder", NULL, "embedder: is missing"},
    {"embedder", "", "embedder: its name has 0 bytes"},
    {"names", NULL, "names: is missing"},
    {"names", "[\"a\"", "names: is not JSON"},
    {"names", "[\"a\"]", "names: want a list of 2 texts"},
    {"names", "[\"a\", 2]", "names: want a list of 2 texts"},
    {"names", "[\"a\", \"a\"]", "names: 'a' is there twice"},
    {"texts", "[\"\"]", "texts: want a list of 2 texts"},
    {"texts", "[\"\", \"00ff\"]", "texts: [1]: is no SHA-256"},
};

static void damage_is_refused(void **state) {
  static const float V[] = {1, 2, 3, 4};
  for (size_t i = 0; i < sizeof DAMAGE / sizeof *DAMAGE; i++) {
    Error err = {0};
    Embeddings e;
    const char *path = scratch_path(*state, "e.safetensors");
    SafetensorsItem item = {"embeddings", DTYPE_F32, V, 2, 2, false};
    TensorMeta meta[] = {{"format", "skein-embeddings"},
                         {"version", "1"},
                         {"embedder", "nomic"},
                         {"names", "[\"a\", \"b\"]"},
                         {"texts", "[\"\", \"" SHA "\"]"}};
    size_t n = 0;
    for (size_t k = 0; k < sizeof meta / sizeof *meta; k++) {
      bool hit = strcmp(meta[k].key, DAMAGE[i].key) == 0;
      if (hit && !DAMAGE[i].value) continue;
      meta[n] = meta[k];
      if (hit) meta[n].value = (char *)(uintptr_t)DAMAGE[i].value;
      n++;
    }
    expect_ok("write", safetensors_write(path, &item, 1, meta, n, &err), &err);
    Status got = embeddings_read(&e, path, &err);
    expect_error(DAMAGE[i].words, got, &err, STATUS_INPUT, DAMAGE[i].words);
    assert_null(e.vector);
  }
}

static void numbers_that_are_none_are_refused(void **state) {
  Error err = {0};
  Embeddings e;
  const char *path = scratch_path(*state, "e.safetensors");
  expect_ok("new", embeddings_new(&e, "nomic", 2, 2, &err), &err);
  e.name[0] = strdup("a");
  e.name[1] = strdup("b");
  expect_ok("write", embeddings_write(&e, path, &err), &err);
  embeddings_free(&e);
  spoil(path);
  Status got = embeddings_read(&e, path, &err);
  expect_error("NaN", got, &err, STATUS_INPUT, "e.safetensors: embeddings: 'b': [1]: is NaN");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(the_file_is_named_after_the_embedder),
      cmocka_unit_test(json_is_read),
      cmocka_unit_test(safetensors_are_read),
      cmocka_unit_test(bad_json_is_refused),
      cmocka_unit_test(bad_safetensors_are_refused),
      cmocka_unit_test(damage_is_refused),
      cmocka_unit_test(numbers_that_are_none_are_refused),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
