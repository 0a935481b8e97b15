/* skein pool set --gates: gates that whoever collects the pool made, given to their experts in one step
 * of the manifest. */
#include <stdlib.h>
#include <string.h>

#include "data/file/path.h"
#include "infer/pool/made_gates.h"
#include "infer/pool/pool_expert.h"
#include "tools/pool/pool_change.h"
#include "tools/pool/pool_copy.h"
#include "tools/pool/pool_gate.h"
#include "tools/pool/pool_parts.h"
#include "tools/pool/pool_tool.h"
#include "tools/shell/console.h"

/* An expert that is to have gates. */
typedef struct Gated {
  int at;          /* its place in the manifest */
  char *gate;      /* the new ones */
  PoolEntry entry; /* as it will be, but for its folder and the hashes of its files */
} Gated;

typedef struct Gating {
  const PoolOptions *options;
  PoolManifest before; /* what was checked */
  MadeGates made;
  T5 *model;
  Gated *one; /* [made.count] */
} Gating;

static Status out_of_memory(const char *dir, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", dir);
}

static void gating_free(Gating *g) {
  for (int i = 0; g->one && i < g->made.count; i++) {
    free(g->one[i].gate);
    pool_entry_free(&g->one[i].entry);
  }
  free(g->one);
  t5_close(g->model);
  made_gates_free(&g->made);
  manifest_free(&g->before);
}

/* ---- checking ---- */

/* The gates are for the adapter that the pool has, and take nobody's place unasked. */
static Status check_fits(const Gating *g, const MadeGate *gate, const PoolEntry *entry,
                         Error *err) {
  if (strcmp(gate->fingerprint, entry->fingerprint) != 0)
    return error_set(err, STATUS_MISMATCH,
                     "%s/" MADE_GATES
                     ": gates: '%s': were trained for another adapter (%.12s) than the pool's "
                     "(%.12s); train them again",
                     g->options->gates, gate->name, gate->fingerprint, entry->fingerprint);
  if (!entry->hash[POOL_GATE][0] || g->options->replace) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "%s: '%s' has gates already; say --replace", g->before.dir,
                   gate->name);
}

/* The file is the one that the run listed. */
static Status check_file(const char *path, const char *listed, Error *err) {
  char hash[HASH_HEX];
  TRY(hash_file(path, hash, err));
  if (strcmp(hash, listed) == 0) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s: was changed after it was made: SHA-256 is %.12s, " MADE_GATES " has %.12s",
                   path, hash, listed);
}

static Status check_maker(const char *path, const PoolEntry *entry, const GateMaker *maker,
                          Error *err) {
  if (entry->maker.way == maker->way && strcmp(entry->maker.data, maker->data) == 0)
    return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s: __metadata__: collector: is not what " MADE_GATES " says", path);
}

/* Every check that an addition has. */
static Status describe(Gating *g, Gated *one, Error *err) {
  const PoolEntry *old = &g->before.entry[one->at];
  char *adapter = manifest_expert_dir(&g->before, one->at);
  char *activation = manifest_path(&g->before, one->at, POOL_ACTIVATION);
  const PoolSource source = {adapter, one->gate, old->hash[POOL_ACTIVATION][0] ? activation : NULL};
  Status status = adapter && activation
                      ? pool_describe_new(&g->before, &source, &g->model->modules, &one->entry, err)
                      : out_of_memory(g->before.dir, err);
  free(adapter);
  free(activation);
  return status;
}

static Status copy_texts(const PoolEntry *old, PoolEntry *entry, Error *err) {
  *entry = (PoolEntry){.name = strdup(old->name),
                       .instruction = strdup(old->instruction),
                       .licence = strdup(old->licence),
                       .source = strdup(old->source)};
  bool made = entry->name && entry->instruction && entry->licence && entry->source;
  return made ? STATUS_OK : out_of_memory(old->name, err);
}

static Status check_one(Gating *g, int i, Error *err) {
  const MadeGate *gate = &g->made.gate[i];
  Gated *one = &g->one[i];
  TRY(manifest_require(&g->before, gate->name, &one->at, err));
  const PoolEntry *old = &g->before.entry[one->at];
  TRY(check_fits(g, gate, old, err));
  one->gate = made_gates_path(g->options->gates, gate->name);
  if (!one->gate) return out_of_memory(g->before.dir, err);
  TRY(check_file(one->gate, gate->file, err));
  TRY(copy_texts(old, &one->entry, err));
  TRY(describe(g, one, err));
  TRY(check_maker(one->gate, &one->entry, &g->made.maker, err));
  return pool_gate_say_doubt(&(PoolGate){.path = one->gate}, err);
}

