#include "data/tokenizer/bert_text.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "data/tokenizer/unicode.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "tokenizer: out of memory");
}

/* Reading. */

static Status read_switch(const json_t *json, const char *key, bool *on, const char *path,
                          Error *err) {
  const json_t *value = json_object_get(json, key);
  *on = json_is_true(value);
  if (json_is_boolean(value)) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: normalizer: BertNormalizer: %s is no boolean", path,
                   key);
}

Status bert_text_read(BertText *b, const json_t *json, const char *path, Error *err) {
  const json_t *strip = json_object_get(json, "strip_accents");
  TRY(read_switch(json, "clean_text", &b->clean, path, err));
  TRY(read_switch(json, "handle_chinese_chars", &b->chinese, path, err));
  TRY(read_switch(json, "lowercase", &b->lowercase, path, err));
  b->strip_accents = b->lowercase;
  if (!strip || json_is_null(strip)) return STATUS_OK;
  return read_switch(json, "strip_accents", &b->strip_accents, path, err);
}

/* Rewriting. */

static bool is_ideograph(uint32_t c) {
  static const uint32_t RANGES[][2] = {{0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xf900, 0xfaff},
                                       {0x20000, 0x2a6df}, {0x2a700, 0x2b81f}, {0x2b920, 0x2ceaf},
                                       {0x2f800, 0x2fa1f}};
  for (size_t i = 0; i < sizeof RANGES / sizeof *RANGES; i++) {
    if (c >= RANGES[i][0] && c <= RANGES[i][1]) return true;
  }
  return false;
}

static Status add_character(TokenText *to, uint32_t c, Error *err) {
  char bytes[4];
  return text_add(to, bytes, utf8_write(c, bytes), err);
}

static Status clean_text(const BertText *b, TextPart from, TokenText *to, bool *ascii, Error *err) {
  *ascii = true;
  for (size_t at = 0, size; at < from.size; at += size) {
    uint32_t c = utf8_read(from.text + at, &size);
    if (b->clean && unicode_in(&UNICODE_BERT_DROPPED, c)) continue;
    if (b->clean && unicode_is_space(c)) c = ' ';
    bool apart = b->chinese && is_ideograph(c);
    if (apart) TRY(add_character(to, ' ', err));
    TRY(add_character(to, c, err));
    if (apart) TRY(add_character(to, ' ', err));
    if (c >= 0x80) *ascii = false;
  }
  return STATUS_OK;
}

static Status add_lowered(const BertText *b, TokenText *to, uint32_t c, Error *err) {
  if (b->strip_accents && unicode_in(&UNICODE_BERT_MARK, c)) return STATUS_OK;
  TRY(add_character(to, b->lowercase ? unicode_lower(c) : c, err));
  return b->lowercase && c == 0x130 ? add_character(to, 0x307, err) : STATUS_OK;
}

static Status add_decomposed(const BertText *b, const TokenText *text, TokenText *to, Error *err) {
  const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text->text;
  const utf8proc_option_t nfd = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;
  utf8proc_ssize_t size = (utf8proc_ssize_t)text->size;
  utf8proc_ssize_t count = utf8proc_decompose(bytes, size, NULL, 0, nfd);
  utf8proc_int32_t *character = count >= 0 ? calloc((size_t)count + 1, sizeof *character) : NULL;
  if (!character) return no_memory(err);
  utf8proc_decompose(bytes, size, character, count, nfd);
  Status status = STATUS_OK;
  for (utf8proc_ssize_t i = 0; i < count && status == STATUS_OK; i++)
    status = add_lowered(b, to, (uint32_t)character[i], err);
  free(character);
  return status;
}

static Status add_plain(const BertText *b, const TokenText *text, TokenText *to, Error *err) {
  for (size_t at = 0, size; at < text->size; at += size)
    TRY(add_lowered(b, to, utf8_read(text->text + at, &size), err));
  return STATUS_OK;
}

Status bert_text_apply(const BertText *b, TextPart from, TokenText *to, Error *err) {
  bool ascii;
  TokenText clean = {0};
  Status status = clean_text(b, from, &clean, &ascii, err);
  if (status == STATUS_OK) {
    status = b->strip_accents && !ascii ? add_decomposed(b, &clean, to, err)
                                        : add_plain(b, &clean, to, err);
  }
  text_free(&clean);
  return status;
}

/* Words. */

static bool is_punctuation(uint32_t c) {
  return unicode_in(&UNICODE_BERT_PUNCTUATION, c);
}

size_t bert_word_size(const char *text, size_t size) {
  size_t at = 0, bytes;
  while (at < size) {
    uint32_t c = utf8_read(text + at, &bytes);
    if (unicode_is_space(c)) break;
    if (is_punctuation(c)) return at > 0 ? at : bytes;
    at += bytes;
  }
  return at;
}
