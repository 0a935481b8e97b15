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

Status embedder_name_check(const char *name, const char *file, Error *err) {
  size_t size = strlen(name);
  if (size > 0 && size < EMBEDDER_NAME) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: embedder: its name has %zu bytes, want 1 to %d", file,
                   size, EMBEDDER_NAME - 1);
}

/* In eight running sums: the order depends on n alone. */
double embed_dot(const float *a, const float *b, int64_t n) {
  enum { LANES = 8 };
  double sum[LANES] = {0}, total = 0;
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    for (int k = 0; k < LANES; k++) sum[k] += (double)a[i + k] * (double)b[i + k];
  }
  for (; i < n; i++) total += (double)a[i] * (double)b[i];
  for (int k = 0; k < LANES; k++) total += sum[k];
  return total;
}

double embed_norm(const float *a, int64_t n) {
  return fmax(sqrt(embed_dot(a, a, n)), 1e-8);
}
