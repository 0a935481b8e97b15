/* Embeddings that somebody else has made, by key. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/nearest.h"
#include "infer/embed/embed_method.h"

typedef struct Precomputed {
  char *file;
  Embeddings vectors;
} Precomputed;

static void precomputed_close(void *self) {
  Precomputed *p = self;
  embeddings_free(&p->vectors);
  free(p->file);
  free(p);
}

static Status precomputed_open(const EmbedderSpec *spec, void **self, char name[EMBEDDER_NAME],
                               int64_t *dim, Error *err) {
  Precomputed *p = calloc(1, sizeof *p);
  if (!p || !(p->file = strdup(spec->file))) {
    free(p);
    return error_set(err, STATUS_RUN, "out of memory: %s", spec->file);
  }
  Status status = embeddings_import(&p->vectors, spec->file, spec->name, err);
  if (status != STATUS_OK) {
    precomputed_close(p);
    return status;
  }
  snprintf(name, EMBEDDER_NAME, "%s", p->vectors.embedder);
  *self = p;
  *dim = p->vectors.dim;
  return STATUS_OK;
}

static Status precomputed_embed(void *self, const char *key, const char *text, float *out,
                                Error *err) {
  (void)text;
  const Precomputed *p = self;
  const Embeddings *v = &p->vectors;
  if (!key) {
    return error_set(err, STATUS_USAGE,
                     "%s: embeddings are found by name, and what is asked has none; name the task",
                     p->file);
  }
  int64_t at = embeddings_find(v, key);
  if (at < 0) {
    return error_set(err, STATUS_INPUT, "%s: has no embedding of '%.80s'%s", p->file, key,
                     nearest_hint(key, (const char *const *)v->name, (size_t)v->count).text);
  }
  memcpy(out, v->vector + at * v->dim, (size_t)v->dim * sizeof *out);
  return STATUS_OK;
}

const EmbedderMethod embed_precomputed = {
    .open = precomputed_open, .embed = precomputed_embed, .close = precomputed_close};
