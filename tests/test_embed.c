/* Embedders: cosines of torch, encoder means of transformers, n-grams counted by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/path.h"
#include "data/text/json.h"
#include "infer/embed/embed.h"
#include "infer/embed/embed_cosine.h"
#include "tests/logit_case.h"
#include "tests/scratch.h"
#include "tests/testing.h"
#include "tests/tiny.h"

enum { DIM_MOST = 4096 };

static int64_t numbers(const json_t *list, float *out) {
  size_t n = json_array_size(list);
  assert_in_range(n, 1, DIM_MOST);
  for (size_t i = 0; i < n; i++) out[i] = (float)json_real_value(json_array_get(list, i));
  return (int64_t)n;
}

static double cosine(const float *a, const float *b, int64_t n) {
  return embed_dot(a, b, n) / (embed_norm(a, n) * embed_norm(b, n));
}

static void cosines_are_those_of_torch(void **state) {
  (void)state;
  json_t *golden = golden_json("embeddings/expected.json");
  json_t *cases = json_object_get(golden, "cosines"), *one;
  size_t i;
  assert_true(json_array_size(cases) > 20);
  json_array_foreach(cases, i, one) {
    float a[DIM_MOST], b[DIM_MOST];
    int64_t n = numbers(json_object_get(one, "a"), a);
    assert_int_equal(numbers(json_object_get(one, "b"), b), n);
    double want = json_real_value(json_object_get(one, "cosine"));
    double dropped = json_real_value(json_object_get(one, "dropped"));
    if (fabs(cosine(a, b, n) - want) > 1e-12) fail_msg("case %zu", i);
    if (fabs(cosine(a, b, n - 1) - dropped) > 1e-12) fail_msg("case %zu, dropped", i);
  }
  json_decref(golden);
}

/* ---- encoder ---- */

static const char *of_encoder(const json_t *row, const char *name) {
  (void)row;
  return strncmp(name, "decoder.", strlen("decoder.")) == 0 ? NULL : name;
}

/* The directory of a T5EncoderModel, of a base. */
static void write_encoder(Scratch *s, const char *base) {
  Error err = {0};
  JsonDoc doc;
  char *config = path_join(base, "config.json");
  expect_ok(config, json_parse_file(&doc, config, 1 << 20, &err), &err);
  json_object_set_new(doc.root, "architectures", json_pack("[s]", "T5EncoderModel"));
  expect_ok(config, json_write_file(doc.root, scratch_path(s, "config.json"), &err), &err);
  logit_case_write(s, "embeddings/base/model.safetensors", "model.safetensors", of_encoder, NULL);
  json_free(&doc);
  free(config);
}

static Embedder *open_on(const Base *base) {
  Error err = {0};
  Embedder *e;
  EmbedderSpec spec = {.kind = EMBEDDER_ENCODER, .base = base, .threads = 1};
  expect_ok("open", embedder_open(&e, &spec, &err), &err);
  return e;
}

/* A T5EncoderModel embeds as the base that it is of, under the same name; it generates nothing. */
static void an_encoder_alone_is_the_encoder_of_its_base(void **state) {
  Scratch *s = *state;
  Error err = {0};
  T5 *model, *encoder;
  Tokenizer *tokenizer;
  float a[DIM_MOST], b[DIM_MOST];
  char *base = golden_path("embeddings/base"), *pieces = golden_path("tokenizer/identity");
  write_encoder(s, base);
  expect_error("base", t5_open(&encoder, s->dir, &err), &err, STATUS_MISMATCH,
               "config.json: architectures: |T5EncoderModel|no decoder");
  err = (Error){0};
  expect_ok(base, t5_open(&model, base, &err), &err);
  expect_ok(s->dir, t5_open_encoder(&encoder, s->dir, &err), &err);
  expect_ok(pieces, tokenizer_open(&tokenizer, pieces, &err), &err);
  Base whole = tiny_base(model, tokenizer), half = tiny_base(encoder, tokenizer);
  Embedder *one = open_on(&whole), *two = open_on(&half);
  assert_string_equal(embedder_name(one), embedder_name(two));
  expect_ok("embed", embedder_embed(one, NULL, "a map", a, &err), &err);
  expect_ok("embed", embedder_embed(two, NULL, "a map", b, &err), &err);
  assert_memory_equal(a, b, (size_t)embedder_dim(one) * sizeof *a);
  embedder_close(one);
  embedder_close(two);
  tokenizer_close(tokenizer);
  t5_close(model);
  t5_close(encoder);
  free(base);
  free(pieces);
}

