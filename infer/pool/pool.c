#include "infer/pool/pool.h"

#include <stdlib.h>
#include <string.h>

#include "autograd/ground/parallel.h"
#include "data/file/known_hash.h"
#include "infer/pool/pool_expert.h"

struct Pool {
  PoolManifest manifest;
  const Modules *modules;
  PoolExpert *expert; /* [count] */
  int count;
  int64_t *max_rank;      /* [modules->count] */
  PoolRescales *rescales; /* [modules->count] */
  bool verified;          /* its files are those that the manifest lists */
};

void pool_close(Pool *pool) {
  if (!pool) return;
  for (int i = 0; pool->expert && i < pool->count; i++) pool_expert_close(&pool->expert[i]);
  manifest_free(&pool->manifest);
  free(pool->expert);
  free(pool->max_rank);
  free(pool->rescales);
  free(pool);
}

/* Opening. */

static Status check_base(const Pool *pool, const char *sample, Error *err) {
  const PoolManifest *m = &pool->manifest;
  if (strcmp(sample, m->sample) == 0) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s/" POOL_MANIFEST
                   ": base: sample: the pool is of another base than this: of %.200s (%.12s; this "
                   "one is %.12s)",
                   m->dir, m->base_name, m->sample, sample);
}

/* The experts to open, as places in the manifest. */
static Status choose_experts(Pool *pool, const char *only, int *chosen, Error *err) {
  const PoolManifest *m = &pool->manifest;
  if (only) TRY(manifest_require_list(m, only, err));
  for (int i = 0; i < m->count; i++) {
    if (manifest_listed(only, m->entry[i].name)) chosen[pool->count++] = i;
  }
  return STATUS_OK;
}

/* The files of one expert are one task. */
typedef struct Opening {
  Pool *pool;
  const int *chosen;   /* [pool->count] place in the manifest */
  KnownHashes *hashes; /* of the files of the manifest; NULL: they are not compared */
} Opening;

static Status verify_file(const Opening *o, int expert, PoolFile file, Error *err) {
  const PoolManifest *m = &o->pool->manifest;
  const char *listed = m->entry[expert].hash[file];
  char hex[HASH_HEX];
  if (!*listed) return STATUS_OK;
  char *path = manifest_path(m, expert, file);
  if (!path) return error_set(err, STATUS_RUN, "%s: out of memory", m->dir);
  Status status = known_hash(o->hashes, (size_t)(expert * POOL_FILES) + file, path, hex, err);
  if (status == STATUS_OK && strcmp(hex, listed) != 0)
    status = error_set(err, STATUS_MISMATCH,
                       "%s: was changed after it was added: SHA-256 is %.12s, " POOL_MANIFEST
                       " has %.12s; add the expert again (skein pool add --replace), or take it as "
                       "it is (no-verify)",
                       path, hex, listed);
  free(path);
  return status;
}

static Status verify_expert(const Opening *o, int expert, Error *err) {
  for (int f = 0; f < POOL_FILES; f++) TRY(verify_file(o, expert, (PoolFile)f, err));
  return STATUS_OK;
}

static Status open_expert(void *arg, int64_t task, int worker, Error *err) {
  (void)worker;
  const Opening *o = arg;
  Pool *p = o->pool;
  if (o->hashes) TRY(verify_expert(o, o->chosen[task], err));
  return pool_expert_open_listed(&p->expert[task], &p->manifest, o->chosen[task], p->modules, err);
}

static Status open_experts(Pool *pool, const int *chosen, Error *err) {
  enum { THREADS_MAX = 8 };
  int threads = parallel_processors();
  const PoolManifest *m = &pool->manifest;
  Opening o = {pool, chosen, NULL};
  if (pool->verified)
    TRY(known_hashes_open(&o.hashes, m->dir, (size_t)(m->count * POOL_FILES), err));
  Status status = parallel_try(threads < THREADS_MAX ? threads : THREADS_MAX, pool->count,
                               open_expert, &o, err);
  known_hashes_close(o.hashes);
  return status;
}

