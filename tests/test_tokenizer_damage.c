/* Malformed, hostile and contradictory files of a tokenizer: a refusal that names the file, or a
 * tokenizer that works; never a crash. The sanitizers and valgrind watch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "data/file/file.h"
#include "data/tokenizer/tokenizer.h"
#include "tests/damage.h"
#include "tests/scratch.h"
#include "tests/testing.h"

enum { FILE_LIMIT = 1 << 20 };

static const char *const NAMES[] = {"tokenizer.json", "spiece.model", "tokenizer_config.json",
                                    "special_tokens_map.json", "added_tokens.json"};

/* The scratch folder becomes a copy of a folder of the golden files. */
static void copy_golden(Scratch *s, const char *folder) {
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
    char *from = golden_path("tokenizer_files/%s/%s", folder, NAMES[i]), *bytes;
    size_t size;
    Error err = {0};
    unlink(scratch_path(s, NAMES[i]));
    if (access(from, F_OK) == 0) {
      expect_ok(from, file_read(from, FILE_LIMIT, &bytes, &size, &err), &err);
      scratch_write(s, NAMES[i], bytes, size);
      free(bytes);
    }
    free(from);
  }
}

/* Opens the folder; a tokenizer that opens must work. */
static Status open_folder(const char *dir, void *arg, Error *err) {
  static const char text[] =
      " the old<extra_id_0> foo word  left caf\xc3\xa9 e\xcc\x82\xcc\x81 \xef\xac\x81 \xe6\x97\xa5 "
      "\xf0\x9f\x99\x82\xc2\xbd </s>\n";
  Tokenizer *t;
  (void)arg;
  Status status = tokenizer_open(&t, dir, err);
  assert_int_equal(t != NULL, status == STATUS_OK);
  if (status != STATUS_OK) return status;
  int32_t *ids;
  int64_t count;
  char *back, hex[HASH_HEX];
  expect_ok("encode", tokenizer_encode(t, text, sizeof text - 1, &ids, &count, err), err);
  for (int64_t i = 0; i < count; i++) assert_true(ids[i] >= 0 && ids[i] < tokenizer_size(t));
  expect_ok("decode", tokenizer_decode(t, ids, count, &back, err), err);
  expect_ok("hash", tokenizer_fingerprint(t, hex, err), err);
  free(back);
  free(ids);
  tokenizer_close(t);
  return STATUS_OK;
}

static const char *const PIECES[] = {
    "null",    "true",    "-1",         "0",         "1e999",      "99999999999", "\"\"",
    "[]",      "{}",      "[",          "\\ud800",   "\":",        ",\"",         "\"Unigram\"",
    "\"BPE\"", "\"id\":", "\"vocab\":", "\"first\"", "\"Regex\":", " {2,}",       "<extra_id_0>",
    "\xff",    "\\u0000", "\"foo\"",    "\"</s>\"",  "[\"a\",1]",  "\xe2\x96\x81"};

static void damaged_files_do_no_harm(void **state) {
  Scratch *s = *state;
  static const struct {
    const char *folder, *file;
    uint64_t rounds;
  } targets[] = {{"saved", "tokenizer.json", 300},          {"first", "tokenizer.json", 300},
                 {"decoder", "tokenizer_config.json", 300}, {"plain", "added_tokens.json", 200},
                 {"plain", "special_tokens_map.json", 200}, {"mt5", "spiece.model", 200}};
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    copy_golden(s, targets[i].folder);
    damage_file(s, &(Damage){.file = targets[i].file,
                             .piece = PIECES,
                             .pieces = sizeof PIECES / sizeof *PIECES,
                             .rounds = targets[i].rounds,
                             .read = open_folder});
  }
}

static char *read_scratch(Scratch *s, const char *name, size_t *size) {
  char *text;
  Error err = {0};
  expect_ok(name, file_read(scratch_path(s, name), FILE_LIMIT, &text, size, &err), &err);
  return text;
}