static void encoder_means_are_those_of_transformers(void **state) {
  (void)state;
  Error err = {0};
  Embedder *e;
  T5 *model;
  Tokenizer *tokenizer;
  char *base = golden_path("embeddings/base"), *pieces = golden_path("tokenizer/identity");
  json_t *golden = golden_json("embeddings/expected.json"), *one;
  expect_ok(base, t5_open(&model, base, &err), &err);
  expect_ok(pieces, tokenizer_open(&tokenizer, pieces, &err), &err);
  EmbedderSpec spec = {
      .kind = EMBEDDER_ENCODER, .base = (Base[]){tiny_base(model, tokenizer)}, .threads = 1};
  expect_ok("open", embedder_open(&e, &spec, &err), &err);
  char sample[HASH_HEX], name[64];
  expect_ok("sample", t5_encoder_sample(model, sample, &err), &err);
  snprintf(name, sizeof name, "encoder-2-%.12s", sample);
  assert_string_equal(embedder_name(e), name);
  Comparison c = compare_begin(1e-4, "encoder");
  size_t i;
  json_array_foreach(json_object_get(golden, "encoder"), i, one) {
    float got[DIM_MOST], want[DIM_MOST];
    const char *text = json_string_value(json_object_get(one, "text"));
    assert_int_equal(numbers(json_object_get(one, "vector"), want), embedder_dim(e));
    expect_ok(text, embedder_embed(e, NULL, text, got, &err), &err);
    compare(&c, text, got, want, embedder_dim(e));
  }
  compare_end(&c);
  float vector[DIM_MOST];
  expect_error("empty", embedder_embed(e, NULL, "", vector, &err), &err, STATUS_INPUT,
               "no content");
  embedder_close(e);
  tokenizer_close(tokenizer);
  t5_close(model);
  json_decref(golden);
  free(base);
  free(pieces);
}

/* A text longer than the encoder is given is cut, not refused. */
static void a_long_text_is_cut(void **state) {
  (void)state;
  Error err = {0};
  Embedder *e;
  T5 *model;
  Tokenizer *tokenizer;
  char *base = golden_path("embeddings/base"), *pieces = golden_path("tokenizer/identity");
  expect_ok(base, t5_open(&model, base, &err), &err);
  expect_ok(pieces, tokenizer_open(&tokenizer, pieces, &err), &err);
  EmbedderSpec spec = {
      .kind = EMBEDDER_ENCODER, .base = (Base[]){tiny_base(model, tokenizer)}, .threads = 1};
  expect_ok("open", embedder_open(&e, &spec, &err), &err);
  char text[8192] = "";
  float cut[DIM_MOST], longer[DIM_MOST];
  for (int i = 0; i < 600; i++) strcat(text, "of ");
  expect_ok("600", embedder_embed(e, NULL, text, cut, &err), &err);
  strcat(text, "the old weaver");
  expect_ok("more", embedder_embed(e, NULL, text, longer, &err), &err);
  assert_memory_equal(cut, longer, (size_t)embedder_dim(e) * sizeof *cut);
  embedder_close(e);
  tokenizer_close(tokenizer);
  t5_close(model);
  free(base);
  free(pieces);
}

/* ---- lexical ---- */

static Embedder *lexical(const char *const *corpus, int count) {
  Error err = {0};
  Embedder *e;
  EmbedderSpec spec = {.kind = EMBEDDER_LEXICAL, .corpus = corpus, .corpus_count = count};
  expect_ok("lexical", embedder_open(&e, &spec, &err), &err);
  return e;
}

