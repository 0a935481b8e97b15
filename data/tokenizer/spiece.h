/* spiece: the file spiece.model of SentencePiece, read without SentencePiece.
 *
 * It is a protobuf message (sentencepiece_model.proto); the fields that matter:
 *
 *   ModelProto       1: repeated SentencePiece   2: TrainerSpec   3: NormalizerSpec
 *                    5: NormalizerSpec of decoding
 *   SentencePiece    1: piece (string)   2: score (float)   3: type (enum 1..6)
 *   TrainerSpec      3: model_type (enum; 1: unigram)   24: treat_whitespace_as_suffix
 *   NormalizerSpec   2: precompiled_charsmap (bytes; see charsmap.c)   3: add_dummy_prefix
 *                    4: remove_extra_whitespaces   5: escape_whitespaces */
#ifndef SKEIN_SPIECE_H
#define SKEIN_SPIECE_H

#include "data/tokenizer/pieces.h"

enum { SPIECE_FILE_MAX = 64 << 20 };

typedef enum SpieceType {
  SPIECE_NORMAL = 1,
  SPIECE_UNKNOWN,
  SPIECE_CONTROL,
  SPIECE_USER_DEFINED,
  SPIECE_UNUSED,
  SPIECE_BYTE
} SpieceType;

typedef struct Spiece {
  Pieces pieces;       /* without an index: more may be added */
  float *score;        /* [pieces] finite */
  unsigned char *type; /* [pieces] of SpieceType */
  int32_t unk;
  const unsigned char *rules; /* of the normaliser, in the data read, not checked yet */
  size_t rules_size;
} Spiece;

/* STATUS_INPUT, naming file, byte and piece, unless the data are a well-formed unigram model with
 * finite scores, UTF-8 pieces and one unknown piece, in which nothing is set otherwise than T5 has
 * it. On failure there is nothing to free. */
Status spiece_read(Spiece *s, const unsigned char *data, size_t size, const char *path, Error *err);
void spiece_free(Spiece *s);

#endif