static void truncated_files_are_refused(void **state) {
  Scratch *s = *state;
  copy_golden(s, "json");
  size_t size;
  char *text = read_scratch(s, "tokenizer.json", &size);
  for (int part = 0; part < 50; part++) {
    Error err = {0};
    scratch_write(s, "tokenizer.json", text, size * (size_t)part / 50);
    expect_error("cut", open_folder(s->dir, NULL, &err), &err, STATUS_INPUT, "tokenizer.json");
  }
  free(text);
}

/* One flipped bit at each of a thousand places. */
static void flipped_bits_do_no_harm(void **state) {
  Scratch *s = *state;
  copy_golden(s, "json");
  size_t size;
  char *text = read_scratch(s, "tokenizer.json", &size);
  int refused = 0;
  for (uint64_t place = 0; place < 1000; place++) {
    Rng rng = {.key = rng_key(place, 0, 0, 0)};
    size_t at = rng_below(&rng, size);
    char was = text[at];
    text[at] = (char)(was ^ 1 << rng_below(&rng, 8));
    Error err = {0};
    scratch_write(s, "tokenizer.json", text, size);
    refused += open_folder(s->dir, NULL, &err) != STATUS_OK;
    text[at] = was;
  }
  assert_true(refused > 100);
  free(text);
}

typedef struct Refusal {
  const char *from, *to;
  Status status;
  const char *words;
} Refusal;

static void expect_refusals(Scratch *s, const char *folder, const char *file, const Refusal *row,
                            size_t count) {
  copy_golden(s, folder);
  Damage d = {.file = file, .read = open_folder};
  for (size_t i = 0; i < count; i++) {
    Error err = {0};
    Status got = damage_by_hand(s, &d, (Change){row[i].from, row[i].to, 0}, &err);
    expect_error(row[i].to, got, &err, row[i].status, row[i].words);
  }
}

#define COUNT(list) (sizeof list / sizeof *list)

static void what_is_not_supported_is_named(void **state) {
  static const Refusal of_five[] = {
      {"\"Unigram\"", "\"BPE\"", STATUS_INPUT, "tokenizer.json|model|'BPE' is not supported"},
      {"\"Unigram\"", "\"WordPiece\"", STATUS_INPUT, "model: vocab is no object"},
      {"\"WhitespaceSplit\"", "\"ByteLevel\"", STATUS_INPUT, "pre_tokenizer: 'ByteLevel'"},
      {"\"TemplateProcessing\"", "\"ByteLevel\"", STATUS_INPUT, "post_processor: 'ByteLevel'"},
      {"\"Precompiled\"", "\"NFKC\"", STATUS_INPUT, "normalizer: 'NFKC'"},
      {"\"Precompiled\"", "\"Nmt\"", STATUS_INPUT, "normalizer: 'Nmt'"},
      {"\"version\": \"1.0\"", "\"version\": \"2.0\"", STATUS_INPUT, "version '2.0'"},
      {"\"byte_fallback\": false", "\"byte_fallback\": true", STATUS_INPUT, "byte_fallback"},
      {"\"prepend_scheme\": \"always\"", "\"prepend_scheme\": \"often\"", STATUS_INPUT,
       "prepend_scheme"},
      {"\"single_word\": false", "\"whole_word\": false", STATUS_INPUT,
       "'<pad>'|'whole_word' is not understood"},
      {"\"single\": [", "\"single\": [{}, ", STATUS_INPUT, "post_processor: single"},
  };
  static const Refusal of_first[] = {
      {"\"Regex\":\" {2,}\"", "\"Regex\":\"[ab]\"", STATUS_INPUT, "Regex '[ab]' is not supported"},
      {"\"Strip\"", "\"StripAccents\"", STATUS_INPUT, "'StripAccents'"},
      {"\"decoder\":{\"type\":\"Metaspace\"", "\"decoder\":{\"type\":\"WordPiece\"", STATUS_INPUT,
       "decoder: 'WordPiece'"},
  };
  static const Refusal of_config[] = {
      {"{", "{\"split_special_tokens\": true, ", STATUS_INPUT,
       "tokenizer_config.json|split_special_tokens"},
      {"\"lstrip\"", "\"strip\"", STATUS_INPUT, "'strip' is not understood"},
  };
  expect_refusals(*state, "json", "tokenizer.json", of_five, COUNT(of_five));
  expect_refusals(*state, "first", "tokenizer.json", of_first, COUNT(of_first));
  expect_refusals(*state, "decoder", "tokenizer_config.json", of_config, COUNT(of_config));
}

