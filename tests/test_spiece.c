/* Malformed and hostile spiece.model files: each is refused in one line, none crashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "data/file/file.h"
#include "data/tokenizer/spiece.h"
#include "data/tokenizer/tokenizer.h"
#include "tests/scratch.h"
#include "tests/spiece_model.h"
#include "tests/testing.h"

static void a_small_model_works(void **state) {
  Scratch *s = *state;
  Message m = small_model();
  Error err = {0};
  Tokenizer *t;
  expect_ok("open", open_model(s, m.bytes, m.size, &t, &err), &err);
  int32_t *ids;
  int64_t count;
  static const int32_t want[] = {3, 4, 5, 2, 3, 4};
  expect_ok("encode", tokenizer_encode(t, "abcd a", 6, &ids, &count, &err), &err);
  assert_int_equal(count, 6);
  assert_memory_equal(ids, want, sizeof want);
  free(ids);
  tokenizer_close(t);
  free(m.bytes);
}

static void malformed_messages_are_refused(void **state) {
  Scratch *s = *state;
  static const struct {
    const char *what, *tail;
    size_t size;
    const char *words;
  } tails[] = {
      {"cut varint", "\x80", 1, "spiece.model: byte|cut short"},
      {"long varint", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, "more than 10 bytes"},
      {"length past the end",
       "\x0a\x05"
       "ab",
       4, "longer than its message"},
      {"length 2^63", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10, "longer than its message"},
      {"group", "\x0b\x0c", 2, "not a field"},
      {"end of group", "\x0c", 1, "not a field"},
      {"wire type 7", "\x0f", 1, "not a field"},
      {"pieces as number", "\x08\x01", 2, "wrong type"},
      {"field 0", "\x02\x00", 2, "not a field"},
      {"cut float", "\x0a\x03\x15\x00\x00", 5, "cut short"},
      {"empty piece", "\x0a\x02\x0a\x00", 4, "piece 6: is empty"},
      {"no piece text", "\x0a\x00", 2, "piece 6: is empty"},
      {"piece as number", "\x0a\x02\x08\x01", 4, "piece 6: has a field of the wrong type"},
      {"bpe", "\x12\x02\x18\x02", 4, "not of the unigram type"},
      {"type 99", "\x12\x02\x18\x63", 4, "not of the unigram type"},
  };
  for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
    Message m = small_model();
    message_add(&m, tails[i].tail, tails[i].size);
    refuse_model(s, tails[i].what, m, tails[i].words);
  }
  refuse_model(s, "nothing", (Message){0}, "no pieces");
  Message m = {0};
  message_add(&m, "{\"version\": \"1.0\"}", 18);
  refuse_model(s, "JSON", m, "not a field|spiece.model of a T5 checkpoint");
}

static void bad_pieces_are_refused(void **state) {
  Scratch *s = *state;
  static const uint32_t scores[] = {0x7fc00000, 0x7f800000, 0xff800000, 0xffffffff};
  for (int i = 0; i < 4; i++) {
    Message m = small_model();
    message_piece(&m, "c", 1, scores[i], NORMAL);
    refuse_model(s, "score", m, "piece 6: its score is not finite");
  }
  static const uint64_t types[] = {0, 7, 99, UINT64_MAX};
  for (int i = 0; i < 4; i++) {
    Message m = small_model();
    message_piece(&m, "c", 1, SCORE, types[i]);
    refuse_model(s, "type", m, "piece 6: its type is unknown");
  }
  static const char *const texts[] = {"\xff", "a\xc3", "\xed\xa0\x80"};
  for (int i = 0; i < 3; i++) {
    Message m = small_model();
    message_piece(&m, texts[i], strlen(texts[i]), SCORE, NORMAL);
    refuse_model(s, "bytes", m, "piece 6: is not UTF-8");
  }
  Message cut = small_model();
  message_piece(&cut, "a\0b", 3, SCORE, NORMAL);
  refuse_model(s, "NUL", cut, "piece 6: has a NUL byte");
  char *huge = calloc(1, 5 << 20);
  assert_non_null(huge);
  memset(huge, 'a', 5 << 20);
  static const size_t sizes[] = {4097, 100000, 5 << 20};
  for (int i = 0; i < 3; i++) {
    Message m = small_model();
    message_piece(&m, huge, sizes[i], SCORE, NORMAL);
    refuse_model(s, "long", m, "piece 6: is longer than 4096 bytes");
  }
  Message longest = small_model();
  message_piece(&longest, huge, 4096, SCORE, NORMAL);
  for (size_t n = 2; n <= 64; n++) message_piece(&longest, huge, n, SCORE, USER);
  Error err = {0};
  expect_ok("longest", try_model(s, longest.bytes, longest.size, &err), &err);
  free(longest.bytes);
  free(huge);
}

static void impossible_vocabularies_are_refused(void **state) {
  Scratch *s = *state;
  Message m = small_model();
  message_piece(&m, "a", 1, SCORE, NORMAL);
  refuse_model(s, "duplicate", m, "already defined");
  m = small_model();
  message_piece(&m, "<unknown>", 9, SCORE, UNKNOWN);
  refuse_model(s, "two unknown", m, "unk is already defined");
  m = (Message){0};
  message_piece(&m, "<pad>", 5, 0, CONTROL);
  message_piece(&m, "</s>", 4, 0, CONTROL);
  message_piece(&m, "a", 1, SCORE, NORMAL);
  refuse_model(s, "no unknown", m, "unk is not defined");
  m = (Message){0};
  message_piece(&m, "<pad>", 5, 0, CONTROL);
  message_piece(&m, "<unk>", 5, 0, UNKNOWN);
  message_piece(&m, "a", 1, SCORE, NORMAL);
  refuse_model(s, "no end", m, "has no end (</s>) piece");
  m = (Message){0};
  message_piece(&m, "</s>", 4, 0, CONTROL);
  message_piece(&m, "<unk>", 5, 0, UNKNOWN);
  message_piece(&m, "a", 1, SCORE, NORMAL);
  refuse_model(s, "no padding", m, "has no padding (<pad>) piece");
  m = (Message){0};
  message_piece(&m, "<unk>", 5, 0, UNKNOWN);
  refuse_model(s, "nothing normal", m, "has no end (</s>) piece");
  m = (Message){0};
  message_piece(&m, "<pad>", 5, 0, CONTROL);
  message_piece(&m, "</s>", 4, 0, UNKNOWN);
  refuse_model(s, "same", m, "are the same");
}

static void read_golden(char **model, size_t *size) {
  char *path = golden_path("tokenizer/nfkc/spiece.model");
  Error err = {0};
  expect_ok(path, file_read(path, 1 << 24, model, size, &err), &err);
  free(path);
}

static void truncated_models_are_refused(void **state) {
  Scratch *s = *state;
  char *model;
  size_t size;
  read_golden(&model, &size);
  for (size_t n = 0; n<size; n += n> 3000 ? 5000u : 7u) {
    Error err = {0};
    Spiece read;
    if (spiece_read(&read, (unsigned char *)model, n, "cut", &err) == STATUS_OK) {
      spiece_free(&read);
      err = (Error){0}; /* cut between two fields: a smaller model, or none */
      try_model(s, model, n, &err);
    } else {
      assert_int_equal(err.status, STATUS_INPUT);
    }
  }
  free(model);
}

