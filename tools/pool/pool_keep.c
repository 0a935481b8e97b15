#include "tools/pool/pool_keep.h"

#include <stdlib.h>
#include <string.h>

#include "tools/shell/console.h"

static Status out_of_memory(const char *dir, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", dir);
}

/* A text that was not given becomes the old one. */
static Status keep_text(char **text, const char *given, const char *old, bool *kept) {
  *kept = !given && *old;
  if (!*kept) return STATUS_OK;
  char *copy = strdup(old);
  if (!copy) return STATUS_RUN;
  free(*text);
  *text = copy;
  return STATUS_OK;
}

static void say_kept(const char *dir, const char *name, bool instruction, bool licence,
                     bool activation) {
  if (!instruction && !licence && !activation) return;
  console_note(NULL, "%s: '%s' keeps%s%s%s of the expert that it replaces, as no other is given",
               dir, name, instruction ? " the instruction" : "",
               licence ? (instruction ? ", the licence" : " the licence") : "",
               activation ? (instruction || licence ? ", the activation" : " the activation") : "");
}

static Status keep_activation(char **activation, const PoolEntry *entry, const PoolManifest *m,
                              int at, Error *err) {
  const PoolEntry *old = &m->entry[at];
  if (!old->hash[POOL_ACTIVATION][0]) return STATUS_OK;
  if (strcmp(old->fingerprint, entry->fingerprint) != 0) {
    console_note(NULL,
                 "%s: '%s': its activation was of the adapter that is replaced, and goes with it; "
                 "make another with `skein train activation`",
                 m->dir, entry->name);
    return STATUS_OK;
  }
  *activation = manifest_path(m, at, POOL_ACTIVATION);
  return *activation ? STATUS_OK : out_of_memory(m->dir, err);
}

Status pool_keep(PoolEntry *entry, char **activation, const PoolManifest *m, int at,
                 const PoolOptions *o, Error *err) {
  const PoolEntry *old = &m->entry[at];
  bool instruction, licence;
  *activation = NULL;
  if (keep_text(&entry->instruction, o->instruction ? o->instruction : o->instruction_file,
                old->instruction, &instruction) != STATUS_OK ||
      keep_text(&entry->licence, o->licence, old->licence, &licence) != STATUS_OK)
    return out_of_memory(m->dir, err);
  if (!o->activation) TRY(keep_activation(activation, entry, m, at, err));
  say_kept(m->dir, entry->name, instruction, licence, *activation != NULL);
  return STATUS_OK;
}