static const Refusal IMPOSSIBLE[] = {
    {"\"unk_id\": 2", "\"unk_id\": 200000", STATUS_INPUT, "unk_id is 200000|300 pieces"},
    {"\"unk_id\": 2", "\"unk_id\": -1", STATUS_INPUT, "unk_id is -1"},
    {"\"unk_id\": 2", "\"unk_id\": null", STATUS_INPUT, "unk_id is not there"},
    {"[\n        \"<pad>\",\n        0.0\n      ]", "[\"<pad>\", NaN]", STATUS_INPUT,
     "tokenizer.json: line"},
    {"[\n        \"<pad>\",\n        0.0\n      ]", "[\"<pad>\", 1e999]", STATUS_INPUT,
     "the score of entry 0 is too large"},
    {"[\n        \"<pad>\",\n        0.0\n      ]", "[\"<pad>\", \"0\"]", STATUS_INPUT,
     "entry 0 is no [piece, score]"},
    {"[\n        \"<pad>\",\n        0.0\n      ]", "[\"</s>\", 0.0]", STATUS_INPUT,
     "piece 1: '</s>' is already defined as piece 0"},
    {"[\n        \"<pad>\",\n        0.0\n      ]", "[\"\", 0.0]", STATUS_INPUT,
     "piece 0: is empty"},
    {"\"id\": 299,", "\"id\": 298,", STATUS_INPUT, "'<extra_id_0>' has id 298"},
    {"\"id\": 299,", "\"id\": 99999999999,", STATUS_INPUT, "has id 99999999999"},
    {"\"id\": 299,", "\"id\": -7,", STATUS_INPUT, "has no id"},
    {"\"ids\": [\n          1\n        ]", "\"ids\": [0]", STATUS_MISMATCH,
     "its end token is 0, but '</s>' is 1"},
    {"\"precompiled_charsmap\": \"", "\"precompiled_charsmap\": \"*", STATUS_INPUT,
     "precompiled_charsmap: is not base64"},
    {"\"added_tokens\":", "\"added_toke\":", STATUS_INPUT, "'added_toke' is no part"},
    {"AAA==\"", "AAB==\"", STATUS_INPUT, "precompiled_charsmap: is not base64 at byte 1497"},
    {"\"precompiled_charsmap\": \"", "\"precompiled_charsmap\": \"AAAA", STATUS_INPUT,
     "the rules of the normaliser"},
};

static void impossible_values_are_refused(void **state) {
  static const Refusal of_config[] = {
      {"\"300\"", "\"400\"", STATUS_INPUT, "'left' has id 301, but the next free one is 300"},
      {"\"300\"", "\"x\"", STATUS_INPUT, "'x' is no id"},
      {"\"content\": \"foo\"", "\"content\": \"a\"", STATUS_INPUT, "has id 300"},
      {"\"content\": \"foo\"", "\"content\": \"\"", STATUS_INPUT, "is empty"},
      {"\"content\": \"foo\"", "\"content\": 7", STATUS_INPUT, "has no content"},
      {"\"special\": false", "\"special\": 0", STATUS_INPUT, "special is no boolean"},
  };
  static const Refusal of_plain[] = {
      {"300", "3000", STATUS_INPUT, "added_tokens.json|has id 301, but"},
      {"300", "\"300\"", STATUS_INPUT, "added_tokens.json|is no id"},
  };
  expect_refusals(*state, "json", "tokenizer.json", IMPOSSIBLE, COUNT(IMPOSSIBLE));
  expect_refusals(*state, "decoder", "tokenizer_config.json", of_config, COUNT(of_config));
  expect_refusals(*state, "plain", "added_tokens.json", of_plain, COUNT(of_plain));
}

