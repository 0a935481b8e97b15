/* A tokenizer from a spiece.model. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/tokenizer/spiece.h"
#include "data/tokenizer/tokenizer_internal.h"
#include "data/tokenizer/unigram.h"

static bool has_sentinels(const Pieces *p) {
  static const char first[] = "<extra_id_0>";
  for (int32_t i = 0; i < p->count; i++) {
    if (strcmp(p->piece[i].text, first) == 0) return true;
  }
  return false;
}

/* <extra_id_{n-1}> to <extra_id_0>, behind the pieces. */
static Status add_sentinels(Pieces *p, int32_t sentinels, const char *path, Error *err) {
  for (int32_t k = sentinels; k-- > 0;) {
    char text[32];
    int size = snprintf(text, sizeof text, "<extra_id_%" PRId32 ">", k);
    TRY(pieces_add(p, text, (size_t)size, path, err));
  }
  return STATUS_OK;
}

static Status make_model(Tokenizer *t, const Spiece *s, int32_t own, const char *path, Error *err) {
  double *score = calloc((size_t)t->pieces.count, sizeof *score);
  if (!score) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  for (int32_t i = 0; i < own; i++) score[i] = (double)s->score[i];
  t->kind = &UNIGRAM;
  t->unk = s->unk;
  return unigram_make(&t->model, &t->pieces, score, s->unk, err);
}

static Status put_tokens(Tokenizer *t, const Spiece *s, int32_t own, const char *path, Error *err) {
  TRY(added_open(&t->added, &t->pieces, err));
  for (int32_t i = 0; i < t->pieces.count; i++) {
    bool user = i < own && s->type[i] == SPIECE_USER_DEFINED;
    if (i < own && s->type[i] != SPIECE_CONTROL && !user) continue;
    AddedToken token = {.text = t->pieces.piece[i].text, .special = !user};
    TRY(added_put(&t->added, &token, i, path, err));
  }
  return STATUS_OK;
}

static Status build(Tokenizer *t, Spiece *s, int32_t sentinels, const char *path, Error *err) {
  int32_t own = s->pieces.count;
  t->pieces = s->pieces;
  s->pieces = (Pieces){0};
  if (!has_sentinels(&t->pieces)) TRY(add_sentinels(&t->pieces, sentinels, path, err));
  TRY(pieces_index(&t->pieces, path, err));
  TRY(make_model(t, s, own, path, err));
  t->pre_tokenizer = PRE_TOKENIZER_T5;
  t->decoder = PRE_TOKENIZER_T5.step[1].how;
  if (s->rules_size > 0) {
    TRY(normalizer_add_rules(&t->normalizer, s->rules, s->rules_size, path, "normalizer_spec",
                             err));
  }
  return put_tokens(t, s, own, path, err);
}

Status tokenizer_spiece_read(Tokenizer *t, const char *path, int32_t sentinels, Error *err) {
  char *data;
  size_t size;
  Spiece s;
  TRY(file_read(path, SPIECE_FILE_MAX, &data, &size, err));
  Status status = spiece_read(&s, (const unsigned char *)data, size, path, err);
  if (status == STATUS_OK) {
    status = build(t, &s, sentinels, path, err);
    spiece_free(&s);
  }
  free(data);
  return status;
}

static Status compare(const Tokenizer *t, const Spiece *s, const char *path, Error *err) {
  for (int32_t i = 0; i < s->pieces.count; i++) {
    const PieceText *a = &s->pieces.piece[i], *b = i < t->pieces.count ? &t->pieces.piece[i] : NULL;
    if (!b || a->size != b->size || memcmp(a->text, b->text, a->size) != 0) {
      return error_set(err, STATUS_MISMATCH,
                       "%s: piece %" PRId32
                       " is '%.100s', and '%.100s' in %s; keep the file of "
                       "this base",
                       path, i, a->text, b ? b->text : "", t->path);
    }
    float score = (float)unigram_score(t->model, i);
    if (t->kind == &UNIGRAM && score != s->score[i]) {
      return error_set(err, STATUS_MISMATCH,
                       "%s: piece %" PRId32
                       " '%.100s' has score %g, and %g in %s; keep the file "
                       "of this base",
                       path, i, a->text, (double)s->score[i], (double)score, t->path);
    }
  }
  return STATUS_OK;
}

Status tokenizer_spiece_compare(const Tokenizer *t, const char *path, Error *err) {
  char *data;
  size_t size;
  Spiece s;
  TRY(file_read(path, SPIECE_FILE_MAX, &data, &size, err));
  Status status = spiece_read(&s, (const unsigned char *)data, size, path, err);
  if (status == STATUS_OK) {
    status = compare(t, &s, path, err);
    spiece_free(&s);
  }
  free(data);
  return status;
}
