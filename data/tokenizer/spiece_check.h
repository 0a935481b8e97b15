/* spiece_check: what a spiece.model must be before SentencePiece may see it.
 *
 * SentencePiece 0.1.97 trusts its model files: it follows the trie of the normaliser wherever it
 * points, collects prefix matches in arrays of fixed size, recurses once a byte of a piece, and
 * compares scores without a thought of NaN. So the file is walked here first. It is a protobuf
 * message (sentencepiece_model.proto); the fields that matter:
 *
 *   ModelProto       1: repeated SentencePiece   2: TrainerSpec   3: NormalizerSpec
 *                    5: NormalizerSpec of decoding
 *   SentencePiece    1: piece (string)   2: score (float)   3: type (enum 1..6)
 *   TrainerSpec      3: model_type (enum; 1: unigram)
 *   NormalizerSpec   2: precompiled_charsmap (bytes; see spiece_charsmap.c) */
#ifndef SKEIN_SPIECE_CHECK_H
#define SKEIN_SPIECE_CHECK_H

#include <stddef.h>

#include "autograd/ground/status.h"

enum {
  SPIECE_FILE_MAX = 64 << 20,
  SPIECE_COUNT_MAX = 10000000,
  SPIECE_BYTES = 4096,   /* of a piece: SentencePiece recurses as deep as a piece is long */
  SPIECE_USER_BYTES = 64 /* of a user-defined piece: at most so many of them match at one place */
};

/* STATUS_INPUT, naming file, byte and piece, unless the model is a well-formed unigram model with
 * finite scores, UTF-8 pieces and a sound normaliser. */
Status spiece_check(const unsigned char *data, size_t size, const char *path, Error *err);

/* NULL when the compiled rules of the normaliser are sound, otherwise what is wrong. */
const char *charsmap_fault(const unsigned char *data, size_t size);

#endif
