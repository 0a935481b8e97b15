/* What changes a pool: one new manifest, and a folder that comes, goes, or both (pool_change.h). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/output.h"
#include "data/file/path.h"
#include "infer/pool/pool_expert.h"
#include "tools/pool/adapter_notes.h"
#include "tools/pool/pool_change.h"
#include "tools/pool/pool_copy.h"
#include "tools/pool/pool_embeddings.h"
#include "tools/pool/pool_gate.h"
#include "tools/pool/pool_keep.h"
#include "tools/pool/pool_parts.h"
#include "tools/pool/pool_tool.h"
#include "tools/shell/console.h"

static Status out_of_memory(const char *dir, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", dir);
}

/* ---- init ---- */

static Status refuse_pool(const char *dir, Error *err) {
  char *path = path_below(dir, POOL_MANIFEST);
  if (!path) return out_of_memory(dir, err);
  bool there = file_exists(path);
  free(path);
  if (!there) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "%s: is a pool already", dir);
}

/* What is hidden (.git) is in nobody's way; .gitignore and .lock may be of one that died here. */
static Status check_place(const char *dir, Error *err) {
  static const char *const BEGUN[] = {POOL_MANIFEST, NULL}; /* its temporary */
  const OutputDir kind = {"pool", POOL_MANIFEST, BEGUN};
  TRY(refuse_pool(dir, err));
  return output_check_dir(dir, &kind, err);
}

static Status make_pool(const char *dir, const PoolManifest *m, Error *err) {
  Lock *lock;
  const LockWait wait = pool_wait();
  TRY(dir_make(dir, err));
  TRY(pool_lock(&lock, dir, &wait, err));
  Status status = refuse_pool(dir, err);
  if (status == STATUS_OK) status = pool_write_ignored(dir, err);
  if (status == STATUS_OK) status = manifest_write(m, err);
  lock_release(lock);
  return status;
}

Status pool_init(const char *dir, const PoolOptions *o, Error *err) {
  T5 *model;
  if (!o->base) return error_set(err, STATUS_USAGE, "pool init: --base DIR is missing");
  TRY(pool_check_text("--base", o->base, err));
  TRY(check_place(dir, err));
  TRY(t5_open(&model, o->base, err));
  PoolManifest m = {.dir = strdup(dir), .base_name = strdup(o->base)};
  Status status =
      m.dir && m.base_name ? t5_fingerprint(model, m.base, err) : out_of_memory(dir, err);
  if (status == STATUS_OK) status = t5_sample(model, m.sample, err);
  if (status == STATUS_OK) status = make_pool(dir, &m, err);
  if (status == STATUS_OK) console_say("%s: a new pool for experts of %s", dir, o->base);
  manifest_free(&m);
  t5_close(model);
  return status;
}

/* ---- add ---- */

static Status check_base(const PoolManifest *m, T5 *model, Error *err) {
  char base[HASH_HEX];
  TRY(t5_fingerprint(model, base, err));
  if (strcmp(base, m->base) == 0) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s/" POOL_MANIFEST
                   ": base: fingerprint: the pool is of %.200s (%.12s), and this "
                   "is another base: %s (%.12s)",
                   m->dir, m->base_name, m->base, weights_path(model->weights), base);
}

/* A new expert that was checked, and waits for the pool's lock. */
typedef struct Addition {
  const PoolOptions *options;
  PoolEntry entry;
  PoolGate gate;
  PoolSource source;
  char *kept_activation; /* in the pool, of the expert that is replaced */
  T5 *model;             /* the pool's base, whose modules it was checked for */
  char base[HASH_HEX];   /* of the pool that it was checked for */
} Addition;

/* Takes expert `at` out of the manifest, which is written. */
static Status take_entry(PoolManifest *m, int at, Error *err) {
  pool_entry_free(&m->entry[at]);
  m->count--;
  memmove(&m->entry[at], &m->entry[at + 1], (size_t)(m->count - at) * sizeof *m->entry);
  return manifest_write(m, err);
}

