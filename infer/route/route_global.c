#include "infer/route/route_global.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "autograd/ground/parallel.h"
#include "infer/embed/embed_pool.h"

/* The cosines of one query, kept for the next equal one. */
typedef struct Known {
  char key[HASH_HEX]; /* SHA-256 of the query's text or name; "" in an empty place */
  double *cosine;     /* [experts] */
} Known;

struct GlobalRouter {
  RouterSettings settings; /* numbers only: its texts may be gone */
  Embedder *embedder;
  int experts, threads;
  Embeddings rows;  /* of the experts */
  int64_t *begin;   /* [experts + 1] of order */
  double *norm;     /* [rows.count] */
  int64_t compared; /* the leading coordinates that are compared: all, or all but the last */
  int64_t *order;   /* rows by expert; rows of experts that are not opened are left out */
  Known *known;     /* [known_room], open addressing */
  size_t known_count, known_room;
  float *query; /* [dim] */
};

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the global router");
}

static bool by_example(const RouterSettings *s) {
  return s->kind == ROUTER_RETRIEVAL && s->retrieval_by == RETRIEVAL_EXAMPLE;
}

/* ---- the embedder ---- */

static Status open_lexical(GlobalRouter *g, EmbedderSpec *spec, const Pool *pool, Error *err) {
  PoolManifest m = {0};
  const char **corpus = NULL;
  TRY(manifest_read(&m, pool_dir(pool), err));
  Status status = embed_corpus(&m, &corpus, &spec->corpus_count, err);
  spec->corpus = corpus;
  if (status == STATUS_OK) status = embedder_open(&g->embedder, spec, err);
  free(corpus);
  manifest_free(&m);
  return status;
}

static Status open_embedder(GlobalRouter *g, const RouterSettings *s, const Pool *pool,
                            const Base *base, Error *err) {
  EmbedderSpec spec = {.kind = (EmbedderKind)s->embedder,
                       .file = s->embeddings,
                       .base = base,
                       .threads = g->threads};
  if (spec.kind == EMBEDDER_LEXICAL) return open_lexical(g, &spec, pool, err);
  bool by_key = spec.kind == EMBEDDER_PRECOMPUTED;
  if (by_key && !spec.file) {
    return error_set(err, STATUS_USAGE,
                     "embeddings: is missing; embedder: precomputed wants the file of the queries' "
                     "vectors");
  }
  if (by_key && by_example(s)) {
    return error_set(
        err, STATUS_USAGE,
        "retrieval.by: example embeds every input, which embedder: precomputed cannot; "
        "use lexical or encoder");
  }
  return embedder_open(&g->embedder, &spec, err);
}

/* ---- the vectors of the experts ---- */

static Status embed_pool(GlobalRouter *g, const Pool *pool, Error *err) {
  const PoolEntry **entry = calloc((size_t)g->experts + 1, sizeof *entry);
  if (!entry) return no_memory(err);
  for (int i = 0; i < g->experts; i++) entry[i] = pool_entry(pool, i);
  Status status =
      embed_instructions(&g->rows, g->embedder, pool_dir(pool), entry, g->experts, NULL, err);
  free(entry);
  return status;
}

static Status check_rows(const GlobalRouter *g, const char *path, Error *err) {
  const char *name = embedder_name(g->embedder);
  if (strcmp(g->rows.embedder, name) != 0) {
    return error_set(err, STATUS_MISMATCH,
                     "%s: holds embeddings of '%s', the queries' are of '%s'; two are never "
                     "compared",
                     path, g->rows.embedder, name);
  }
  if (g->rows.dim == embedder_dim(g->embedder)) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s: has embeddings of dimension %" PRId64 ", the queries' have %" PRId64
                   " (both of '%s')",
                   path, g->rows.dim, embedder_dim(g->embedder), name);
}

static Status missing_file(const GlobalRouter *g, const Pool *pool, const char *path, bool examples,
                           Error *err) {
  const char *dir = pool_dir(pool);
  if (examples) {
    return error_set(err, STATUS_INPUT,
                     "%s: is missing; make it with `skein embed %s --examples EXPERT=FILE.jsonl`",
                     path, dir);
  }
  return error_set(err, STATUS_INPUT,
                   "%s: is missing; the queries' embeddings are of '%s': fill the pool with those "
                   "with `skein embed %s --embedder precomputed --file FILE`; name a file that "
                   "declares no embedder with `skein embed --file FILE --name NAME --output FILE`",
                   path, embedder_name(g->embedder), dir);
}