static Status check_gates(Gating *g, const char *dir, Error *err) {
  TRY(manifest_read(&g->before, dir, err));
  TRY(made_gates_read(&g->made, g->options->gates, err));
  if (strcmp(g->made.base, g->before.base) != 0)
    return error_set(err, STATUS_MISMATCH, "%s/" MADE_GATES ": base: is another than the pool's",
                     g->options->gates);
  TRY(pool_open_base(&g->model, &g->before, g->options->base, err));
  g->one = calloc((size_t)g->made.count + 1, sizeof *g->one);
  if (!g->one) return out_of_memory(dir, err);
  for (int i = 0; i < g->made.count; i++) TRY(check_one(g, i, err));
  return STATUS_OK;
}

/* ---- changing ---- */

/* The files of an expert, with the new gates, in its new folder. */
static Status copy_one(const PoolManifest *m, const Gating *g, Gated *one, Error *err) {
  char name[POOL_FOLDER_MAX], *folder;
  pool_folder(&one->entry, name);
  if (asprintf(&folder, "%s" PATH_MARK "experts/%s", m->dir, name) < 0)
    return out_of_memory(m->dir, err);
  char *adapter = manifest_expert_dir(m, one->at);
  char *activation = manifest_path(m, one->at, POOL_ACTIVATION);
  bool active = m->entry[one->at].hash[POOL_ACTIVATION][0];
  const PoolSource source = {adapter, one->gate, active ? activation : NULL};
  Status status = adapter && activation
                      ? pool_copy_expert(m, &source, &g->model->modules, folder, &one->entry, err)
                      : out_of_memory(m->dir, err);
  free(folder);
  free(adapter);
  free(activation);
  return status;
}

/* The copies were made of what was checked. */
static Status check_copy(const PoolManifest *m, const Gating *g, int i, Error *err) {
  const Gated *one = &g->one[i];
  const PoolEntry *old = &m->entry[one->at];
  for (int f = 0; f < POOL_FILES; f++) {
    const char *listed = f == POOL_GATE ? g->made.gate[i].file : old->hash[f];
    if (strcmp(one->entry.hash[f], listed) != 0)
      return error_set(err, STATUS_MISMATCH,
                       "%s: expert '%s': %s was changed after it was added; see skein pool check",
                       m->dir, old->name, POOL_FILE[f]);
  }
  return STATUS_OK;
}

/* `journal` has room for two entries a gate. */
static Status begin(const PoolManifest *m, const Gating *g, const PoolEntry **journal, Error *err) {
  for (int i = 0; i < g->made.count; i++) {
    Gated *one = &g->one[i];
    const PoolEntry *old = &m->entry[one->at];
    TRY(pool_change_folder(m, old, &one->entry, err));
    journal[2 * i] = &one->entry;
    journal[2 * i + 1] = old;
  }
  return pool_change_begin(m, journal, 2 * g->made.count, err);
}

static Status place_gates(PoolManifest *m, const Gating *g, Error *err) {
  for (int i = 0; i < g->made.count; i++) {
    TRY(copy_one(m, g, &g->one[i], err));
    TRY(check_copy(m, g, i, err));
  }
  for (int i = 0; i < g->made.count; i++) {
    PoolEntry *entry = &m->entry[g->one[i].at];
    pool_entry_free(entry);
    *entry = g->one[i].entry;
    g->one[i].entry = (PoolEntry){0};
  }
  return manifest_write(m, err);
}

static Status change_gates(PoolManifest *m, void *arg, Error *err) {
  const Gating *g = arg;
  if (!manifest_equal(m, &g->before))
    return error_set(err, STATUS_MISMATCH, "%s: was changed meanwhile; say it again", m->dir);
  const PoolEntry **journal = calloc(2 * (size_t)g->made.count + 1, sizeof *journal);
  Status status = journal ? begin(m, g, journal, err) : out_of_memory(m->dir, err);
  free(journal);
  TRY(status);
  status = place_gates(m, g, err);
  Status finished = pool_change_finish(m->dir, err);
  TRY(status != STATUS_OK ? status : finished);
  console_say("%s: %d of %d experts have gates by the collector (%s) now", m->dir, g->made.count,
              m->count, gate_way_name(g->made.maker.way));
  return STATUS_OK;
}

Status pool_set_gates(const char *dir, const PoolOptions *o, Error *err) {
  Gating g = {.options = o};
  if (o->instruction || o->instruction_file || o->licence)
    return error_set(err, STATUS_USAGE,
                     "pool set: --gates is of several experts, texts of one; "
                     "want one after the other");
  Status status = check_gates(&g, dir, err);
  if (status == STATUS_OK) status = pool_change(dir, change_gates, &g, err);
  gating_free(&g);
  return status;
}
