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
  /* Of up to EMBED_BATCH texts at once; NULL: one by one, by `embed`. */
  Status (*embed_all)(void *self, EmbedWhat what, const EmbedText *text, int count, float *out,
                      Error *err);
} EmbedderMethod;

extern const EmbedderMethod embed_lexical, embed_encoder, embed_precomputed, embed_endpoint;

#endif
