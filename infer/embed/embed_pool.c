#include "infer/embed/embed_pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/stream.h"
#include "data/options/options.h"
#include "data/text/json.h"
#include "data/text/jsonl.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the embeddings of a pool");
}

Status embed_corpus(const PoolManifest *m, const char ***corpus, int *count, Error *err) {
  *count = 0;
  *corpus = calloc((size_t)m->count + 1, sizeof **corpus);
  if (!*corpus) return no_memory(err);
  for (int i = 0; i < m->count; i++) {
    if (m->entry[i].instruction[0]) (*corpus)[(*count)++] = m->entry[i].instruction;
  }
  return STATUS_OK;
}

/* Room for `count` rows of an embedder, with what it puts before texts. */
static Status new_rows(Embeddings *out, const Embedder *e, int64_t count, Error *err) {
  const char *prefix = embedder_prefix(e);
  TRY(embeddings_new(out, embedder_name(e), count, embedder_dim(e), err));
  if (prefix) out->prefix = strdup(prefix);
  return !prefix || out->prefix ? STATUS_OK : no_memory(err);
}

static void tell_progress(const EmbedWatch *watch, int64_t texts, int64_t of) {
  if (watch && watch->done) watch->done(watch->arg, texts, of);
}

/* ---- instructions ---- */

/* Fills all of a row but its vector. */
static Status name_expert(Embeddings *out, int row, const Embedder *e, const char *dir,
                          const PoolEntry *entry, Error *err) {
  if (!entry->instruction[0] && !embedder_by_key(e)) {
    return error_set(
        err, STATUS_INPUT,
        "%s: expert '%s' has no instruction to embed; give it one with `skein pool set "
        "%s %s --instruction TEXT`, or set embedder: precomputed where the pool holds "
        "vectors of its own",
        dir, entry->name, dir, entry->name);
  }
  if (!(out->name[row] = strdup(entry->name))) return no_memory(err);
  if (!entry->instruction[0]) return STATUS_OK;
  return embed_text_hash(entry->instruction, out->text[row], err);
}

/* Rows [from, from + count), EMBED_BATCH at most. */
static Status embed_experts(Embeddings *out, int from, int count, Embedder *e, const char *dir,
                            const PoolEntry *const *entry, Error *err) {
  EmbedText text[EMBED_BATCH];
  Error why = {0};
  int failed;
  for (int i = 0; i < count; i++) {
    const PoolEntry *expert = entry[from + i];
    TRY(name_expert(out, from + i, e, dir, expert, err));
    text[i] = (EmbedText){expert->name, expert->instruction};
  }
  Status status = embedder_embed_all(e, EMBED_INSTRUCTIONS, text, count,
                                     out->vector + from * out->dim, &failed, &why);
  if (status == STATUS_OK) return STATUS_OK;
  if (failed < 0) return error_set(err, status, "%s: %s", dir, why.text);
  return error_set(err, status, "%s: expert '%s': %s", dir, text[failed].key, why.text);
}

Status embed_instructions(Embeddings *out, Embedder *e, const char *dir,
                          const PoolEntry *const *entry, int count, const EmbedWatch *watch,
                          Error *err) {
  Status status = new_rows(out, e, count, err);
  if (status == STATUS_OK && !(out->text = calloc((size_t)count, sizeof *out->text)))
    status = no_memory(err);
  int most = embedder_batch(e);
  for (int from = 0, n; from < count && status == STATUS_OK; from += n) {
    n = count - from < most ? count - from : most;
    status = embed_experts(out, from, n, e, dir, entry, err);
    if (status == STATUS_OK) tell_progress(watch, from + n, count);
  }
  if (status != STATUS_OK) embeddings_free(out);
  return status;
}

/* ---- examples ---- */

/* What one call has at hand. */
typedef struct Filling {
  Embeddings *out;
  Embedder *e;
  const char *key;
  const EmbedWatch *watch;
  int64_t rows;
} Filling;

static Status name_row(Filling *f, const char *expert, int64_t index, Error *err) {
  char *name;
  if (asprintf(&name, "%s/%" PRId64, expert, index) < 0) return no_memory(err);
  f->out->name[f->rows] = name;
  return STATUS_OK;
}

static Status read_line(JsonDoc *doc, const Filling *f, const char *path, JsonlLine line,
                        const char **text, Error *err) {
  *doc = (JsonDoc){.file = path, .line = line.number, .byte = line.byte};
  TRY(json_parse(doc, line.text, line.size, err));
  return json_get_string(doc, f->key, text, err);
}

/* Lines [from, from + count), EMBED_BATCH at most, into the next rows. */
static Status embed_lines(Filling *f, const Jsonl *lines, int64_t from, int count, Error *err) {
  JsonDoc doc[EMBED_BATCH] = {{0}};
  EmbedText text[EMBED_BATCH] = {{0}};
  Error why = {0};
  int failed = -1;
  const char *path = jsonl_path(lines);
  Status status = STATUS_OK;
  for (int i = 0; i < count && status == STATUS_OK; i++)
    status = read_line(&doc[i], f, path, jsonl_line(lines, from + i), &text[i].text, err);
  if (status == STATUS_OK) {
    status = embedder_embed_all(f->e, EMBED_DATA, text, count,
                                f->out->vector + f->rows * f->out->dim, &failed, &why);
    if (status != STATUS_OK && failed < 0) error_set(err, status, "%s: %s", path, why.text);
    if (status != STATUS_OK && failed >= 0)
      error_set(err, status, "%s: line %" PRId64 ": %s: %s", path, doc[failed].line, f->key,
                why.text);
  }
  for (int i = 0; i < count; i++) json_free(&doc[i]);
  return status;
}

