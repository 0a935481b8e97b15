/* What a generation_config.json asks for: texts against transformers
 * (tests/oracle/make_generation_golden.py), and every refusal. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/text/json.h"
#include "data/text/json_put.h"
#include "tests/asked.h"
#include "tests/damage.h"
#include "tests/scratch.h"
#include "tests/testing.h"

/* Writes keys as `file` into the scratch folder; a generation_config.json with the usual ones. */
static void write_keys(Scratch *s, const char *file, const json_t *keys) {
  Error err = {0};
  bool own = strcmp(file, "generation_config.json") == 0;
  json_t *all = own ? json_pack("{s:i, s:i, s:i}", "decoder_start_token_id", 0, "eos_token_id", 1,
                                "pad_token_id", 0)
                    : json_pack("{s:s}", "model_type", "t5");
  assert_int_equal(json_object_update(all, (json_t *)(uintptr_t)keys), 0);
  remove(scratch_path(s, "generation_config.json"));
  const char *path = scratch_path(s, file);
  expect_ok(path, json_write_file(all, path, &err), &err);
  json_decref(all);
}

static void read_keys(GenerationConfig *g, const Scratch *s, const T5Config *config) {
  Error err = {0};
  expect_ok(s->dir, generation_config_read(g, s->dir, config, &err), &err);
}

static void compare_texts(const Asked *asked, const PredictSettings *settings, const json_t *row,
                          const json_t *inputs) {
  Predictor *p = asked_predictor(asked, settings);
  size_t n = json_array_size(inputs);
  char *keys = json_dumps(json_object_get(row, "keys"), JSON_COMPACT), *text[ASKED_MOST];
  Error err = {0};
  expect_ok(keys, predict_texts(p, &ASKED_PLAIN, asked->item, (int64_t)n, text, &err), &err);
  for (size_t i = 0; i < n; i++) {
    const char *want = json_string_value(json_array_get(json_object_get(row, "texts"), i));
    assert_string_equal(asked->item[i].input, json_string_value(json_array_get(inputs, i)));
    if (strcmp(text[i], want) != 0)
      fail_msg("%s: item %zu: '%s', want '%s'", keys, i, text[i], want);
    free(text[i]);
  }
  free(keys);
  predictor_close(p);
}

static void texts_agree_with_transformers(void **state) {
  Scratch *s;
  const Asked *asked = *state;
  assert_int_equal(scratch_setup((void **)&s), 0);
  json_t *expected = golden_json("generation.json"), *row;
  size_t i;
  assert_in_range(json_array_size(json_object_get(expected, "cases")), 50, 100);
  json_array_foreach(json_object_get(expected, "cases"), i, row) {
    GenerationConfig g;
    PredictSettings settings = ASKED_DEFAULTS;
    const json_t *most = json_object_get(row, "max_output");
    write_keys(s, json_string_value(json_object_get(row, "file")), json_object_get(row, "keys"));
    read_keys(&g, s, &asked->model->config);
    if (json_is_integer(most)) settings.max_output = json_integer_value(most);
    generation_settle(&settings, (PredictGiven){.max_output = json_is_integer(most)}, &g);
    compare_texts(asked, &settings, row, json_object_get(expected, "inputs"));
    generation_config_free(&g);
  }
  json_decref(expected);
  scratch_teardown((void **)&s);
}

static GenerationConfig read_text(Scratch *s, const char *text, const T5Config *config) {
  GenerationConfig g;
  scratch_write(s, "generation_config.json", text, strlen(text));
  read_keys(&g, s, config);
  return g;
}

/* What is given wins over what the file says, and that over what skein has of its own. */
static void what_is_given_wins(void **state) {
  Scratch *s;
  const Asked *asked = *state;
  assert_int_equal(scratch_setup((void **)&s), 0);
  GenerationConfig g = read_text(
      s, "{\"num_beams\": 4, \"length_penalty\": 2.0, \"max_length\": 31, \"temperature\": 0.5}",
      &asked->model->config);
  PredictSettings settings = ASKED_DEFAULTS;
  generation_settle(&settings, (PredictGiven){.beams = true}, &g);
  assert_true(settings.beams == 1 && settings.length_penalty == 2 && settings.max_output == 30);
  assert_null(json_object_get(g.taken, "num_beams"));
  assert_non_null(json_object_get(g.taken, "max_length"));
  assert_non_null(json_object_get(g.unused, "num_beams"));
  assert_non_null(json_object_get(g.unused, "temperature"));
  generation_config_free(&g);
  g = read_text(s, "{\"num_beams\": 1, \"max_length\": null}", &asked->model->config);
  settings = ASKED_DEFAULTS;
  settings.beams = 3;
  generation_settle(&settings, (PredictGiven){0}, &g);
  assert_true(settings.beams == 3 && settings.max_output == ASKED_DEFAULTS.max_output);
  assert_int_equal(json_object_size(g.taken) + json_object_size(g.unused), 0);
  generation_config_free(&g);
  scratch_teardown((void **)&s);
}