/* Damage anywhere gives a refusal or a tokenizer that works; sanitizers watch. */
static void damaged_models_do_no_harm(void **state) {
  Scratch *s = *state;
  char *model;
  size_t size;
  read_golden(&model, &size);
  Rng rng = {.key = rng_key(1, 0, 0, 0)};
  int refused = 0;
  for (int round = 0; round < 150; round++) {
    /* Two thirds of the damage in the pieces and specs, the rest in the rules. */
    size_t at[4];
    char was[4];
    for (int k = 0; k < 4; k++) {
      at[k] = rng_below(&rng, round % 3 ? 4096 : size);
      was[k] = model[at[k]];
      model[at[k]] = (char)(was[k] ^ 1 << rng_below(&rng, 8));
    }
    Error err = {0};
    refused += try_model(s, model, size, &err) != STATUS_OK;
    for (int k = 3; k >= 0; k--) model[at[k]] = was[k];
  }
  assert_true(refused > 0);
  free(model);
}

static void the_wrong_files_are_named(void **state) {
  Scratch *s = *state;
  Error err = {0};
  Tokenizer *t;
  char dir[64];
  strcpy(dir, s->dir);
  remove(scratch_path(s, "spiece.model"));
  expect_error("empty", tokenizer_open(&t, dir, &err), &err, STATUS_INPUT,
               "has no tokenizer.json, spiece.model or vocab.txt");
  scratch_write(s, "tokenizer.json", "{}", 2);
  err = (Error){0};
  expect_error("json", tokenizer_open(&t, dir, &err), &err, STATUS_INPUT,
               "tokenizer.json: model is no object");
  remove(scratch_path(s, "tokenizer.json"));
  err = (Error){0};
  expect_error("none", tokenizer_open(&t, scratch_path(s, "nothing"), &err), &err, STATUS_INPUT,
               "nothing|No such file");
  Message m = small_model();
  scratch_write(s, "spiece.model", m.bytes, m.size);
  free(m.bytes);
  static const struct {
    const char *config, *words;
  } bad[] = {{"{\"extra_ids\": -1}", "tokenizer_config.json|extra_ids"},
             {"{\"extra_ids\": \"100\"}", "extra_ids|a string"},
             {"{\"extra_ids\": 99999999999}", "extra_ids"},
             {"{\"extra_ids\": 1", "tokenizer_config.json|line 1"},
             {"[]", "tokenizer_config.json"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    scratch_write(s, "tokenizer_config.json", bad[i].config, strlen(bad[i].config));
    err = (Error){0};
    expect_error(bad[i].config, tokenizer_open(&t, dir, &err), &err, STATUS_INPUT, bad[i].words);
  }
  scratch_write(s, "tokenizer_config.json", "{\"extra_ids\": 0}", 16);
  err = (Error){0};
  expect_ok("no sentinels", tokenizer_open(&t, dir, &err), &err);
  assert_int_equal(tokenizer_size(t), 6);
  assert_int_equal(tokenizer_sentinel(t, 0), -1);
  tokenizer_close(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_small_model_works),
      cmocka_unit_test(malformed_messages_are_refused),
      cmocka_unit_test(bad_pieces_are_refused),
      cmocka_unit_test(impossible_vocabularies_are_refused),
      cmocka_unit_test(truncated_models_are_refused),
      cmocka_unit_test(damaged_models_do_no_harm),
      cmocka_unit_test(the_wrong_files_are_named),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
