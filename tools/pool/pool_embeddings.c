#include "tools/pool/pool_embeddings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "tools/shell/console.h"

typedef struct Check {
  const PoolManifest *m;
  EmbedMakers with;
  bool thorough;       /* what is not made again is told */
  const char *changed; /* experts whose instruction is another since a moment ago; NULL: none */
  Findings *found;
} Check;

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
static Status check_expert(const Check *c, int i, const Embeddings *e, const char *path,
                           Error *err) {
  const char *name = c->m->entry[i].name;
  char hash[HASH_HEX];
  int64_t row = embeddings_find(e, name);
  if (row < 0) {
    findings_add(c->found, name, STATUS_MISMATCH, "%s: has no row for it; run `skein embed` again",
                 path);
    return STATUS_OK;
  }
  if (!e->text || !e->text[row][0]) {
    if (c->changed && manifest_listed(c->changed, name))
      findings_add(c->found, name, STATUS_OK,
                   "%s: does not say of which instruction its row is; bring another if it was of "
                   "the old one",
                   path);
    return STATUS_OK;
  }
  TRY(embed_text_hash(c->m->entry[i].instruction, hash, err));
  if (strcmp(hash, e->text[row]) == 0) return STATUS_OK;
  findings_add(c->found, name, STATUS_MISMATCH,
               "%s: is of another instruction than it has now; run `skein embed` again", path);
  return STATUS_OK;
}

/* Nobody has looked at these vectors. */
static void tell_unmade(const Check *c, const Embeddings *e, bool other, const char *path) {
  const char *why = "what makes them is not here";
  if (!c->thorough) return;
  if (embed_again_is(e, EMBEDDER_SENTENCE))
    why = other ? "--embedder is another model" : "give --embedder DIR of its model";
  if (embed_again_is(e, EMBEDDER_ENCODER)) why = "the base cannot be read";
  findings_add(c->found, NULL, STATUS_OK, "%s: the vectors of %.100s were not made again: %s", path,
               e->embedder, why);
}

static Status check_instructions(const Check *c, const Embeddings *e, Embedder *maker,
                                 const char *path, Error *err) {
  int errors = c->found->errors;
  for (int i = 0; i < c->m->count; i++) TRY(check_expert(c, i, e, path, err));
  if (!maker || c->found->errors > errors) return STATUS_OK;
  return embed_again_compare(e, maker, c->m, path, c->found, err);
}

/* A file of another embedder than the pool has now is left by earlier instructions, or of another
 * base: runs look for theirs by its name and do not find this one. */
static Status check_vectors(const Check *c, const Embeddings *e, bool examples, const char *path,
                            Error *err) {
  Embedder *maker;
  TRY(embed_again_open(&maker, e, c->m, &c->with, err));
  bool lexical = embed_again_is(e, EMBEDDER_LEXICAL),
       sentence = embed_again_is(e, EMBEDDER_SENTENCE);
  bool other = maker && strcmp(embedder_name(maker), e->embedder) != 0;
  Status status = STATUS_OK;
  if (!sentence && (maker ? other : lexical)) {
    findings_add(c->found, NULL, STATUS_OK,
                 "%s: is of %s; no run reads it, and `skein embed` makes another", path,
                 lexical ? "other instructions than the pool's" : "another base");
  } else {
    Embedder *same = other ? NULL : maker;
    if (!examples) status = check_instructions(c, e, same, path, err);
    if (!examples && !same) tell_unmade(c, e, sentence && c->with.model, path);
    check_rows(c->m, e, path, c->found);
  }
  embedder_close(maker);
  return status;
}

static Status check_named(const Check *c, const char *dir, const char *name, Error *err) {
  static const char EXAMPLES[] = "examples-";
  Embeddings e;
  Error failure = {0};
  if (name[0] == '.') return STATUS_OK;
  char *path = path_join(dir, name);
  if (!path) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  bool examples = strncmp(name, EXAMPLES, strlen(EXAMPLES)) == 0;
  Status status = embeddings_read(&e, path, &failure);
  if (status == STATUS_OK) {
    status = check_vectors(c, &e, examples, path, err);
    embeddings_free(&e);
  } else {
    status = findings_add_failure(c->found, NULL, &failure, err);
  }
  free(path);
  return status;
}

static Status check_all(const Check *c, Error *err) {
  DirNames names = {0};
  char *dir = path_below(c->m->dir, "embeddings");
  if (!dir) return error_set(err, STATUS_RUN, "%s: out of memory", c->m->dir);
  Status status = dir_names(&names, dir, err); /* there may be none */
  for (size_t i = 0; i < names.count && status == STATUS_OK; i++)
    status = check_named(c, dir, names.name[i], err);
  dir_names_free(&names);
  free(dir);
  return status;
}

Status pool_check_embeddings(const PoolManifest *m, const EmbedMakers *with, Findings *found,
                             Error *err) {
  return check_all(&(Check){.m = m, .with = *with, .thorough = true, .found = found}, err);
}

void pool_tell_embeddings(const PoolManifest *m, const char *changed) {
  Findings found = findings_new();
  Error failure = {0};
  if (check_all(&(Check){.m = m, .changed = changed, .found = &found}, &failure) != STATUS_OK)
    console_note(NULL, "%s: the embeddings were not looked at: %s", m->dir, failure.text);
  findings_tell(&found);
  findings_free(&found);
}
