#include <stdlib.h>
#include <string.h>

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

/* Room for `least` elements in *array; it at least doubles. */
static Status grow_array(void **array, int64_t *room, int64_t least, size_t size, Error *err) {
  if (least <= *room) return STATUS_OK;
  int64_t wanted = least > 2 * *room ? least : 2 * *room;
  void *grown = realloc(*array, (size_t)wanted * size);
  if (!grown) return error_set(err, STATUS_RUN, "out of memory: the tokens of the items");
  *array = grown;
  *room = wanted;
  return STATUS_OK;
}

static Status append_ids(TokenList *t, const int32_t *ids, int64_t n, Error *err) {
  int64_t at = tokens_total(t);
  void *all = t->ids, *offset = t->offset;
  Status status = grow_array(&all, &t->id_room, at + n, sizeof *t->ids, err);
  if (status == STATUS_OK) {
    status = grow_array(&offset, &t->text_room, t->count + 2, sizeof *t->offset, err);
  }
  t->ids = all;
  t->offset = offset;
  TRY(status);
  memcpy(t->ids + at, ids, (size_t)n * sizeof *ids);
  t->offset[t->count] = at;
  t->offset[++t->count] = at + n;
  return STATUS_OK;
}

Status tokens_add(TokenList *t, const Tokenizer *tokenizer, const char *text, int64_t most,
                  Error *err) {
  int32_t *ids;
  int64_t n;
  TRY(sequence_encode(tokenizer, text, most, &ids, &n, err));
  Status status = append_ids(t, ids, n, err);
  free(ids);
  return status;
}