static double likeness(Embedder *e, const char *a, const char *b) {
  static float x[DIM_MOST], y[DIM_MOST];
  Error err = {0};
  assert_in_range(embedder_dim(e), 1, DIM_MOST);
  expect_ok(a, embedder_embed(e, NULL, a, x, &err), &err);
  expect_ok(b, embedder_embed(e, NULL, b, y, &err), &err);
  return cosine(x, y, embedder_dim(e));
}

static void near(double got, double want) {
  if (fabs(got - want) > 1e-6) fail_msg("got %.9g, want %.9g", got, want);
}

/* "ab" between its blanks has the n-grams " ab", "ab " and " ab ", and "abc" those of three, four
 * and five characters: 3 + 2 + 1. The hashes of all of them differ in their coordinates. */
static void n_grams_are_counted_as_documented(void **state) {
  (void)state;
  Embedder *e = lexical((const char *const[]){"ab", "ab", "cd"}, 3);
  double ab = 1 + log(4 / 3.0), cd = 1 + log(4 / 2.0), rare = 1 + log(4);
  near(likeness(e, "ab", "ab cd"), ab / sqrt(ab * ab + cd * cd));
  near(likeness(e, "ab", "cd"), 0);
  near(likeness(e, "ab", "ab ab"), 1); /* all counts grow alike */
  near(likeness(e, "ab", "abc"), ab * ab / sqrt(3 * ab * ab * (ab * ab + 5 * rare * rare)));
  double twice = (1 + log(2)) * ab;
  near(likeness(e, "ab cd", "ab ab cd"),
       (twice * ab + cd * cd) / sqrt(ab * ab + cd * cd) / sqrt(twice * twice + cd * cd));
  near(likeness(e, "\xc3\xa9", "\xc3\xa9"), 1); /* one character: " é " only */
  near(likeness(e, "x\xc3\xa9", "x\xc3\xa8"), 0);
  embedder_close(e);
}

static void case_and_white_space_are_folded(void **state) {
  (void)state;
  Embedder *e = lexical((const char *const[]){"sort the words"}, 1);
  near(likeness(e, "Sort THE words", "  sort\tthe\n\nwords "), 1);
  near(likeness(e, "sort the words", "sort\xc2\xa0the\xe2\x80\x83words\xe3\x80\x80"), 1);
  assert_true(likeness(e, "sort the words", "sortthewords") < 0.9);
  embedder_close(e);
}

static void paraphrases_are_nearer_than_strangers(void **state) {
  (void)state;
  static const char *const TEXTS[][2] = {
      {"Decide whether the two sentences are paraphrases of each other.",
       "Judge if both sentences say the same; answer whether they are paraphrases."},
      {"Summarise the news article in one or two sentences.",
       "Read the article and write a short summary of the news."},
      {"Answer the question using the passage; copy the span of the passage.",
       "Given a passage and a question, extract the answer from the passage."},
      {"Classify the sentiment of the movie review as positive or negative.",
       "Is the reviewer of the film positive or negative? Name the sentiment of the review."},
      {"Write a sentence that contains all of the given concepts.",
       "Generate one sentence which uses every concept of the list."},
  };
  enum { TASKS = sizeof TEXTS / sizeof *TEXTS };
  const char *corpus[TASKS];
  for (int i = 0; i < TASKS; i++) corpus[i] = TEXTS[i][0];
  Embedder *e = lexical(corpus, TASKS);
  for (int i = 0; i < TASKS; i++) {
    double own = likeness(e, TEXTS[i][1], TEXTS[i][0]);
    near(likeness(e, TEXTS[i][0], TEXTS[i][0]), 1);
    for (int k = 0; k < TASKS; k++) {
      if (k != i) assert_true(own > likeness(e, TEXTS[i][1], TEXTS[k][0]) + 0.1);
    }
  }
  embedder_close(e);
}

