/* How BERT's tokenizers prepare and cut texts, beside the library `tokenizers`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/tokenizer/bert_text.h"
#include "data/tokenizer/pre_tokenizer.h"
#include "data/tokenizer/unicode.h"
#include "tests/scratch.h"
#include "tests/testing.h"

static const char *row_text(const json_t *row, size_t i) {
  return json_string_value(json_array_get(row, i));
}

static void check_prepared(const json_t *row, size_t i, BertText how) {
  Error err = {0};
  TokenText got = {0};
  const char *text = row_text(row, 0), *want = row_text(row, i);
  expect_ok(text, bert_text_apply(&how, (TextPart){text, strlen(text), 0}, &got, &err), &err);
  assert_int_equal(got.size, strlen(want));
  if (got.size) assert_memory_equal(got.text, want, got.size);
  text_free(&got);
}

typedef struct Words {
  const json_t *want;
  size_t count;
} Words;

static Status check_word(void *arg, TextPart word, Error *err) {
  (void)err;
  Words *w = arg;
  const char *want = json_string_value(json_array_get(w->want, w->count++));
  assert_non_null(want);
  assert_int_equal(word.size, strlen(want));
  assert_memory_equal(word.text, want, word.size);
  return STATUS_OK;
}

static void texts_are_prepared_as_by_tokenizers(void **state) {
  (void)state;
  json_t *golden = golden_json("sentence/expected.json"), *row;
  size_t i;
  assert_true(json_array_size(json_object_get(golden, "prepared")) > 100);
  json_array_foreach(json_object_get(golden, "prepared"), i, row) {
    Error err = {0};
    check_prepared(row, 1, (BertText){true, true, true, true});
    check_prepared(row, 2, (BertText){true, true, false, true});
    const char *text = row_text(row, 1);
    Words words = {json_array_get(row, 3), 0};
    expect_ok(text,
              pre_tokenizer_apply(&PRE_TOKENIZER_BERT, (TextPart){text, strlen(text), 0},
                                  check_word, &words, &err),
              &err);
    assert_int_equal(words.count, json_array_size(words.want));
  }
  json_decref(golden);
}

/* By hand: what each switch does, and that one that is off does nothing. */
static void each_switch_does_its_own(void **state) {
  (void)state;
  static const struct {
    BertText how;
    const char *text, *want;
  } CASES[] = {
      {{0}, "\xc3\x89\x01\t\xe4\xb8\x96", "\xc3\x89\x01\t\xe4\xb8\x96"},
      {{.clean = true}, "a\x01\tb\xef\xbf\xbd", "a b"},
      {{.chinese = true}, "a\xe4\xb8\x96", "a \xe4\xb8\x96 "},
      {{.strip_accents = true}, "\xc3\x89", "E"},
      {{.lowercase = true}, "\xc3\x89", "\xc3\xa9"},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    Error err = {0};
    TokenText got = {0};
    TextPart part = {CASES[i].text, strlen(CASES[i].text), 0};
    expect_ok(CASES[i].text, bert_text_apply(&CASES[i].how, part, &got, &err), &err);
    assert_int_equal(got.size, strlen(CASES[i].want));
    assert_memory_equal(got.text, CASES[i].want, got.size);
    text_free(&got);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_are_prepared_as_by_tokenizers),
      cmocka_unit_test(each_switch_does_its_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
