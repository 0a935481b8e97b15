#include "infer/embed/embed.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "infer/embed/embed_method.h"

struct Embedder {
  const EmbedderMethod *method;
  void *self;
  char name[EMBEDDER_NAME];
  int64_t dim;
};

static const EmbedderMethod *method_of(EmbedderKind kind) {
  switch (kind) {
    case EMBEDDER_LEXICAL:
      return &embed_lexical;
    case EMBEDDER_ENCODER:
      return &embed_encoder;
    default:
      return &embed_precomputed;
  }
}

Status embedder_open(Embedder **out, const EmbedderSpec *spec, Error *err) {
  *out = NULL;
  Embedder *e = calloc(1, sizeof *e);
  if (!e) return error_set(err, STATUS_RUN, "out of memory: the embedder");
  e->method = method_of(spec->kind);
  Status status = e->method->open(spec, &e->self, e->name, &e->dim, err);
  if (status == STATUS_OK) {
    *out = e;
  } else {
    free(e);
  }
  return status;
}

void embedder_close(Embedder *e) {
  if (!e) return;
  e->method->close(e->self);
  free(e);
}

const char *embedder_name(const Embedder *e) {
  return e->name;
}

int64_t embedder_dim(const Embedder *e) {
  return e->dim;
}

bool embedder_by_key(const Embedder *e) {
  return e->method == &embed_precomputed;
}

Status embedder_embed(Embedder *e, const char *key, const char *text, float *out, Error *err) {
  TRY(e->method->embed(e->self, key, text, out, err));
  for (int64_t i = 0; i < e->dim; i++) {
    if (isfinite(out[i])) continue;
    return error_set(err, STATUS_RUN,
                     "%s: the embedding of '%.80s': [%" PRId64 "] is %s, want a finite number",
                     e->name, text ? text : key, i, isnan(out[i]) ? "NaN" : "infinite");
  }
  return STATUS_OK;
}
