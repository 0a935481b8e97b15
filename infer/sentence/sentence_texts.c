#include "infer/sentence/sentence_texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/extremum.h"
#include "autograd/ground/parallel.h"
#include "data/examples/sequence.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the tokens of texts");
}

Status sentence_prefix_tokens(const Tokenizer *t, const char *prefix, int64_t longest,
                              int64_t *tokens, Error *err) {
  int32_t *ids;
  int64_t count;
  TRY(sequence_encode(t, prefix, longest, &ids, &count, err));
  free(ids);
  *tokens = min64(count - 1, longest - 2);
  return STATUS_OK;
}

/* A text that a prefix has swallowed is no text without content. */
static Status check_content(const SentenceTexts *t, int64_t text, Error *err) {
  int32_t *alone;
  int64_t count;
  if (t->tokens[text] > t->prefix_tokens + 1) return STATUS_OK;
  TRY(sequence_encode(t->tokenizer, t->text[text], INT64_MAX, &alone, &count, err));
  free(alone);
  if (count > 1 + (tokenizer_begin(t->tokenizer) >= 0)) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "'%.80s': a text to be embedded has no content",
                   t->text[text]);
}

static Status read_text(void *arg, int64_t text, int worker, Error *err) {
  (void)worker;
  SentenceTexts *t = arg;
  char *whole = NULL;
  if (*t->prefix && asprintf(&whole, "%s%s", t->prefix, t->text[text]) < 0) return no_memory(err);
  Status status = sequence_encode(t->tokenizer, whole ? whole : t->text[text], INT64_MAX,
                                  &t->ids[text], &t->tokens[text], err);
  free(whole);
  if (status == STATUS_OK) status = check_content(t, text, err);
  t->read[text] = status == STATUS_OK;
  return status;
}

/* The end stays the last of them. */
static void cut_text(SentenceTexts *t, int64_t text) {
  if (t->tokens[text] <= t->longest) return;
  t->tokens[text] = t->longest;
  t->ids[text][t->longest - 1] = tokenizer_eos(t->tokenizer);
  t->cut++;
}

static int longer_first(const void *a, const void *b) {
  const SentenceTurn *x = a, *y = b;
  if (x->tokens != y->tokens) return x->tokens < y->tokens ? 1 : -1;
  return (x->text > y->text) - (x->text < y->text);
}

Status sentence_texts_read(SentenceTexts *t, int threads, int64_t *failed, Error *err) {
  size_t room = (size_t)t->count + 1;
  t->ids = calloc(room, sizeof *t->ids);
  t->tokens = calloc(room, sizeof *t->tokens);
  t->order = calloc(room, sizeof *t->order);
  t->read = calloc(room, sizeof *t->read);
  if (!t->ids || !t->tokens || !t->order || !t->read) return no_memory(err);
  *failed = -1;
  Status status = parallel_try(threads, t->count, read_text, t, err);
  if (status != STATUS_OK) {
    while (t->read[++*failed]) continue;
    return status;
  }
  for (int64_t i = 0; i < t->count; i++) {
    cut_text(t, i);
    t->order[i] = (SentenceTurn){t->tokens[i], i};
  }
  qsort(t->order, (size_t)t->count, sizeof *t->order, longer_first);
  return STATUS_OK;
}

void sentence_texts_free(SentenceTexts *t) {
  for (int64_t i = 0; t->ids && i < t->count; i++) free(t->ids[i]);
  free(t->ids);
  free(t->tokens);
  free(t->order);
  free(t->read);
}

const int32_t *sentence_texts_pack(Context *c, const SentenceTexts *t, int64_t from, int64_t to,
                                   Ragged *rows) {
  int64_t *offset = context_alloc(c, (size_t)(to - from + 1) * sizeof *offset);
  if (!offset) return NULL;
  offset[0] = 0;
  for (int64_t i = from; i < to; i++) offset[i - from + 1] = offset[i - from] + t->order[i].tokens;
  int32_t *ids = context_alloc(c, (size_t)offset[to - from] * sizeof *ids);
  for (int64_t i = from; ids && i < to; i++) {
    const int32_t *of = t->ids[t->order[i].text];
    memcpy(ids + offset[i - from], of, (size_t)t->order[i].tokens * sizeof *ids);
  }
  *rows = (Ragged){to - from, offset};
  return ids;
}