static Status embed_file(Filling *f, const char *expert, const Jsonl *lines, int64_t count,
                         Error *err) {
  int most = embedder_batch(f->e);
  for (int64_t from = 0; from < count; from += most) {
    int n = count - from < most ? (int)(count - from) : most;
    TRY(embed_lines(f, lines, from, n, err));
    for (int i = 0; i < n; i++, f->rows++) TRY(name_row(f, expert, from + i, err));
    tell_progress(f->watch, f->rows, f->out->count);
  }
  return STATUS_OK;
}

static bool row_is_of(const char *row, const char *expert) {
  size_t n = strlen(expert);
  return strncmp(row, expert, n) == 0 && row[n] == '/' && !strchr(row + n + 1, '/');
}

static Status keep_rows(Filling *f, const char *expert, const Embeddings *old, Error *err) {
  int64_t dim = f->out->dim;
  for (int64_t i = 0, index = 0; i < old->count; i++) {
    if (!row_is_of(old->name[i], expert)) continue;
    TRY(name_row(f, expert, index++, err));
    memcpy(f->out->vector + f->rows++ * dim, old->vector + i * dim,
           (size_t)dim * sizeof *old->vector);
  }
  return STATUS_OK;
}

/* Which file each expert has: its index, or -1. */
static Status match_files(int *of, const PoolManifest *m, const ExampleFile *file, int files,
                          Error *err) {
  for (int i = 0; i < m->count; i++) of[i] = -1;
  for (int k = 0; k < files; k++) {
    int expert;
    TRY(manifest_require(m, file[k].expert, &expert, err));
    if (of[expert] >= 0) {
      return error_set(err, STATUS_USAGE, "%s: expert '%s': examples are given twice: %s, %s",
                       m->dir, file[k].expert, file[of[expert]].file, file[k].file);
    }
    of[expert] = k;
  }
  return STATUS_OK;
}

static int64_t lines_used(const Jsonl *lines, int64_t limit) {
  int64_t n = jsonl_count(lines);
  return n < limit ? n : limit;
}

static Status open_files(Jsonl **lines, const ExampleFile *file, int files, Error *err) {
  for (int k = 0; k < files; k++) {
    TRY(jsonl_take(&lines[k], file[k].file, err));
    TRY(jsonl_want_objects(lines[k], "{\"input\": \"...\"}", err));
    if (jsonl_count(lines[k]) > 0) continue;
    return error_set(err, STATUS_INPUT, "%s: holds no examples", stream_name(file[k].file));
  }
  return STATUS_OK;
}

static int64_t count_rows(const PoolManifest *m, const int *of, Jsonl *const *lines, int64_t limit,
                          const Embeddings *old) {
  int64_t rows = 0;
  for (int i = 0; i < m->count; i++) {
    if (of[i] >= 0) rows += lines_used(lines[of[i]], limit);
    if (of[i] >= 0 || !old) continue;
    for (int64_t r = 0; r < old->count; r++) rows += row_is_of(old->name[r], m->entry[i].name);
  }
  return rows;
}

static Status fill_rows(Filling *f, const PoolManifest *m, const int *of, Jsonl *const *lines,
                        int64_t limit, const Embeddings *old, Error *err) {
  int64_t rows = count_rows(m, of, lines, limit, old);
  TRY(new_rows(f->out, f->e, rows, err));
  for (int i = 0; i < m->count; i++) {
    const char *expert = m->entry[i].name;
    if (of[i] >= 0) {
      TRY(embed_file(f, expert, lines[of[i]], lines_used(lines[of[i]], limit), err));
    } else if (old) {
      TRY(keep_rows(f, expert, old, err));
    }
  }
  return STATUS_OK;
}

Status embed_examples(Embeddings *out, Embedder *e, const PoolManifest *m, const ExampleFile *file,
                      int files, const char *key, int64_t limit, const Embeddings *old,
                      const EmbedWatch *watch, Error *err) {
  *out = (Embeddings){0};
  Jsonl **lines = calloc((size_t)files + 1, sizeof *lines);
  int *of = calloc((size_t)m->count + 1, sizeof *of);
  Filling f = {.out = out, .e = e, .key = key, .watch = watch};
  Status status = lines && of ? STATUS_OK : no_memory(err);
  if (status == STATUS_OK) status = match_files(of, m, file, files, err);
  if (status == STATUS_OK) status = open_files(lines, file, files, err);
  if (status == STATUS_OK) status = fill_rows(&f, m, of, lines, limit, old, err);
  for (int k = 0; lines && k < files; k++) jsonl_close(lines[k]);
  free(lines);
  free(of);
  if (status != STATUS_OK) embeddings_free(out);
  return status;
}