/* Puts the entry in the place of expert `at` (-1: behind all) of the manifest, which takes its
 * strings and is written. */
static Status put_entry(PoolManifest *m, int at, PoolEntry *entry, Error *err) {
  if (at < 0) {
    PoolEntry *grown = realloc(m->entry, ((size_t)m->count + 1) * sizeof *grown);
    if (!grown) return out_of_memory(m->dir, err);
    m->entry = grown;
    grown[at = m->count++] = (PoolEntry){0};
  }
  pool_entry_free(&m->entry[at]);
  m->entry[at] = *entry;
  *entry = (PoolEntry){0};
  return manifest_write(m, err);
}

static Status write_expert(PoolManifest *m, const Addition *a, int at, PoolEntry *entry,
                           Error *err) {
  char *folder, name[POOL_FOLDER_MAX];
  pool_folder(entry, name);
  if (asprintf(&folder, "%s" PATH_MARK "experts/%s", m->dir, name) < 0)
    return out_of_memory(m->dir, err);
  Status status = pool_copy_expert(m, &a->source, &a->model->modules, folder, entry, err);
  free(folder);
  TRY(status);
  return put_entry(m, at, entry, err);
}

/* Ends a change, which has failed if `status` says so. */
static Status finish_change(const PoolManifest *m, Status status, Error *err) {
  Status finished = pool_change_finish(m->dir, err);
  return status != STATUS_OK ? status : finished;
}

static void say_placed(const PoolManifest *m, const PoolEntry *e, bool replaced) {
  char folder[POOL_FOLDER_MAX];
  pool_folder(e, folder);
  console_say("%s: '%s' %s, %s of %" PRId64 " modules in experts/%s; %d expert%s", m->dir, e->name,
              replaced ? "replaced" : "added", peft_type_title(e->kind), e->modules, folder,
              m->count, m->count == 1 ? "" : "s");
}

/* Gates are not lost by leaving out an option. */
static Status check_gates_stay(const PoolManifest *m, const PoolEntry *old, const Addition *a,
                               Error *err) {
  if (a->gate.path || !old->hash[POOL_GATE][0]) return STATUS_OK;
  return error_set(err, STATUS_USAGE,
                   "%s: '%s' has gates, which would go; give others (--gate FILE), or take the "
                   "expert out first (skein pool rm)",
                   m->dir, old->name);
}

/* Makes the addition, and the files that it is about, an expert of the pool. */
static Status place_expert(PoolManifest *m, Addition *a, Error *err) {
  int at = manifest_find(m, a->entry.name);
  const PoolEntry *old = at >= 0 ? &m->entry[at] : NULL;
  if (old) TRY(check_gates_stay(m, old, a, err));
  if (old) TRY(pool_keep(&a->entry, &a->kept_activation, m, at, a->options, err));
  if (a->kept_activation) a->source.activation = a->kept_activation;
  bool other = !old || strcmp(old->instruction, a->entry.instruction) != 0;
  TRY(pool_change_folder(m, old, &a->entry, err));
  TRY(pool_change_begin(m, (const PoolEntry *[]){&a->entry, old}, 2, err));
  TRY(finish_change(m, write_expert(m, a, at, &a->entry, err), err));
  const PoolEntry *placed = &m->entry[old ? at : m->count - 1];
  say_placed(m, placed, old != NULL);
  if (!placed->hash[POOL_GATE][0])
    console_note(NULL, "%s: '%s' " POOL_GATELESS, m->dir, placed->name);
  pool_tell_embeddings(m, other ? placed->name : NULL);
  return STATUS_OK;
}

static Status check_name(const PoolManifest *m, const char *name, bool replace, Error *err) {
  if (!pool_name_valid(name)) {
    return error_set(err, STATUS_USAGE, "'%.120s': is no name of an expert; " POOL_NAME_RULE, name);
  }
  if (replace || manifest_find(m, name) < 0) return STATUS_OK;
  return error_set(err, STATUS_USAGE,
                   "%s: has an expert '%s' already; take it out first (skein pool rm), or say "
                   "--replace",
                   m->dir, name);
}

