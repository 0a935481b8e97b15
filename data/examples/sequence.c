#include "data/examples/sequence.h"

#include <stdlib.h>
#include <string.h>

Status sequence_encode(const Tokenizer *t, const char *text, int64_t most, int32_t **ids,
                       int64_t *count, Error *err) {
  TRY(tokenizer_encode(t, text, strlen(text), ids, count, err));
  if (*count > most - 1) *count = most - 1;
  int32_t *grown = realloc(*ids, (size_t)(*count + 1) * sizeof *grown);
  if (!grown) {
    free(*ids);
    *ids = NULL;
    return error_set(err, STATUS_RUN, "out of memory: the tokens of a text");
  }
  grown[(*count)++] = tokenizer_eos(t);
  *ids = grown;
  return STATUS_OK;
}

void sequence_shift_right(const int32_t *ids, int64_t n, int32_t start, int32_t *out) {
  out[0] = start;
  memcpy(out + 1, ids, (size_t)(n - 1) * sizeof *ids);
}
