#include "infer/route/global_vectors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "infer/embed/embed_cosine.h"
#include "infer/embed/embed_pool.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the global router");
}

/* ---- the vectors of the experts ---- */

static Status embed_pool(GlobalVectors *v, Embedder *embedder, const Pool *pool, Error *err) {
  const PoolEntry **entry = calloc((size_t)v->experts + 1, sizeof *entry);
  if (!entry) return no_memory(err);
  for (int i = 0; i < v->experts; i++) entry[i] = pool_entry(pool, i);
  Status status =
      embed_instructions(&v->rows, embedder, pool_dir(pool), entry, v->experts, NULL, err);
  free(entry);
  return status;
}

/* "lexical-1-ab, nomic" of the files "lexical-1-ab.safetensors", "nomic.safetensors"; NULL: there is
 * none, or no memory for a note. */
static char *list_kept(const DirNames *names) {
  static const char EXAMPLES[] = "examples-", END[] = ".safetensors";
  char *list = NULL;
  for (size_t i = 0; i < names->count; i++) {
    const char *name = names->name[i], *end = strstr(name, END);
    char *longer;
    if (name[0] == '.' || !end || strncmp(name, EXAMPLES, strlen(EXAMPLES)) == 0) continue;
    if (asprintf(&longer, "%s%s%.*s", list ? list : "", list ? ", " : "", (int)(end - name), name) <
        0)
      break;
    free(list);
    list = longer;
  }
  return list;
}

static Status look_at_kept(GlobalVectors *v, const Pool *pool, Error *err) {
  DirNames names = {0};
  char *dir = path_below(pool_dir(pool), "embeddings");
  if (!dir) return no_memory(err);
  Status status = dir_names(&names, dir, err); /* there may be none */
  if (status == STATUS_OK) v->kept = list_kept(&names);
  dir_names_free(&names);
  free(dir);
  return status;
}

static Status check_rows(const GlobalVectors *v, const Embedder *embedder, const char *path,
                         Error *err) {
  const char *name = embedder_name(embedder);
  if (strcmp(v->rows.embedder, name) != 0) {
    return error_set(err, STATUS_MISMATCH,
                     "%s: holds embeddings of '%s', the queries' are of '%s'; two are never "
                     "compared",
                     path, v->rows.embedder, name);
  }
  if (v->rows.dim == embedder_dim(embedder)) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s: has embeddings of dimension %" PRId64 ", the queries' have %" PRId64
                   " (both of '%s')",
                   path, v->rows.dim, embedder_dim(embedder), name);
}

static Status missing_file(const Embedder *embedder, const Pool *pool, const char *path,
                           bool examples, Error *err) {
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
                   path, embedder_name(embedder), dir);
}