static Status read_rows(GlobalRouter *g, const Pool *pool, bool examples, Error *err) {
  char *path = embeddings_path(pool_dir(pool), embedder_name(g->embedder), examples);
  if (!path) return no_memory(err);
  bool there = access(path, F_OK) == 0;
  Status status;
  if (there) {
    status = embeddings_read(&g->rows, path, err);
    if (status == STATUS_OK) status = check_rows(g, path, err);
  } else if (examples || embedder_by_key(g->embedder)) {
    status = missing_file(g, pool, path, examples, err);
  } else {
    status = embed_pool(g, pool, err);
  }
  free(path);
  return status;
}

/* ---- which rows are whose ---- */

/* The expert of a row; -1: none that is opened. */
static int owner_of(const Pool *pool, const char *row, bool examples) {
  const char *slash = examples ? strrchr(row, '/') : NULL;
  if (!examples) return pool_find(pool, row);
  if (!slash) return -1;
  char *name = strndup(row, (size_t)(slash - row));
  int expert = name ? pool_find(pool, name) : -1;
  free(name);
  return expert;
}

/* A counting sort of the rows by their owners. */
static Status sort_rows(GlobalRouter *g, const Pool *pool, bool examples, Error *err) {
  int64_t count = g->rows.count;
  int *owner = calloc((size_t)count, sizeof *owner);
  g->begin = calloc((size_t)g->experts + 2, sizeof *g->begin);
  g->order = calloc((size_t)count, sizeof *g->order);
  if (!owner || !g->begin || !g->order) {
    free(owner);
    return no_memory(err);
  }
  for (int64_t i = 0; i < count; i++) {
    owner[i] = owner_of(pool, g->rows.name[i], examples);
    if (owner[i] >= 0) g->begin[owner[i] + 2]++;
  }
  for (int e = 0; e < g->experts; e++) g->begin[e + 2] += g->begin[e + 1];
  for (int64_t i = 0; i < count; i++) {
    if (owner[i] >= 0) g->order[g->begin[owner[i] + 1]++] = i;
  }
  free(owner);
  return STATUS_OK;
}

static Status check_text(const GlobalRouter *g, const Pool *pool, int expert, Error *err) {
  char hash[HASH_HEX];
  const PoolEntry *entry = pool_entry(pool, expert);
  const char *of = g->rows.text ? g->rows.text[g->order[g->begin[expert]]] : "";
  TRY(embed_text_hash(entry->instruction, hash, err));
  if (!of[0] || strcmp(of, hash) == 0) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s: expert '%s': its instruction changed since '%s' embedded it; run `skein "
                   "embed %s` again",
                   pool_dir(pool), entry->name, g->rows.embedder, pool_dir(pool));
}

static Status check_experts(const GlobalRouter *g, const Pool *pool, bool examples, Error *err) {
  for (int i = 0; i < g->experts; i++) {
    const char *name = pool_entry(pool, i)->name;
    if (g->begin[i] == g->begin[i + 1]) {
      return error_set(
          err, STATUS_INPUT,
          "%s: expert '%s' has no %sembedding of '%s'; make it with `skein embed %s`%s",
          pool_dir(pool), name, examples ? "example " : "", g->rows.embedder, pool_dir(pool),
          examples ? " and --examples" : "");
    }
    if (!examples) TRY(check_text(g, pool, i, err));
  }
  return STATUS_OK;
}

static Status prepare(GlobalRouter *g, Error *err) {
  const Embeddings *rows = &g->rows;
  g->compared = g->settings.global.drop_last ? rows->dim - 1 : rows->dim;
  g->norm = calloc((size_t)rows->count, sizeof *g->norm);
  g->query = calloc((size_t)rows->dim, sizeof *g->query);
  if (!g->norm || !g->query) return no_memory(err);
  for (int64_t i = 0; i < rows->count; i++) {
    g->norm[i] = embed_norm(rows->vector + i * rows->dim, g->compared);
  }
  return STATUS_OK;
}

static Status open_parts(GlobalRouter *g, const RouterSettings *s, const Pool *pool,
                         const Base *base, Error *err) {
  bool examples = by_example(s);
  TRY(open_embedder(g, s, pool, base, err));
  TRY(read_rows(g, pool, examples, err));
  TRY(sort_rows(g, pool, examples, err));
  TRY(check_experts(g, pool, examples, err));
  return prepare(g, err);
}

Status global_router_open(GlobalRouter **out, const RouterSettings *s, const Pool *pool,
                          const Base *base, int threads, Error *err) {
  *out = NULL;
  GlobalRouter *g = calloc(1, sizeof *g);
  if (!g) return no_memory(err);
  *g = (GlobalRouter){.settings = *s, .experts = pool_count(pool), .threads = threads};
  Status status = open_parts(g, s, pool, base, err);
  if (status == STATUS_OK) {
    *out = g;
  } else {
    global_router_close(g);
  }
  return status;
}

