#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "data/examples/sequence.h"
#include "infer/predict/predict_internal.h"

void tokens_free(TokenList *t) {
  free(t->ids);
  free(t->offset);
  *t = (TokenList){0};
}

int64_t tokens_total(const TokenList *t) {
  return t->count ? t->offset[t->count] : 0;
}

void tokens_keep(TokenList *t, int64_t count) {
  t->count = count;
}

static Status append_ids(TokenList *t, const int32_t *ids, int64_t n, Error *err) {
  int64_t at = tokens_total(t);
  int32_t *all = array_grow(t->ids, (size_t)at, (size_t)n, sizeof *all);
  if (all) t->ids = all;
  size_t texts = (size_t)t->count, offsets = texts ? texts + 1 : 0;
  int64_t *offset = array_grow(t->offset, offsets, texts + 2 - offsets, sizeof *offset);
  if (offset) t->offset = offset;
  if (!all || !offset) return error_set(err, STATUS_RUN, "out of memory: the tokens of the items");
  memcpy(t->ids + at, ids, (size_t)n * sizeof *ids);
  t->offset[t->count] = at;
  t->offset[++t->count] = at + n;
  return STATUS_OK;
}

Status tokens_add(TokenList *t, const Tokenizer *tokenizer, const char *text, int64_t most,
                  SequenceLoss *loss, Error *err) {
  int32_t *ids;
  int64_t n;
  TRY(sequence_encode_watched(tokenizer, text, most, &ids, &n, loss, err));
  Status status = append_ids(t, ids, n, err);
  free(ids);
  return status;
}
