#include "data/examples/sequence.h"

#include <stdlib.h>
#include <string.h>

Status sequence_encode(const Tokenizer *t, const char *text, int64_t most, int32_t **ids,
                       int64_t *count, Error *err) {
  return sequence_encode_watched(t, text, most, ids, count, &(SequenceLoss){0}, err);
}

static int64_t count_unknown(const Tokenizer *t, const int32_t *ids, int64_t count) {
  int64_t unknown = 0;
  for (int64_t i = 0; i < count; i++) unknown += ids[i] == tokenizer_unknown(t);
  return unknown;
}

Status sequence_encode_watched(const Tokenizer *t, const char *text, int64_t most, int32_t **ids,
                               int64_t *count, SequenceLoss *loss, Error *err) {
  TRY(tokenizer_encode(t, text, strlen(text), ids, count, err));
  int64_t begin = tokenizer_begin(t) >= 0, whole = begin + *count + 1; /* with EOS */
  *count = whole > most ? most : whole;
  int32_t *grown = realloc(*ids, (size_t)*count * sizeof *grown);
  if (!grown) {
    free(*ids);
    *ids = NULL;
    return error_set(err, STATUS_RUN, "out of memory: the tokens of a text");
  }
  memmove(grown + begin, grown, (size_t)(*count - begin - 1) * sizeof *grown);
  if (begin) grown[0] = tokenizer_begin(t);
  grown[*count - 1] = tokenizer_eos(t);
  *ids = grown;
  sequence_loss_add(loss, &(SequenceLoss){.texts = 1,
                                          .cut = whole > most,
                                          .tokens = *count,
                                          .unknown = count_unknown(t, grown, *count),
                                          .longest = whole});
  return STATUS_OK;
}

void sequence_loss_add(SequenceLoss *sum, const SequenceLoss *more) {
  sum->texts += more->texts;
  sum->cut += more->cut;
  sum->tokens += more->tokens;
  sum->unknown += more->unknown;
  if (more->longest > sum->longest) sum->longest = more->longest;
}

bool sequence_is_unknown(const Tokenizer *t, const int32_t *ids, int64_t count) {
  static const char WORD[] = "\xe2\x96\x81"; /* U+2581 */
  bool found = false;
  for (int64_t i = 0; i < count; i++) {
    const char *piece = tokenizer_piece(t, ids[i]);
    bool unknown = ids[i] == tokenizer_unknown(t);
    bool nothing = ids[i] == tokenizer_eos(t) || (piece && strcmp(piece, WORD) == 0);
    if (!unknown && !nothing) return false;
    found |= unknown;
  }
  return found;
}

void sequence_shift_right(const int32_t *ids, int64_t n, int32_t start, int32_t *out) {
  out[0] = start;
  memcpy(out + 1, ids, (size_t)(n - 1) * sizeof *ids);
}