/* What has to be known of a module before a token comes. */
static void look_at(Pool *pool, const ExpertFile *f, int module) {
  PoolRescales *rescales = &pool->rescales[module];
  if (!expert_file_covers(f, module)) return;
  if (f->kind == PEFT_IA3) {
    (*(f->ia3.vector[module].input ? &rescales->inputs : &rescales->outputs))++;
  } else if (f->lora.factor[module].a.rows > pool->max_rank[module]) {
    pool->max_rank[module] = f->lora.factor[module].a.rows;
  }
}

static void look_at_all(Pool *pool) {
  for (int e = 0; e < pool->count; e++)
    for (int i = 0; i < pool->modules->count; i++) look_at(pool, &pool->expert[e].file, i);
}

static Status open_pool(Pool *pool, const char *dir, const char *sample, const char *only,
                        Error *err) {
  TRY(manifest_read(&pool->manifest, dir, err));
  TRY(check_base(pool, sample, err));
  size_t count = (size_t)pool->manifest.count;
  int *chosen = calloc(count + 1, sizeof *chosen);
  pool->expert = calloc(count + 1, sizeof *pool->expert);
  pool->max_rank = calloc((size_t)pool->modules->count, sizeof *pool->max_rank);
  pool->rescales = calloc((size_t)pool->modules->count, sizeof *pool->rescales);
  Status status = chosen && pool->expert && pool->max_rank && pool->rescales
                      ? choose_experts(pool, only, chosen, err)
                      : error_set(err, STATUS_RUN, "%s: out of memory", dir);
  if (status == STATUS_OK) status = open_experts(pool, chosen, err);
  if (status == STATUS_OK) look_at_all(pool);
  free(chosen);
  return status;
}

static Status open_once(Pool **pool, const char *dir, const Modules *modules, const char *sample,
                        const char *only, bool verify, Error *err) {
  *pool = calloc(1, sizeof **pool);
  if (!*pool) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  (*pool)->modules = modules;
  (*pool)->verified = verify;
  return open_pool(*pool, dir, sample, only, err);
}

/* A pool that was changed on the way is opened again, as it is by then. */
static Status open_current(Pool **pool, const char *dir, const Modules *modules, const char *sample,
                           const char *only, bool verify, Error *err) {
  for (;;) {
    Error failure = {0};
    if (open_once(pool, dir, modules, sample, only, verify, &failure) == STATUS_OK)
      return STATUS_OK;
    bool changed = *pool && manifest_changed(&(*pool)->manifest);
    pool_close(*pool);
    *pool = NULL;
    if (!changed) return error_set(err, failure.status, "%s", failure.text);
  }
}

Status pool_open(Pool **pool, const char *dir, const Modules *modules, const char *sample,
                 const char *only, Error *err) {
  return open_current(pool, dir, modules, sample, only, true, err);
}

Status pool_open_as_is(Pool **pool, const char *dir, const Modules *modules, const char *sample,
                       const char *only, Error *err) {
  return open_current(pool, dir, modules, sample, only, false, err);
}

/* Asking. */

int pool_count(const Pool *pool) {
  return pool->count;
}

const Modules *pool_modules(const Pool *pool) {
  return pool->modules;
}

const char *pool_dir(const Pool *pool) {
  return pool->manifest.dir;
}

const PoolManifest *pool_manifest(const Pool *pool) {
  return &pool->manifest;
}

bool pool_files_verified(const Pool *pool) {
  return pool->verified;
}

const PoolEntry *pool_entry(const Pool *pool, int expert) {
  return pool->expert[expert].entry;
}

int pool_find(const Pool *pool, const char *name) {
  for (int i = 0; i < pool->count; i++) {
    if (strcmp(pool_entry(pool, i)->name, name) == 0) return i;
  }
  return -1;
}

Status pool_require(const Pool *pool, const char *name, int *expert, Error *err) {
  int listed;
  *expert = pool_find(pool, name);
  if (*expert >= 0) return STATUS_OK;
  TRY(manifest_require(&pool->manifest, name, &listed, err));
  return error_set(err, STATUS_USAGE, "%s: the expert '%.80s' takes no part; see `only`",
                   pool_dir(pool), name);
}

