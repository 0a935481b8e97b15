#include "tests/spiece_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void message_add(Message *m, const void *bytes, size_t size) {
  if (m->size + size > m->room) {
    m->room = 2 * (m->size + size);
    m->bytes = realloc(m->bytes, m->room);
    assert_non_null(m->bytes);
  }
  if (size) memcpy(m->bytes + m->size, bytes, size);
  m->size += size;
}

static void message_varint(Message *m, uint64_t value) {
  do {
    unsigned char byte = (unsigned char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    message_add(m, &byte, 1);
    value >>= 7;
  } while (value);
}

void message_bytes(Message *m, int field, const void *bytes, size_t size) {
  message_varint(m, (uint64_t)field << 3 | 2);
  message_varint(m, size);
  message_add(m, bytes, size);
}

void message_number(Message *m, int field, uint64_t value) {
  message_varint(m, (uint64_t)field << 3);
  message_varint(m, value);
}

void message_piece(Message *m, const char *text, size_t size, uint32_t score, uint64_t type) {
  Message piece = {0};
  message_bytes(&piece, 1, text, size);
  message_varint(&piece, 2 << 3 | 5);
  message_add(&piece, &score, 4);
  message_number(&piece, 3, type);
  message_bytes(m, 1, piece.bytes, piece.size);
  free(piece.bytes);
}

Message small_model(void) {
  Message m = {0};
  message_piece(&m, "<pad>", 5, 0, CONTROL);
  message_piece(&m, "</s>", 4, 0, CONTROL);
  message_piece(&m, "<unk>", 5, 0, UNKNOWN);
  message_piece(&m, "\xe2\x96\x81", 3, SCORE, NORMAL);
  message_piece(&m, "a", 1, SCORE, NORMAL);
  message_piece(&m, "b", 1, SCORE, NORMAL);
  return m;
}

Status open_model(Scratch *s, const void *bytes, size_t size, Tokenizer **t, Error *err) {
  return tokenizer_open(t, scratch_write(s, "spiece.model", bytes ? bytes : "", size), err);
}

Status try_model(Scratch *s, const void *bytes, size_t size, Error *err) {
  static const char text[] =
      " a bab<extra_id_0> caf\xc3\xa9 e\xcc\x81 \xef\xac\x81 \xe6\x97\xa5\xe6\x9c\xac "
      "x\xf0\x9f\x99\x82";
  Tokenizer *t;
  Status status = open_model(s, bytes, size, &t, err);
  if (status != STATUS_OK) {
    assert_null(t);
    return status;
  }
  int32_t *ids;
  int64_t count;
  char *back;
  expect_ok("encode", tokenizer_encode(t, text, sizeof text - 1, &ids, &count, err), err);
  for (int64_t i = 0; i < count; i++) assert_true(ids[i] >= 0 && ids[i] < tokenizer_size(t));
  expect_ok("decode", tokenizer_decode(t, ids, count, &back, err), err);
  free(back);
  free(ids);
  tokenizer_close(t);
  return STATUS_OK;
}

void refuse_model(Scratch *s, const char *what, Message m, const char *words) {
  Error err = {0};
  expect_error(what, try_model(s, m.bytes, m.size, &err), &err, STATUS_INPUT, words);
  free(m.bytes);
}
