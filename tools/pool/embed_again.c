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

bool embed_again_is(const Embeddings *e, EmbedderKind kind) {
  const char *name = embedder_kind_name(kind);
  size_t size = strlen(name);
  return strncmp(e->embedder, name, size) == 0 && e->embedder[size] == '-';
}

static Status open_lexical(Embedder **maker, const PoolManifest *m, Error *err) {
  EmbedderSpec spec = {.kind = EMBEDDER_LEXICAL};
  const char **corpus;
  TRY(embed_corpus(m, &corpus, &spec.corpus_count, err));
  spec.corpus = corpus;
  Status status = spec.corpus_count > 0 ? embedder_open(maker, &spec, err) : STATUS_OK;
  free(corpus);
  return status;
}

/* With the prefix and the dimensions of the file. Vectors longer than the model's are of another. */
static Status open_sentence(Embedder **maker, const Embeddings *e, const char *dir, Error *err) {
  Error why = {0};
  EmbedderSpec spec = {.kind = EMBEDDER_SENTENCE,
                       .threads = THREADS,
                       .sentence = {.dir = dir, .prefix = e->prefix, .dimensions = e->dim}};
  Status status = embedder_open(maker, &spec, &why);
  if (status == STATUS_OK || status == STATUS_USAGE) return STATUS_OK;
  return error_set(err, status, "%s", why.text);
}

Status embed_again_open(Embedder **maker, const Embeddings *e, const PoolManifest *m,
                        const EmbedMakers *with, Error *err) {
  const EmbedderSpec encoder = {.kind = EMBEDDER_ENCODER, .base = with->base, .threads = THREADS};
  *maker = NULL;
  if (embed_again_is(e, EMBEDDER_LEXICAL)) return open_lexical(maker, m, err);
  if (embed_again_is(e, EMBEDDER_ENCODER) && with->base) return embedder_open(maker, &encoder, err);
  if (embed_again_is(e, EMBEDDER_SENTENCE) && with->model)
    return open_sentence(maker, e, with->model, err);
  return STATUS_OK;
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
