/* What changes a pool. An expert is one new folder and one new manifest; the manifest is written
 * last on the way in and first on the way out, so that nobody finds an expert that is not whole. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/utf8.h"
#include "infer/pool/pool_expert.h"
#include "tools/pool/adapter_notes.h"
#include "tools/pool/pool_gate.h"
#include "tools/pool/pool_parts.h"
#include "tools/pool/pool_tool.h"
#include "tools/shell/console.h"

static Status out_of_memory(const char *dir, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", dir);
}

/* ---- init ---- */

static Status refuse_pool(const char *dir, Error *err) {
  char *path = path_join(dir, POOL_MANIFEST);
  if (!path) return out_of_memory(dir, err);
  bool there = access(path, F_OK) == 0;
  free(path);
  if (!there) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "%s: is a pool already", dir);
}

static Status make_pool(const char *dir, const PoolManifest *m, Error *err) {
  PoolLock *lock;
  TRY(dir_make(dir, err));
  TRY(pool_lock(&lock, dir, err));
  Status status = refuse_pool(dir, err);
  if (status == STATUS_OK) status = pool_write_ignored(dir, err);
  if (status == STATUS_OK) status = manifest_write(m, err);
  pool_unlock(lock);
  return status;
}

Status pool_init(const char *dir, const PoolOptions *o, Error *err) {
  T5 *model;
  if (!o->base) return error_set(err, STATUS_USAGE, "pool init: --base DIR is missing");
  TRY(pool_check_text("--base", o->base, err));
  TRY(refuse_pool(dir, err));
  TRY(t5_open(&model, o->base, err));
  PoolManifest m = {.dir = strdup(dir), .base_name = strdup(o->base)};
  Status status =
      m.dir && m.base_name ? t5_fingerprint(model, m.base, err) : out_of_memory(dir, err);
  if (status == STATUS_OK) status = t5_sample(model, m.sample, err);
  if (status == STATUS_OK) status = make_pool(dir, &m, err);
  manifest_free(&m);
  t5_close(model);
  return status;
}

/* ---- add ---- */

/* `--instruction` in a new string. */
static Status read_instruction(const char *given, char **text, Error *err) {
  enum { BYTES_MAX = 1 << 16 };
  *text = NULL;
  if (given && given[0] == '@') {
    size_t size;
    TRY(file_read(given + 1, BYTES_MAX, text, &size, err));
    while (size > 0 && (*text)[size - 1] == '\n') (*text)[--size] = '\0';
    if (utf8_valid(*text, size) == size && strlen(*text) == size) return STATUS_OK;
    free(*text);
    *text = NULL;
    return error_set(err, STATUS_INPUT, "%s: is not UTF-8 text", given + 1);
  }
  TRY(pool_check_text("--instruction", given ? given : "", err));
  *text = strdup(given ? given : "");
  return *text ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: the instruction");
}

static Status check_base(const PoolManifest *m, T5 *model, Error *err) {
  char base[HASH_HEX];
  TRY(t5_fingerprint(model, base, err));
  if (strcmp(base, m->base) == 0) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s/" POOL_MANIFEST ": base: fingerprint: is %.12s (%.80s), this base is %.12s",
                   m->dir, m->base, m->base_name, base);
}

static Status copy_as(const char *from, const char *to, PoolFile file, PoolEntry *entry,
                      Error *err) {
  char *target = path_join(to, POOL_FILE[file]);
  if (!target) return out_of_memory(to, err);
  Status status = pool_copy_file(from, target, entry->hash[file], err);
  free(target);
  return status;
}

static Status copy_config(const PoolSource *source, const char *to, PoolEntry *entry, Error *err) {
  char *from = path_join(source->adapter, POOL_FILE[POOL_ADAPTER_CONFIG]);
  if (!from) return out_of_memory(to, err);
  Status status = copy_as(from, to, POOL_ADAPTER_CONFIG, entry, err);
  free(from);
  return status;
}

/* The tensors of a PyTorch file as safetensors: a pool goes from hand to hand, and holds no pickles,
 * which other programs run. */
static Status convert_adapter(const Weights *w, const char *to, PoolEntry *entry, Error *err) {
  char *target = path_join(to, POOL_FILE[POOL_ADAPTER]);
  if (!target) return out_of_memory(to, err);
  Status status = weights_export(w, NULL, target, err);
  if (status == STATUS_OK) status = hash_file(target, entry->hash[POOL_ADAPTER], err);
  if (status == STATUS_OK) {
    console_note(NULL, "skein: %s: a PyTorch file; its tensors are in the pool as %s",
                 weights_path(w), POOL_FILE[POOL_ADAPTER]);
  }
  free(target);
  return status;
}

