/* embed_method: what a kind of embedder is; used by embed*.c only. */
#ifndef SKEIN_EMBED_METHOD_H
#define SKEIN_EMBED_METHOD_H

#include "infer/embed/embed.h"

/* Makes its part of an embedder: fills self, name and dim. */
typedef Status EmbedderOpen(const EmbedderSpec *spec, void **self, char name[EMBEDDER_NAME],
                            int64_t *dim, Error *err);

typedef struct EmbedderMethod {
  EmbedderOpen *open;
  Status (*embed)(void *self, const char *key, const char *text, float *out, Error *err);
  void (*close)(void *self);
  /* Of up to EMBED_BATCH texts at once; NULL: one by one, by `embed`. *failed is -1, or set to the
   * index of the text that is to blame. */
  Status (*embed_all)(void *self, EmbedWhat what, const EmbedText *text, int count, float *out,
                      int *failed, Error *err);
  /* May be NULL: nothing is put before texts; there is nothing to say; nothing is cut. */
  const char *(*prefix)(const void *self);
  const char *(*note)(const void *self);
  int64_t (*cut)(const void *self, int64_t *longest);
} EmbedderMethod;

extern const EmbedderMethod embed_lexical, embed_encoder, embed_precomputed, embed_endpoint,
    embed_sentence;

#endif