static void what_is_not_computed_is_refused_by_name(void **state) {
  static const struct {
    const char *text, *words;
  } cases[] = {
      {"{\"do_sample\": true}", "generation_config.json: do_sample: |--no-generation-config"},
      {"{\"num_beam_groups\": 2}", "num_beam_groups: "},
      {"{\"force_words_ids\": [[1]]}", "force_words_ids: "},
      {"{\"encoder_no_repeat_ngram_size\": 3}", "encoder_no_repeat_ngram_size: "},
      {"{\"num_return_sequences\": 2}", "num_return_sequences: "},
      {"{\"stop_strings\": \".\"}", "stop_strings: "},
      {"{\"max_length\": 1}", "max_length: |no token"},
      {"{\"max_length\": 0}", "max_length: |0"},
      {"{\"max_new_tokens\": \"9\"}", "max_new_tokens: |a string"},
      {"{\"num_beams\": -1}", "num_beams: |-1"},
      {"{\"early_stopping\": \"always\"}", "early_stopping: |never"},
      {"{\"repetition_penalty\": 0}", "repetition_penalty: "},
      {"{\"suppress_tokens\": [320]}", "suppress_tokens: |319"},
      {"{\"forced_bos_token_id\": -1}", "forced_bos_token_id: |319"},
      {"{\"bad_words_ids\": [[1], []]}", "bad_words_ids: element 1: "},
      {"{\"bad_words_ids\": [[1], [[2]]]}", "bad_words_ids: "},
      {"{\"eos_token_id\": [1, 400]}", "eos_token_id: |319"},
      {"{\"decoder_start_token_id\": 320}", "decoder_start_token_id: |319"},
      {"[1]", "generation_config.json: |an array|an object"},
      {"{", "generation_config.json: line 1"},
  };
  Scratch *s;
  const Asked *asked = *state;
  assert_int_equal(scratch_setup((void **)&s), 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    GenerationConfig g;
    Error err = {0};
    scratch_write(s, "generation_config.json", cases[i].text, strlen(cases[i].text));
    Status got = generation_config_read(&g, s->dir, &asked->model->config, &err);
    expect_error(cases[i].text, got, &err, STATUS_INPUT, cases[i].words);
    generation_config_free(&g);
  }
  scratch_teardown((void **)&s);
}

/* An answer to every item, whatever a damaged file asks for. */
static Status answer(const char *dir, void *arg, Error *err) {
  const Asked *asked = arg;
  GenerationConfig g;
  Status status = generation_config_read(&g, dir, &asked->model->config, err);
  PredictSettings settings = ASKED_DEFAULTS;
  if (status == STATUS_OK) {
    generation_settle(&settings, (PredictGiven){.max_output = true}, &g);
    settings.max_output = 4;
    if (settings.beams > 8) settings.beams = 8;
    Predictor *p = asked_predictor(asked, &settings);
    char *text[2];
    status = predict_texts(p, &ASKED_PLAIN, asked->item, 2, text, err);
    for (int i = 0; i < 2 && status == STATUS_OK; i++) free(text[i]);
    predictor_close(p);
  }
  generation_config_free(&g);
  return status;
}

static void what_is_damaged_does_no_harm(void **state) {
  static const char sound[] =
      "{\"num_beams\": 2, \"max_length\": 9, \"min_length\": 3, \"no_repeat_ngram_size\": 2,"
      "\"repetition_penalty\": 1.5, \"bad_words_ids\": [[4, 5], [6]], \"suppress_tokens\": [7],"
      "\"eos_token_id\": [1, 8], \"forced_bos_token_id\": 4, \"early_stopping\": \"never\"}";
  static const char *const pieces[] = {"null", "true", "-1",  "0",    "1e999", "319", "320",
                                       "[]",   "{}",   "[1]", "\"\"", "1.5",   "[[",  "999999999"};
  Scratch *s;
  assert_int_equal(scratch_setup((void **)&s), 0);
  scratch_write(s, "generation_config.json", sound, strlen(sound));
  Damage d = {.file = "generation_config.json",
              .piece = pieces,
              .pieces = sizeof pieces / sizeof *pieces,
              .rounds = 1000,
              .read = answer,
              .arg = *state};
  damage_file(s, &d);
  assert_true(damage_cut(s, &d) >= DAMAGE_CUTS - 1);
  scratch_teardown((void **)&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_agree_with_transformers),
      cmocka_unit_test(what_is_given_wins),
      cmocka_unit_test(what_is_not_computed_is_refused_by_name),
      cmocka_unit_test(what_is_damaged_does_no_harm),
  };
  return cmocka_run_group_tests(tests, asked_open, asked_close);
}
