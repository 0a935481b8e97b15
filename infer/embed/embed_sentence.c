/* Embeddings by an encoder of sentences. */
#include <stdio.h>

#include "infer/embed/embed_method.h"

static void close_encoder(void *self) {
  sentence_close(self);
}

static Status open_encoder(const EmbedderSpec *spec, void **self, char name[EMBEDDER_NAME],
                           int64_t *dim, Error *err) {
  Sentence *s;
  SentenceSettings settings = spec->sentence;
  settings.threads = spec->threads;
  TRY(sentence_open(&s, &settings, err));
  snprintf(name, EMBEDDER_NAME, "sentence-1-%.12s", sentence_fingerprint(s));
  *self = s;
  *dim = sentence_dim(s);
  return STATUS_OK;
}

/* It runs on this machine: what the texts are is nothing to it. */
static Status embed_texts(void *self, EmbedWhat what, const EmbedText *text, int count, float *out,
                          int *failed, Error *err) {
  (void)what;
  const char *texts[EMBED_BATCH];
  int64_t wrong;
  for (int i = 0; i < count; i++) texts[i] = text[i].text;
  Status status = sentence_embed(self, texts, count, out, &wrong, err);
  *failed = (int)wrong;
  return status;
}

static const char *prefix_of(const void *self) {
  return sentence_prefix(self);
}

static const char *note_of(const void *self) {
  return sentence_note(self);
}

static int64_t cut_texts(const void *self, int64_t *longest) {
  *longest = sentence_longest(self);
  return sentence_cut(self);
}

const EmbedderMethod embed_sentence = {.open = open_encoder,
                                       .embed_all = embed_texts,
                                       .close = close_encoder,
                                       .prefix = prefix_of,
                                       .note = note_of,
                                       .cut = cut_texts};
