/* skein pool set: the texts of an expert, changed in one step of the manifest. */
#include <stdlib.h>
#include <string.h>

#include "tools/pool/pool_change.h"
#include "tools/pool/pool_embeddings.h"
#include "tools/pool/pool_parts.h"
#include "tools/pool/pool_tool.h"
#include "tools/shell/console.h"

typedef struct Texts {
  const char *name;
  char *instruction, *licence; /* owned; NULL: it stays */
} Texts;

/* Puts a text that is given in the place of the old one; whether that changes it. */
static bool take_text(char **text, char **given) {
  if (!*given || strcmp(*text, *given) == 0) return false;
  free(*text);
  *text = *given;
  *given = NULL;
  return true;
}

static Status set_texts(PoolManifest *m, void *arg, Error *err) {
  Texts *t = arg;
  int at;
  TRY(manifest_require(m, t->name, &at, err));
  PoolEntry *entry = &m->entry[at];
  bool instruction = take_text(&entry->instruction, &t->instruction);
  bool licence = take_text(&entry->licence, &t->licence);
  if (!instruction && !licence) {
    console_say("%s: '%s' has these texts already; nothing is changed", m->dir, t->name);
    return STATUS_OK;
  }
  TRY(manifest_write(m, err));
  console_say("%s: '%s' has another %s%s%s now", m->dir, t->name, instruction ? "instruction" : "",
              instruction && licence ? " and licence" : "",
              licence && !instruction ? "licence" : "");
  if (instruction) pool_tell_embeddings(m, t->name);
  return STATUS_OK;
}

static Status read_texts(Texts *t, const PoolOptions *o, Error *err) {
  bool instruction = o->instruction || o->instruction_file;
  if (o->base || o->replace)
    return error_set(err, STATUS_USAGE, "pool set: --%s is of --gates DIR alone",
                     o->base ? "base" : "replace");
  if (!instruction && !o->licence)
    return error_set(err, STATUS_USAGE,
                     "pool set: --instruction TEXT or --licence TEXT is missing; nothing to set");
  if (instruction) TRY(pool_read_instruction(o, t->name, &t->instruction, err));
  if (!o->licence) return STATUS_OK;
  TRY(pool_check_text("--licence", o->licence, err));
  t->licence = strdup(o->licence);
  return t->licence ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: the licence");
}

Status pool_set(const char *dir, const char *name, const PoolOptions *o, Error *err) {
  PoolManifest m;
  Texts t = {.name = name};
  TRY(manifest_read(&m, dir, err)); /* before the lock, whose file would appear in any directory */
  manifest_free(&m);
  Status status = read_texts(&t, o, err);
  if (status == STATUS_OK) status = pool_change(dir, set_texts, &t, err);
  free(t.instruction);
  free(t.licence);
  return status;
}
