#include "tools/pool/pool_embeddings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "tools/pool/embed_again.h"

/* Rows that are of no expert; of examples, whose rows are "<expert>/<index>", the expert counts. */
static void check_rows(const PoolManifest *m, const Embeddings *e, const char *path,
                       Findings *found) {
  int64_t strangers = 0;
  const char *first = NULL;
  for (int64_t i = 0; i < e->count; i++) {
    char name[POOL_NAME_MAX + 1] = "";
    size_t n = strcspn(e->name[i], "/");
    if (n <= POOL_NAME_MAX) memcpy(name, e->name[i], n);
    if (manifest_find(m, name) >= 0) continue;
    if (!first) first = e->name[i];
    strangers++;
  }
  if (strangers == 0) return;
  findings_add(found, NULL, STATUS_OK, "%s: %" PRId64 " rows are of no expert, '%.100s' first",
               path, strangers, first);
}

/* The row of an expert, which is to be of its instruction as it is now. */
static Status check_expert(const PoolManifest *m, int i, const Embeddings *e, const char *path,
                           Findings *found, Error *err) {
  const char *name = m->entry[i].name;
  char hash[HASH_HEX];
  int64_t row = embeddings_find(e, name);
  if (row < 0) {
    findings_add(found, name, STATUS_MISMATCH, "%s: has no row for it; run `skein embed` again",
                 path);
    return STATUS_OK;
  }
  if (!e->text || !e->text[row][0]) return STATUS_OK;
  TRY(embed_text_hash(m->entry[i].instruction, hash, err));
  if (strcmp(hash, e->text[row]) == 0) return STATUS_OK;
  findings_add(found, name, STATUS_MISMATCH,
               "%s: is of another instruction than it has now; run `skein embed` again", path);
  return STATUS_OK;
}

static Status check_file(const PoolManifest *m, const Base *base, const char *path, bool examples,
                         Findings *found, Error *err) {
  Embeddings e;
  Error failure = {0};
  if (embeddings_read(&e, path, &failure) != STATUS_OK) {
    return findings_add_failure(found, NULL, &failure, err);
  }
  Status status = STATUS_OK;
  int errors = found->errors;
  for (int i = 0; !examples && i < m->count && status == STATUS_OK; i++) {
    status = check_expert(m, i, &e, path, found, err);
  }
  check_rows(m, &e, path, found);
  if (status == STATUS_OK && !examples && found->errors == errors)
    status = embeddings_compare(&e, m, base, path, found, err);
  embeddings_free(&e);
  return status;
}

static Status check_named(const PoolManifest *m, const Base *base, const char *dir,
                          const char *name, Findings *found, Error *err) {
  static const char EXAMPLES[] = "examples-";
  if (name[0] == '.') return STATUS_OK;
  char *path = path_join(dir, name);
  if (!path) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  bool examples = strncmp(name, EXAMPLES, strlen(EXAMPLES)) == 0;
  Status status = check_file(m, base, path, examples, found, err);
  free(path);
  return status;
}

Status pool_check_embeddings(const PoolManifest *m, const Base *base, Findings *found, Error *err) {
  DirNames names = {0};
  char *dir = path_below(m->dir, "embeddings");
  if (!dir) return error_set(err, STATUS_RUN, "%s: out of memory", m->dir);
  Status status = dir_names(&names, dir, err); /* there may be none */
  for (size_t i = 0; i < names.count && status == STATUS_OK; i++)
    status = check_named(m, base, dir, names.name[i], found, err);
  dir_names_free(&names);
  free(dir);
  return status;
}