static void write_text(Scratch *s, const char *name, const char *text) {
  scratch_write(s, name, text, strlen(text));
}

static void files_that_contradict_each_other_are_refused(void **state) {
  Scratch *s = *state;
  Error err = {0};
  char *spiece = golden_path("tokenizer_files/spiece/spiece.model"), *bytes;
  char *other = golden_path("tokenizer/identity/spiece.model");
  size_t size;
  copy_golden(s, "json");
  expect_ok(spiece, file_read(spiece, FILE_LIMIT, &bytes, &size, &err), &err);
  scratch_write(s, "spiece.model", bytes, size);
  expect_ok("agree", open_folder(s->dir, NULL, &err), &err);
  char *score = memmem(bytes, size, "\xe2\x96\x81the", 6);
  assert_non_null(score);
  score[6 + 1 + 2] ^= 1; /* behind the text and the tag of the score */
  scratch_write(s, "spiece.model", bytes, size);
  expect_error("score", open_folder(s->dir, NULL, &err), &err, STATUS_MISMATCH,
               "spiece.model: piece |\xe2\x96\x81the' has score|tokenizer.json");
  free(bytes);
  err = (Error){0};
  expect_ok(other, file_read(other, FILE_LIMIT, &bytes, &size, &err), &err);
  scratch_write(s, "spiece.model", bytes, size);
  expect_error("pieces", open_folder(s->dir, NULL, &err), &err, STATUS_MISMATCH,
               "spiece.model: piece ");
  free(bytes);
  free(other);
  free(spiece);

  copy_golden(s, "plain");
  err = (Error){0};
  write_text(s, "tokenizer_config.json", "{\"eos_token\": \"<sep>\"}");
  expect_error("names", open_folder(s->dir, NULL, &err), &err, STATUS_MISMATCH,
               "eos_token is '<sep>', and '</s>' in");
  err = (Error){0};
  write_text(s, "tokenizer_config.json", "{\"added_tokens_decoder\": {}}");
  expect_error("decoder", open_folder(s->dir, NULL, &err), &err, STATUS_MISMATCH,
               "is not in added_tokens_decoder");
}

/* mT5's sentinels are pieces, whatever extra_ids says or does not say. */
static void sentinels_of_the_model_are_enough(void **state) {
  Scratch *s = *state;
  static const char *const configs[] = {"{}", "{\"extra_ids\": 0}", "{\"extra_ids\": 100}"};
  for (size_t i = 0; i < COUNT(configs); i++) {
    Error err = {0};
    Tokenizer *t;
    copy_golden(s, "mt5");
    write_text(s, "tokenizer_config.json", configs[i]);
    expect_ok(configs[i], tokenizer_open(&t, s->dir, &err), &err);
    assert_int_equal(tokenizer_size(t), 200 + 256 + 100);
    assert_int_equal(tokenizer_sentinel(t, 0), 555);
    assert_int_equal(tokenizer_sentinel(t, 99), 456);
    tokenizer_close(t);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(damaged_files_do_no_harm),
      cmocka_unit_test(truncated_files_are_refused),
      cmocka_unit_test(flipped_bits_do_no_harm),
      cmocka_unit_test(what_is_not_supported_is_named),
      cmocka_unit_test(impossible_values_are_refused),
      cmocka_unit_test(files_that_contradict_each_other_are_refused),
      cmocka_unit_test(sentinels_of_the_model_are_enough),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
