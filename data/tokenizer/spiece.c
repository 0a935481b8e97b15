#include "data/tokenizer/spiece.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"

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

static Status piece_error(const Wire *w, int64_t index, const char *what) {
  return error_set(w->err, STATUS_INPUT, "%s: byte %td: piece %" PRId64 ": %s", w->path,
                   w->at - w->begin, index, what);
}

/* Room for what is known of one more piece. */
static Status add_entry(Spiece *s, float score, SpieceType type, const Wire *w) {
  size_t count = (size_t)s->pieces.count;
  float *scores = array_grow(s->score, count, 1, sizeof *scores);
  if (scores) s->score = scores;
  unsigned char *types = array_grow(s->type, count, 1, sizeof *types);
  if (types) s->type = types;
  if (!scores || !types) return error_set(w->err, STATUS_RUN, "%s: out of memory", w->path);
  s->score[count] = score;
  s->type[count] = (unsigned char)type;
  return STATUS_OK;
}

static Status add_piece(Spiece *s, const Wire *w, Wire text, uint32_t bits, uint64_t type) {
  int32_t index = s->pieces.count;
  if (!text.at) return piece_error(w, index, "is empty");
  if ((bits & 0x7f800000) == 0x7f800000) return piece_error(w, index, "its score is not finite");
  if (type < SPIECE_NORMAL || type > SPIECE_BYTE) {
    return piece_error(w, index, "its type is unknown");
  }
  if (type == SPIECE_UNKNOWN && s->unk >= 0) return piece_error(w, index, "unk is already defined");
  if (type == SPIECE_UNKNOWN) s->unk = index;
  float score;
  memcpy(&score, &bits, sizeof score);
  TRY(add_entry(s, score, (SpieceType)type, w));
  return pieces_add(&s->pieces, (const char *)text.at, (size_t)(text.end - text.at), w->path,
                    w->err);
}

static Status read_piece(Spiece *s, Wire w) {
  Wire start = w, text = {0};
  uint64_t type = SPIECE_NORMAL;
  uint32_t bits = 0;
  while (w.at < w.end) {
    Field f;
    TRY(read_field(&w, &f));
    if (f.number == 1 && f.type == BYTES) {
      text = f.body;
    } else if (f.number == 2 && f.type == FIXED32) {
      bits = (uint32_t)f.value;
    } else if (f.number == 3 && f.type == VARINT) {
      type = f.value;
    } else if (f.number <= 3) {
      return piece_error(&start, s->pieces.count, "has a field of the wrong type");
    }
  }
  return add_piece(s, &start, text, bits, type);
}

/* A yes or no of which T5's tokenizers know one alone. */
typedef struct Fixed {
  uint64_t number, value;
  const char *what;
} Fixed;

static Status read_spec(Wire w, const Fixed *fixed, size_t count) {
  while (w.at < w.end) {
    Field f;
    TRY(read_field(&w, &f));
    for (size_t i = 0; i < count; i++) {
      if (f.number != fixed[i].number || (f.type == VARINT && f.value == fixed[i].value)) continue;
      return wire_error(&w, fixed[i].what);
    }
  }
  return STATUS_OK;
}

static Status read_trainer(Wire w) {
  static const Fixed FIXED[] = {
      {3, 1, "the model is not of the unigram type"},
      {24, 0, "white space that ends words (treat_whitespace_as_suffix) is not supported"}};
  return read_spec(w, FIXED, sizeof FIXED / sizeof *FIXED);
}

/* What differs here is obeyed by SentencePiece and not by T5Tokenizer of transformers 5. */
static Status read_normalizer(Spiece *s, Wire w) {
  static const Fixed FIXED[] = {{3, 1, "add_dummy_prefix: false is not supported"},
                                {4, 1, "remove_extra_whitespaces: false is not supported"},
                                {5, 1, "escape_whitespaces: false is not supported"}};
  TRY(read_spec(w, FIXED, sizeof FIXED / sizeof *FIXED));
  while (w.at < w.end) {
    Field f;
    TRY(read_field(&w, &f));
    if (f.number != 2 || f.type != BYTES) continue;
    s->rules = f.body.at;
    s->rules_size = (size_t)(f.body.end - f.body.at);
  }
  return STATUS_OK;
}

static Status read_denormalizer(Wire w) {
  while (w.at < w.end) {
    Field f;
    TRY(read_field(&w, &f));
    if (f.number != 2 || f.type != BYTES || f.body.at == f.body.end) continue;
    return wire_error(&w, "rules that rewrite decoded text are not supported");
  }
  return STATUS_OK;
}

static Status read_model(Spiece *s, Wire *w) {
  while (w->at < w->end) {
    Field f;
    TRY(read_field(w, &f));
    if (f.number > 5) continue;
    if (f.type != BYTES) return wire_error(w, "a field has the wrong type");
    if (f.number == 1) TRY(read_piece(s, f.body));
    if (f.number == 2) TRY(read_trainer(f.body));
    if (f.number == 3) TRY(read_normalizer(s, f.body));
    if (f.number == 5) TRY(read_denormalizer(f.body));
  }
  if (s->pieces.count == 0) return wire_error(w, "the model has no pieces");
  return s->unk < 0 ? wire_error(w, "unk is not defined: no piece is of the unknown type")
                    : STATUS_OK;
}

Status spiece_read(Spiece *s, const unsigned char *data, size_t size, const char *path,
                   Error *err) {
  Wire w = {.begin = data, .at = data, .end = data + size, .path = path, .err = err};
  *s = (Spiece){.unk = -1};
  Status status = read_model(s, &w);
  if (status != STATUS_OK) spiece_free(s);
  return status;
}

void spiece_free(Spiece *s) {
  pieces_free(&s->pieces);
  free(s->score);
  free(s->type);
  *s = (Spiece){0};
}
