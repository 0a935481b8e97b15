#include "tools/pool/embed_again.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "infer/embed/embed_pool.h"

enum { THREADS = 2 };

/* Of vectors that were made on another processor, or beside another number of rows: these change
 * the last bits. */
static const double AGAIN = 1e-3;

/* |a - b| / |b|. */
static double distance(const float *a, const float *b, int64_t n) {
  double apart = 0, length = 0;
  for (int64_t i = 0; i < n; i++) {
    apart += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    length += (double)b[i] * (double)b[i];
  }
  return sqrt(apart / length);
}

Status embed_again_open(Embedder **maker, const Embeddings *e, const PoolManifest *m,
                        const Base *base, Error *err) {
  bool lexical = strncmp(e->embedder, "lexical-", strlen("lexical-")) == 0;
  bool encoder = strncmp(e->embedder, "encoder-", strlen("encoder-")) == 0;
  const char **corpus = NULL;
  EmbedderSpec spec = {.kind = EMBEDDER_ENCODER, .base = base, .threads = THREADS};
  *maker = NULL;
  if (lexical) {
    spec.kind = EMBEDDER_LEXICAL;
    TRY(embed_corpus(m, &corpus, &spec.corpus_count, err));
  }
  spec.corpus = corpus;
  Status status = STATUS_OK;
  if (lexical ? spec.corpus_count > 0 : encoder && base) status = embedder_open(maker, &spec, err);
  free(corpus);
  return status;
}

Status embed_again_compare(const Embeddings *e, Embedder *maker, const PoolManifest *m,
                           const char *path, Findings *found, Error *err) {
  if (embedder_dim(maker) != e->dim) return STATUS_OK;
  float *vector = malloc((size_t)e->dim * sizeof *vector);
  if (!vector) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  Status status = STATUS_OK;
  for (int i = 0; i < m->count && status == STATUS_OK; i++) {
    const PoolEntry *entry = &m->entry[i];
    int64_t row = embeddings_find(e, entry->name);
    if (row < 0 || !entry->instruction[0]) continue;
    status = embedder_embed(maker, entry->name, entry->instruction, vector, err);
    if (status != STATUS_OK || distance(e->vector + row * e->dim, vector, e->dim) < AGAIN) continue;
    findings_add(found, entry->name, STATUS_MISMATCH,
                 "%s: is not what %s makes of its instruction; run `skein embed` again", path,
                 e->embedder);
  }
  free(vector);
  return status;
}
