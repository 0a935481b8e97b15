#include "data/tokenizer/spiece_check.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

#include "data/text/utf8.h"

/* A place in a message. */
typedef struct Wire {
  const unsigned char *begin, *at, *end; /* of the file; in this message */
  const char *path;
  Error *err;
} Wire;

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

typedef struct Field {
  uint64_t number;
  int type;
  uint64_t value; /* of a varint or fixed field */
  Wire body;      /* of a field of bytes */
} Field;

static Status wire_error(const Wire *w, const char *what) {
  return error_set(w->err, STATUS_INPUT,
                   "%s: byte %td: %s; is this the spiece.model of a T5 checkpoint?", w->path,
                   w->at - w->begin, what);
}

static Status read_varint(Wire *w, uint64_t *value) {
  *value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (w->at == w->end) return wire_error(w, "the model is cut short");
    unsigned char byte = *w->at++;
    if (shift < 64) *value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return STATUS_OK;
  }
  return wire_error(w, "a number has more than 10 bytes");
}

static Status read_fixed(Wire *w, int size, uint64_t *value) {
  if (w->end - w->at < size) return wire_error(w, "the model is cut short");
  *value = 0;
  for (int i = 0; i < size; i++) *value |= (uint64_t)*w->at++ << 8 * i;
  return STATUS_OK;
}

/* Reads the field at w; the message must not be at its end. */
static Status read_field(Wire *w, Field *f) {
  uint64_t tag;
  const unsigned char *start = w->at;
  TRY(read_varint(w, &tag));
  *f = (Field){.number = tag >> 3, .type = (int)(tag & 7)};
  switch (f->number ? f->type : -1) {
    case VARINT:
      return read_varint(w, &f->value);
    case FIXED32:
      return read_fixed(w, 4, &f->value);
    case FIXED64:
      return read_fixed(w, 8, &f->value);
    case BYTES:
      break;
    default:
      w->at = start;
      return wire_error(w, "not a field of a SentencePiece model");
  }
  uint64_t size;
  TRY(read_varint(w, &size));
  if (size > (uint64_t)(w->end - w->at)) return wire_error(w, "a field is longer than its message");
  f->body = *w;
  f->body.end = w->at + size;
  w->at += size;
  return STATUS_OK;
}

enum { NORMAL = 1, USER_DEFINED = 4, TYPES = 6, UNIGRAM = 1 };

static Status piece_error(const Wire *w, int64_t index, const char *what) {
  return error_set(w->err, STATUS_INPUT, "%s: byte %td: piece %" PRId64 ": %s", w->path,
                   w->at - w->begin, index, what);
}

static Status check_piece_text(const Wire *w, int64_t index) {
  size_t size = (size_t)(w->end - w->at);
  if (size == 0) return piece_error(w, index, "is empty");
  if (size > SPIECE_BYTES) return piece_error(w, index, "is longer than 4096 bytes");
  if (utf8_valid((const char *)w->at, size) < size) return piece_error(w, index, "is not UTF-8");
  return STATUS_OK;
}

static Status check_piece(Wire w, int64_t index) {
  Wire start = w;
  uint64_t type = NORMAL;
  bool named = false, scored = true;
  size_t size = 0;
  while (w.at < w.end) {
    Field f;
    TRY(read_field(&w, &f));
    if (f.number == 1 && f.type == BYTES) {
      TRY(check_piece_text(&f.body, index));
      size = (size_t)(f.body.end - f.body.at);
      named = true;
    } else if (f.number == 2 && f.type == FIXED32) {
      uint32_t bits = (uint32_t)f.value;
      scored = scored && (bits & 0x7f800000) != 0x7f800000; /* the exponent of NaN and Inf */
    } else if (f.number == 3 && f.type == VARINT) {
      type = f.value;
    } else if (f.number <= 3) {
      return piece_error(&start, index, "has a field of the wrong type");
    }
  }
  if (!named) return piece_error(&start, index, "is empty");
  if (!scored) return piece_error(&start, index, "its score is not finite");
  if (type < NORMAL || type > TYPES) return piece_error(&start, index, "its type is unknown");
  if (type == USER_DEFINED && size > SPIECE_USER_BYTES) {
    return piece_error(&start, index, "is user-defined and longer than 64 bytes");
  }
  return STATUS_OK;
}

static Status check_trainer(Wire w) {
  while (w.at < w.end) {
    Field f;
    TRY(read_field(&w, &f));
    if (f.number == 3 && (f.type != VARINT || f.value != UNIGRAM)) {
      return wire_error(&w, "the model is not of the unigram type");
    }
  }
  return STATUS_OK;
}

static Status check_normalizer(Wire w, bool decoding) {
  while (w.at < w.end) {
    Field f;
    TRY(read_field(&w, &f));
    if (f.number != 2 || f.type != BYTES || f.body.at == f.body.end) continue;
    if (decoding) return wire_error(&w, "rules that rewrite decoded text are not supported");
    const char *fault = charsmap_fault(f.body.at, (size_t)(f.body.end - f.body.at));
    if (!fault) continue;
    return error_set(w.err, STATUS_INPUT, "%s: byte %td: the rules of the normaliser: %s", w.path,
                     f.body.at - w.begin, fault);
  }
  return STATUS_OK;
}

Status spiece_check(const unsigned char *data, size_t size, const char *path, Error *err) {
  Wire w = {.begin = data, .at = data, .end = data + size, .path = path, .err = err};
  int64_t pieces = 0;
  while (w.at < w.end) {
    Field f;
    TRY(read_field(&w, &f));
    if (f.number > 5) continue;
    if (f.type != BYTES) return wire_error(&w, "a field has the wrong type");
    if (f.number == 1 && pieces == SPIECE_COUNT_MAX) return wire_error(&w, "too many pieces");
    if (f.number == 1) TRY(check_piece(f.body, pieces++));
    if (f.number == 2) TRY(check_trainer(f.body));
    if (f.number == 3) TRY(check_normalizer(f.body, false));
    if (f.number == 5) TRY(check_normalizer(f.body, true));
  }
  return pieces ? STATUS_OK : wire_error(&w, "the model has no pieces");
}