Status pool_fingerprint(const Pool *pool, char hex[HASH_HEX], Error *err) {
  Hash *hash = hash_new();
  if (!hash) return error_set(err, STATUS_RUN, "%s: out of memory", pool_dir(pool));
  for (int i = 0; i < pool->count; i++) {
    const PoolEntry *e = pool_entry(pool, i);
    hash_add_string(hash, e->name);
    if (e->kind != PEFT_LORA) hash_add_string(hash, peft_type_name(e->kind));
    hash_add_string(hash, e->fingerprint);
    for (int f = 0; f < POOL_FILES; f++) hash_add_string(hash, e->hash[f]);
  }
  hash_finish(hash, hex);
  return STATUS_OK;
}

bool pool_covers(const Pool *pool, int expert, int module) {
  return expert_file_covers(&pool->expert[expert].file, module);
}

int64_t pool_max_rank(const Pool *pool, int module) {
  return pool->max_rank[module];
}

PeftType pool_kind(const Pool *pool, int expert) {
  return pool->expert[expert].file.kind;
}

bool pool_rslora(const Pool *pool, int expert) {
  return pool->expert[expert].file.lora.config.rslora;
}

PoolRescales pool_rescales(const Pool *pool, int module) {
  return pool->rescales[module];
}

Status pool_adapter(Pool *pool, int expert, int module, Adapter *out, Error *err) {
  *out = (Adapter){0};
  if (!pool_covers(pool, expert, module)) return STATUS_OK;
  return pool_expert_adapter(&pool->expert[expert], &pool->modules->module[module], out, err);
}

Status pool_factor(Pool *pool, int expert, int module, LowRank *out, Error *err) {
  Adapter adapter;
  if (pool_kind(pool, expert) != PEFT_LORA) {
    return error_set(err, STATUS_MISMATCH, "%s: the expert '%s' is an %s and has no factors",
                     pool_dir(pool), pool_entry(pool, expert)->name,
                     peft_type_title(pool_kind(pool, expert)));
  }
  Status status = pool_adapter(pool, expert, module, &adapter, err);
  *out = adapter.low_rank;
  return status;
}

typedef struct Reading {
  Pool *pool;
  const int *expert;
  int module;
  Adapter *out;
} Reading;

static void read_adapter(void *arg, int64_t task, int worker) {
  (void)worker;
  const Reading *r = arg;
  int expert = r->expert[task];
  pool_adapter(r->pool, expert, r->module, &r->out[expert], NULL);
}

Status pool_adapters(Pool *pool, const int *expert, int count, int module, int threads,
                     Adapter *out, Error *err) {
  Reading r = {pool, expert, module, out};
  int unread = 0;
  for (int i = 0; i < count; i++) unread += !pool_expert_is_read(&pool->expert[expert[i]], module);
  if (unread > 1) parallel_for(threads, count, read_adapter, &r);
  /* What has been read is at hand; what has failed fails again, in the order of the list. */
  for (int i = 0; i < count; i++) {
    TRY(pool_adapter(pool, expert[i], module, &out[expert[i]], err));
  }
  return STATUS_OK;
}

Status pool_vector(const Pool *pool, PoolVector kind, int expert, int module, float *out, bool *has,
                   Error *err) {
  *has = pool_covers(pool, expert, module);
  if (!*has) return STATUS_OK;
  return pool_expert_vector(&pool->expert[expert], kind, &pool->modules->module[module], out, err);
}

GateForm pool_gate_form(const Pool *pool, int expert) {
  return pool->expert[expert].gate_info.form;
}

bool pool_is_unverified(const Pool *pool, int expert) {
  return pool->expert[expert].gate_info.unverified;
}

int pool_unverified(const Pool *pool) {
  int count = 0;
  for (int i = 0; i < pool->count; i++) count += pool_is_unverified(pool, i);
  return count;
}

Status pool_require_provenance(const Pool *pool, Error *err) {
  for (int i = 0; i < pool->count; i++) {
    if (!pool_is_unverified(pool, i)) continue;
    return error_set(
        err, STATUS_MISMATCH,
        "%s: expert '%s': provenance: is unverified: the gate's file does not say which "
        "base and expert it was trained on; leave the expert out (only), or ask "
        "without require-provenance",
        pool_dir(pool), pool_entry(pool, i)->name);
  }
  return STATUS_OK;
}