static Status copy_adapter(const PoolSource *source, const char *to, PoolEntry *entry, Error *err) {
  Weights *w;
  TRY(weights_open_adapter(&w, source->adapter, err));
  Status status = weights_table(w, 0)->format == FORMAT_TORCH
                      ? convert_adapter(w, to, entry, err)
                      : copy_as(weights_path(w), to, POOL_ADAPTER, entry, err);
  weights_close(w);
  return status;
}

static Status hash_named(const char *dir, PoolFile file, PoolEntry *entry, Error *err) {
  char *path = path_join(dir, POOL_FILE[file]);
  Status status = path ? hash_file(path, entry->hash[file], err) : out_of_memory(dir, err);
  free(path);
  return status;
}

/* The vectors of a checkpoint of T-Few, which says nothing of itself, as a PEFT directory. */
static Status convert_checkpoint(const PoolManifest *m, const PoolSource *source,
                                 const Modules *modules, const char *to, PoolEntry *entry,
                                 Error *err) {
  Ia3 *ia3;
  TRY(ia3_open(&ia3, source->adapter, modules, err));
  Status status = ia3_save(ia3, modules, to, m->base_name, DTYPE_F32, err);
  ia3_close(ia3);
  TRY(status);
  console_note(NULL, "skein: %s: a checkpoint of T-Few; its vectors are in the pool as PEFT's",
               source->adapter);
  TRY(hash_named(to, POOL_ADAPTER_CONFIG, entry, err));
  return hash_named(to, POOL_ADAPTER, entry, err);
}

static Status copy_files(const PoolManifest *m, const PoolSource *source, const Modules *modules,
                         const char *to, PoolEntry *entry, Error *err) {
  TRY(dir_remove(to, err)); /* what a writer that died has left */
  TRY(dir_make(to, err));
  if (ia3_is_checkpoint(source->adapter)) {
    TRY(convert_checkpoint(m, source, modules, to, entry, err));
  } else {
    TRY(copy_config(source, to, entry, err));
    TRY(copy_adapter(source, to, entry, err));
  }
  TRY(copy_as(source->gate, to, POOL_GATE, entry, err));
  if (source->activation) TRY(copy_as(source->activation, to, POOL_ACTIVATION, entry, err));
  return STATUS_OK;
}

/* Takes expert `at` out of the manifest, which is written. */
static Status take_entry(PoolManifest *m, int at, Error *err) {
  pool_entry_free(&m->entry[at]);
  m->count--;
  memmove(&m->entry[at], &m->entry[at + 1], (size_t)(m->count - at) * sizeof *m->entry);
  return manifest_write(m, err);
}

/* Puts the entry at its place in the manifest, which takes its strings and is written. */
static Status put_entry(PoolManifest *m, int at, PoolEntry *entry, Error *err) {
  PoolEntry *grown = realloc(m->entry, ((size_t)m->count + 1) * sizeof *grown);
  if (!grown) return out_of_memory(m->dir, err);
  m->entry = grown;
  memmove(&grown[at + 1], &grown[at], (size_t)(m->count - at) * sizeof *grown);
  grown[at] = *entry;
  *entry = (PoolEntry){0};
  m->count++;
  return manifest_write(m, err);
}

/* What is at `to` and in no manifest gives way to the folder `from` beside it. */
static Status move_folder(const char *from, const char *to, Error *err) {
  TRY(dir_remove(to, err));
  if (rename(from, to) != 0) {
    return error_set_errno(err, STATUS_RUN, "%s: cannot rename to %s", from, to);
  }
  char *parent = path_parent(to);
  if (!parent) return out_of_memory(to, err);
  Status status = dir_sync(parent, err);
  free(parent);
  return status;
}

/* `folder`: of the expert; `staged`: its hidden name until it is whole. */
static Status place_files(PoolManifest *m, const PoolSource *source, const Modules *modules,
                          const char *folder, const char *staged, PoolEntry *entry, Error *err) {
  int at = manifest_find(m, entry->name);
  Status status = copy_files(m, source, modules, staged, entry, err);
  if (status == STATUS_OK && at >= 0) status = take_entry(m, at, err);
  if (status == STATUS_OK) status = move_folder(staged, folder, err);
  if (status == STATUS_OK) return put_entry(m, at >= 0 ? at : m->count, entry, err);
  Error ignored = {0};
  dir_remove(staged, &ignored);
  return status;
}