void global_router_close(GlobalRouter *g) {
  if (!g) return;
  for (size_t i = 0; i < g->known_room; i++) free(g->known[i].cosine);
  free(g->known);
  free(g->query);
  free(g->norm);
  free(g->begin);
  free(g->order);
  embeddings_free(&g->rows);
  embedder_close(g->embedder);
  free(g);
}

/* ---- queries ---- */

/* The place of a key, or the empty place where it belongs. */
static Known *place_of(Known *known, size_t room, const char *key) {
  size_t at = 0;
  for (int i = 0; i < 16; i++) at = 31 * at + (size_t)key[i];
  at %= room;
  while (known[at].key[0] && strcmp(known[at].key, key) != 0) at = (at + 1) % room;
  return &known[at];
}

/* Keeps the table at most half full. */
static Status make_room(GlobalRouter *g, Error *err) {
  if (2 * (g->known_count + 1) <= g->known_room) return STATUS_OK;
  size_t room = g->known_room ? 2 * g->known_room : 64;
  Known *known = calloc(room, sizeof *known);
  if (!known) return no_memory(err);
  for (size_t i = 0; i < g->known_room; i++) {
    if (g->known[i].key[0]) *place_of(known, room, g->known[i].key) = g->known[i];
  }
  free(g->known);
  g->known = known;
  g->known_room = room;
  return STATUS_OK;
}

typedef struct CosineTask {
  const GlobalRouter *g;
  double norm; /* of the query */
  double *cosine;
} CosineTask;

static void expert_cosine(void *arg, int64_t expert, int worker) {
  (void)worker;
  const CosineTask *t = arg;
  const GlobalRouter *g = t->g;
  double most = -2;
  for (int64_t i = g->begin[expert]; i < g->begin[expert + 1]; i++) {
    int64_t row = g->order[i];
    const float *vector = g->rows.vector + row * g->rows.dim;
    double cosine = embed_dot(vector, g->query, g->compared) / (g->norm[row] * t->norm);
    if (cosine > most) most = cosine;
  }
  t->cosine[expert] = most;
}

/* The text that a query is embedded by; the name of its task for precomputed. */
static const char *query_text(const GlobalRouter *g, const RouteQuery *q) {
  if (embedder_by_key(g->embedder)) return q->name;
  return q->instruction && !by_example(&g->settings) ? q->instruction : q->input;
}

static Status query_cosines(GlobalRouter *g, const RouteQuery *q, const double **cosine,
                            Error *err) {
  char key[HASH_HEX];
  const char *text = query_text(g, q);
  if (!text) {
    return error_set(
        err, STATUS_USAGE,
        "embedder: precomputed finds a query by the name of its task, and it has none");
  }
  TRY(embed_text_hash(text, key, err));
  TRY(make_room(g, err));
  Known *known = place_of(g->known, g->known_room, key);
  if (!known->key[0]) {
    TRY(embedder_embed(g->embedder, text, text, g->query, err));
    known->cosine = calloc((size_t)g->experts, sizeof *known->cosine);
    if (!known->cosine) return no_memory(err);
    CosineTask task = {g, embed_norm(g->query, g->compared), known->cosine};
    parallel_for(g->threads, g->experts, expert_cosine, &task);
    memcpy(known->key, key, sizeof key);
    g->known_count++;
  }
  *cosine = known->cosine;
  return STATUS_OK;
}

static int32_t largest(const double *cosine, int experts) {
  int32_t best = 0;
  for (int i = 1; i < experts; i++) {
    if (cosine[i] > cosine[best]) best = i;
  }
  return best;
}

Status global_bias(GlobalRouter *g, const RouteQuery *q, float *bias, Error *err) {
  const double *cosine;
  const RouterSettings *s = &g->settings;
  TRY(query_cosines(g, q, &cosine, err));
  double scale = s->global.scale;
  if (s->global.rule == GLOBAL_THRESHOLD) {
    bool near = cosine[largest(cosine, g->experts)] > s->global.threshold;
    scale = (near ? s->global.gamma : 0) + s->global.beta;
  }
  for (int i = 0; i < g->experts; i++) bias[i] = (float)(scale * cosine[i]);
  return STATUS_OK;
}

Status global_nearest(GlobalRouter *g, const RouteQuery *q, int32_t *expert, Error *err) {
  const double *cosine;
  TRY(query_cosines(g, q, &cosine, err));
  *expert = largest(cosine, g->experts);
  return STATUS_OK;
}