static void the_name_is_that_of_the_corpus_in_any_order(void **state) {
  (void)state;
  Embedder *a = lexical((const char *const[]){"sort the words", "add numbers"}, 2);
  Embedder *b = lexical((const char *const[]){"add numbers", "sort the words"}, 2);
  Embedder *c = lexical((const char *const[]){"add numbers", "sort the word"}, 2);
  Embedder *d = lexical((const char *const[]){"add numbers"}, 1);
  assert_string_equal(embedder_name(a), embedder_name(b));
  assert_string_not_equal(embedder_name(a), embedder_name(c));
  assert_string_not_equal(embedder_name(a), embedder_name(d));
  assert_int_equal(strncmp(embedder_name(a), "lexical-1-", 10), 0);
  assert_int_equal(strlen(embedder_name(a)), 22);
  assert_false(embedder_by_key(a));
  float x[DIM_MOST], y[DIM_MOST];
  Error err = {0};
  expect_ok("a", embedder_embed(a, NULL, "sort the numbers", x, &err), &err);
  expect_ok("b", embedder_embed(b, NULL, "sort the numbers", y, &err), &err);
  assert_memory_equal(x, y, (size_t)embedder_dim(a) * sizeof *x);
  Embedder *all[] = {a, b, c, d};
  for (int i = 0; i < 4; i++) embedder_close(all[i]);
}

static void texts_that_say_nothing_are_refused(void **state) {
  (void)state;
  float x[DIM_MOST];
  Embedder *e = lexical(NULL, 0);
  Error err = {0};
  expect_error("empty", embedder_embed(e, NULL, "", x, &err), &err, STATUS_INPUT, "no content");
  err = (Error){0};
  expect_error("blank", embedder_embed(e, NULL, " \t\n", x, &err), &err, STATUS_INPUT,
               "no content");
  err = (Error){0};
  expect_error("bytes", embedder_embed(e, NULL, "ab\xff", x, &err), &err, STATUS_INPUT,
               "byte 2|UTF-8");
  embedder_close(e);
}

/* ---- precomputed ---- */

static const char VECTORS[] = "{\"sort\": [1, 2], \"count\": [3.5, -4]}";

static void vectors_are_found_by_key(void **state) {
  Error err = {0};
  Embedder *e;
  const char *path = scratch_write(*state, "v.json", VECTORS, strlen(VECTORS));
  EmbedderSpec spec = {.kind = EMBEDDER_PRECOMPUTED, .file = path, .name = "nomic"};
  expect_ok("open", embedder_open(&e, &spec, &err), &err);
  assert_string_equal(embedder_name(e), "nomic");
  assert_int_equal(embedder_dim(e), 2);
  assert_true(embedder_by_key(e));
  float x[2];
  expect_ok("count", embedder_embed(e, "count", "any text", x, &err), &err);
  assert_true(x[0] == 3.5f && x[1] == -4);
  expect_error("unknown", embedder_embed(e, "cuont", "sort", x, &err), &err, STATUS_INPUT,
               "v.json: |'cuont'|did you mean 'count'");
  err = (Error){0};
  expect_error("none", embedder_embed(e, NULL, "sort", x, &err), &err, STATUS_USAGE,
               "v.json: |name the task");
  embedder_close(e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cosines_are_those_of_torch),
      cmocka_unit_test(encoder_means_are_those_of_transformers),
      cmocka_unit_test(an_encoder_alone_is_the_encoder_of_its_base),
      cmocka_unit_test(a_long_text_is_cut),
      cmocka_unit_test(n_grams_are_counted_as_documented),
      cmocka_unit_test(case_and_white_space_are_folded),
      cmocka_unit_test(paraphrases_are_nearer_than_strangers),
      cmocka_unit_test(the_name_is_that_of_the_corpus_in_any_order),
      cmocka_unit_test(texts_that_say_nothing_are_refused),
      cmocka_unit_test(vectors_are_found_by_key),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
