#include "infer/t5/base.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

Status base_check_vocabulary(const T5 *model, const Tokenizer *tokenizer, Error *err) {
  int64_t rows = model->config.vocab_size;
  int32_t size = tokenizer_size(tokenizer);
  if (size <= rows) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s: vocabulary of %" PRId32
                   " ids (sentinels and added tokens included) is larger than the "
                   "embedding of %" PRId64 " rows; use the tokenizer of this base",
                   tokenizer_path(tokenizer), size, rows);
}

static Status refuse_bytes(const char *dir, Error *err) {
  return error_set(
      err, STATUS_INPUT,
      "%s/config.json: tokenizer_class: is ByT5Tokenizer, whose tokens are bytes; only "
      "the pieces of a spiece.model or tokenizer.json are read",
      dir);
}

static Status refuse_begin(const Tokenizer *t, Error *err) {
  return error_set(err, STATUS_INPUT,
                   "%s: model: is %s and puts a token before every text, which T5 does not read; "
                   "want the tokenizer of this base",
                   tokenizer_path(t), tokenizer_kind(t));
}

typedef Status OpenModel(T5 **model, const char *dir, Error *err);

static Status open_parts(Base *base, const char *dir, OpenModel *open, Error *err) {
  base->dir = strdup(dir);
  if (!base->dir) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  TRY(open(&base->model, dir, err));
  if (base->model->config.bytes) return refuse_bytes(dir, err);
  TRY(tokenizer_open(&base->tokenizer, dir, err));
  if (tokenizer_begin(base->tokenizer) >= 0) return refuse_begin(base->tokenizer, err);
  return base_check_vocabulary(base->model, base->tokenizer, err);
}

static Status open_with(Base *base, const char *dir, OpenModel *open, Error *err) {
  *base = (Base){0};
  Status status = open_parts(base, dir, open, err);
  if (status != STATUS_OK) base_close(base);
  return status;
}

Status base_open(Base *base, const char *dir, Error *err) {
  return open_with(base, dir, t5_open, err);
}

Status base_open_encoder(Base *base, const char *dir, Error *err) {
  return open_with(base, dir, t5_open_encoder, err);
}

void base_close(Base *base) {
  tokenizer_close(base->tokenizer);
  t5_close(base->model);
  free(base->dir);
  *base = (Base){0};
}

Status base_sample(Base *base, Error *err) {
  return base->sample[0] ? STATUS_OK : t5_sample(base->model, base->sample, err);
}