static Status place_expert(PoolManifest *m, const PoolSource *source, const Modules *modules,
                           PoolEntry *entry, Error *err) {
  char *folder = NULL, *staged = NULL;
  if (asprintf(&folder, "%s/experts/%s", m->dir, entry->name) < 0) folder = NULL;
  if (asprintf(&staged, "%s/experts/.%s.new", m->dir, entry->name) < 0) staged = NULL;
  Status status = folder && staged ? place_files(m, source, modules, folder, staged, entry, err)
                                   : out_of_memory(m->dir, err);
  free(folder);
  free(staged);
  return status;
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

/* The expert as the options name it, of a model that is the pool's base. */
static Status add_checked(PoolManifest *m, const PoolOptions *o, const Modules *modules,
                          PoolEntry *entry, Error *err) {
  PoolGate gate;
  TRY(pool_gate_take(&gate, m, modules, o->adapter, o->gate, o->require_provenance, err));
  PoolSource source = {o->adapter, gate.path, o->activation};
  Status status = pool_describe_new(m, &source, modules, entry, err);
  if (status == STATUS_OK) adapter_notes_say(o->adapter);
  if (status == STATUS_OK && entry->unverified && o->require_provenance) {
    status = pool_gate_refuse(o->gate, err);
  }
  if (status == STATUS_OK && gate.made) status = pool_check_text("--gate", o->gate, err);
  if (status == STATUS_OK && gate.made) {
    free(entry->source);
    entry->source = strdup(path_last(o->gate));
    if (!entry->source) status = out_of_memory(m->dir, err);
  }
  if (status == STATUS_OK) status = place_expert(m, &source, modules, entry, err);
  pool_gate_release(&gate);
  return status;
}

static Status add_expert(PoolManifest *m, const char *name, const PoolOptions *o, Error *err) {
  T5 *model = NULL;
  PoolEntry entry = {.name = strdup(name), .licence = strdup(o->licence ? o->licence : "")};
  Status status = entry.name && entry.licence ? STATUS_OK : out_of_memory(m->dir, err);
  if (status == STATUS_OK) status = check_name(m, name, o->replace, err);
  if (status == STATUS_OK) status = pool_check_text("--licence", entry.licence, err);
  if (status == STATUS_OK) status = read_instruction(o->instruction, &entry.instruction, err);
  if (status == STATUS_OK) status = pool_open_base(&model, m, o->base, err);
  if (status == STATUS_OK) status = check_base(m, model, err);
  if (status == STATUS_OK) status = add_checked(m, o, &model->modules, &entry, err);
  pool_entry_free(&entry);
  t5_close(model);
  return status;
}

/* ---- the manifest under its lock ---- */

/* A change of a pool whose manifest was read under the lock. */
typedef Status Change(PoolManifest *m, const char *name, const PoolOptions *o, Error *err);

static Status change_pool(const char *dir, Change *change, const char *name, const PoolOptions *o,
                          Error *err) {
  PoolLock *lock;
  PoolManifest m;
  TRY(manifest_read(&m, dir, err)); /* before the lock, whose file would appear in any directory */
  manifest_free(&m);
  TRY(pool_lock(&lock, dir, err));
  Status status = manifest_read(&m, dir, err);
  if (status == STATUS_OK) status = change(&m, name, o, err);
  manifest_free(&m);
  pool_unlock(lock);
  return status;
}

Status pool_add(const char *dir, const char *name, const PoolOptions *o, Error *err) {
  if (!o->adapter || !o->gate) {
    return error_set(err, STATUS_USAGE, "pool add: --%s is missing",
                     o->adapter ? "gate FILE" : "adapter DIR");
  }
  return change_pool(dir, add_expert, name, o, err);
}

/* ---- rm ---- */

static Status remove_expert(PoolManifest *m, const char *name, const PoolOptions *o, Error *err) {
  (void)o;
  int at;
  TRY(manifest_require(m, name, &at, err));
  char *folder;
  if (asprintf(&folder, "%s/experts/%s", m->dir, name) < 0) return out_of_memory(m->dir, err);
  Status status = take_entry(m, at, err);
  if (status == STATUS_OK) status = dir_remove(folder, err);
  free(folder);
  return status;
}

Status pool_remove(const char *dir, const char *name, Error *err) {
  return change_pool(dir, remove_expert, name, NULL, err);
}