static Status read_rows(GlobalVectors *v, Embedder *embedder, const Pool *pool, bool examples,
                        Error *err) {
  char *path = embeddings_path(pool_dir(pool), embedder_name(embedder), examples);
  if (!path) return no_memory(err);
  bool there = file_exists(path);
  Status status;
  if (there) {
    status = embeddings_read(&v->rows, path, err);
    if (status == STATUS_OK) status = check_rows(v, embedder, path, err);
  } else if (examples || embedder_by_key(embedder)) {
    status = missing_file(embedder, pool, path, examples, err);
  } else {
    status = embed_pool(v, embedder, pool, err);
    if (status == STATUS_OK) status = look_at_kept(v, pool, err);
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
static Status sort_rows(GlobalVectors *v, const Pool *pool, bool examples, Error *err) {
  int64_t count = v->rows.count;
  int *owner = calloc((size_t)count, sizeof *owner);
  v->begin = calloc((size_t)v->experts + 2, sizeof *v->begin);
  v->order = calloc((size_t)count, sizeof *v->order);
  if (!owner || !v->begin || !v->order) {
    free(owner);
    return no_memory(err);
  }
  for (int64_t i = 0; i < count; i++) {
    owner[i] = owner_of(pool, v->rows.name[i], examples);
    if (owner[i] >= 0) v->begin[owner[i] + 2]++;
  }
  for (int e = 0; e < v->experts; e++) v->begin[e + 2] += v->begin[e + 1];
  for (int64_t i = 0; i < count; i++) {
    if (owner[i] >= 0) v->order[v->begin[owner[i] + 1]++] = i;
  }
  free(owner);
  return STATUS_OK;
}

static Status check_text(const GlobalVectors *v, const Pool *pool, int expert, Error *err) {
  char hash[HASH_HEX];
  const PoolEntry *entry = pool_entry(pool, expert);
  const char *of = v->rows.text ? v->rows.text[v->order[v->begin[expert]]] : "";
  TRY(embed_text_hash(entry->instruction, hash, err));
  if (!of[0] || strcmp(of, hash) == 0) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s: expert '%s': its instruction changed since '%s' embedded it; run `skein "
                   "embed %s` again",
                   pool_dir(pool), entry->name, v->rows.embedder, pool_dir(pool));
}

static Status check_experts(const GlobalVectors *v, const Pool *pool, bool examples, Error *err) {
  for (int i = 0; i < v->experts; i++) {
    const char *name = pool_entry(pool, i)->name;
    if (v->begin[i] == v->begin[i + 1]) {
      return error_set(
          err, STATUS_INPUT,
          "%s: expert '%s' has no %sembedding of '%s'; make it with `skein embed %s`%s",
          pool_dir(pool), name, examples ? "example " : "", v->rows.embedder, pool_dir(pool),
          examples ? " and --examples" : "");
    }
    if (!examples) TRY(check_text(v, pool, i, err));
  }
  return STATUS_OK;
}

/* The mean of each expert's rows. */
static Status average_rows(GlobalVectors *v, Error *err) {
  const int64_t dim = v->rows.dim;
  double *sum = calloc((size_t)dim, sizeof *sum);
  v->mean = calloc((size_t)v->experts * (size_t)dim + 1, sizeof *v->mean);
  if (!sum || !v->mean) {
    free(sum);
    return no_memory(err);
  }
  for (int e = 0; e < v->experts; e++) {
    memset(sum, 0, (size_t)dim * sizeof *sum);
    for (int64_t i = v->begin[e]; i < v->begin[e + 1]; i++)
      for (int64_t k = 0; k < dim; k++) sum[k] += (double)v->rows.vector[v->order[i] * dim + k];
    for (int64_t k = 0; k < dim; k++)
      v->mean[e * dim + k] = (float)(sum[k] / (double)(v->begin[e + 1] - v->begin[e]));
  }
  free(sum);
  return STATUS_OK;
}

static Status measure_rows(GlobalVectors *v, bool drop_last, Error *err) {
  const Embeddings *rows = &v->rows;
  const float *vector = v->mean ? v->mean : rows->vector;
  int64_t count = v->mean ? v->experts : rows->count;
  v->compared = drop_last ? rows->dim - 1 : rows->dim;
  v->norm = calloc((size_t)count + 1, sizeof *v->norm);
  if (!v->norm) return no_memory(err);
  for (int64_t i = 0; i < count; i++) v->norm[i] = embed_norm(vector + i * rows->dim, v->compared);
  return STATUS_OK;
}

Status global_vectors_open(GlobalVectors *v, Embedder *embedder, const Pool *pool, GlobalBy by,
                           bool drop_last, Error *err) {
  bool examples = by != GLOBAL_BY_INSTRUCTION;
  *v = (GlobalVectors){.experts = pool_count(pool)};
  TRY(read_rows(v, embedder, pool, examples, err));
  TRY(sort_rows(v, pool, examples, err));
  TRY(check_experts(v, pool, examples, err));
  if (by == GLOBAL_BY_EXAMPLE_MEAN) TRY(average_rows(v, err));
  return measure_rows(v, drop_last, err);
}

void global_vectors_free(GlobalVectors *v) {
  free(v->kept);
  free(v->norm);
  free(v->mean);
  free(v->begin);
  free(v->order);
  embeddings_free(&v->rows);
  *v = (GlobalVectors){0};
}

double global_vectors_cosine(const GlobalVectors *v, int64_t expert, const float *query,
                             double norm) {
  double most = -2;
  if (v->mean) {
    const float *vector = v->mean + expert * v->rows.dim;
    return embed_dot(vector, query, v->compared) / (v->norm[expert] * norm);
  }
  for (int64_t i = v->begin[expert]; i < v->begin[expert + 1]; i++) {
    int64_t row = v->order[i];
    const float *vector = v->rows.vector + row * v->rows.dim;
    double cosine = embed_dot(vector, query, v->compared) / (v->norm[row] * norm);
    if (cosine > most) most = cosine;
  }
  return most;
}