static void addition_free(Addition *a) {
  pool_gate_release(&a->gate);
  free(a->kept_activation);
  pool_entry_free(&a->entry);
  t5_close(a->model);
}

/* The expert as the options name it, of a model that is the pool's base. */
static Status check_parts(Addition *a, const PoolManifest *m, const PoolOptions *o, Error *err) {
  PoolEntry *entry = &a->entry;
  const Modules *modules = &a->model->modules;
  TRY(pool_gate_take(&a->gate, m, modules, o->adapter, o->gate, o->require_provenance, err));
  a->source = (PoolSource){o->adapter, a->gate.path, o->activation};
  TRY(pool_describe_new(m, &a->source, modules, entry, err));
  adapter_notes_say(o->adapter);
  TRY(pool_gate_say_doubt(&a->gate, err));
  if (entry->unverified && o->require_provenance) return pool_gate_refuse(o->gate, err);
  if (!a->gate.made) return STATUS_OK;
  TRY(pool_check_text("--gate", o->gate, err));
  free(entry->source);
  entry->source = strdup(path_last(o->gate));
  return entry->source ? STATUS_OK : out_of_memory(m->dir, err);
}

static Status check_addition(Addition *a, const PoolManifest *m, const char *name,
                             const PoolOptions *o, Error *err) {
  a->entry = (PoolEntry){.name = strdup(name), .licence = strdup(o->licence ? o->licence : "")};
  if (!a->entry.name || !a->entry.licence) return out_of_memory(m->dir, err);
  TRY(check_name(m, name, o->replace, err));
  TRY(pool_check_text("--licence", a->entry.licence, err));
  TRY(pool_read_instruction(o, name, &a->entry.instruction, err));
  TRY(pool_open_base(&a->model, m, o->base, err));
  TRY(check_base(m, a->model, err));
  return check_parts(a, m, o, err);
}

/* The pool may be another one than that which the addition was checked for. */
static Status add_expert(PoolManifest *m, void *arg, Error *err) {
  Addition *a = arg;
  TRY(check_name(m, a->entry.name, a->options->replace, err));
  if (strcmp(m->base, a->base) != 0)
    return error_set(err, STATUS_MISMATCH, "%s: became a pool of another base meanwhile", m->dir);
  return place_expert(m, a, err);
}

/* What takes long is done before the lock, for which others may wait. */
Status pool_add(const char *dir, const char *name, const PoolOptions *o, Error *err) {
  if (!o->adapter) return error_set(err, STATUS_USAGE, "pool add: --adapter DIR is missing");
  PoolManifest m;
  Addition a = {.options = o};
  TRY(manifest_read(&m, dir, err));
  memcpy(a.base, m.base, sizeof a.base);
  Status status = check_addition(&a, &m, name, o, err);
  manifest_free(&m);
  if (status == STATUS_OK) status = pool_change(dir, add_expert, &a, err);
  addition_free(&a);
  return status;
}

/* ---- rm ---- */

static Status remove_expert(PoolManifest *m, void *arg, Error *err) {
  const char *name = arg;
  int at;
  TRY(manifest_require(m, name, &at, err));
  TRY(pool_change_begin(m, (const PoolEntry *[]){&m->entry[at]}, 1, err));
  TRY(finish_change(m, take_entry(m, at, err), err));
  console_say("%s: '%s' is taken out and its files are deleted; %d expert%s left", m->dir, name,
              m->count, m->count == 1 ? " is" : "s are");
  pool_tell_embeddings(m, NULL);
  return STATUS_OK;
}

Status pool_remove(const char *dir, const char *name, Error *err) {
  PoolManifest m;
  TRY(manifest_read(&m, dir, err)); /* before the lock, whose file would appear in any directory */
  manifest_free(&m);
  return pool_change(dir, remove_expert, (void *)(uintptr_t)name, err);
}
