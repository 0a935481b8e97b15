/* skein pool check: everything in a pool is read and compared with everything else. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "infer/pool/pool_expert.h"
#include "infer/t5/base.h"
#include "tools/pool/pool_audit.h"
#include "tools/pool/pool_embeddings.h"
#include "tools/pool/pool_findings.h"
#include "tools/pool/pool_gate.h"
#include "tools/pool/pool_tool.h"

typedef struct Check {
  PoolManifest m;
  Base base; /* without a tokenizer where it has none that can be read */
  bool same_base;
  bool readable; /* the files of the expert at hand */
  const PoolOptions *options;
  Findings found;
} Check;

/* ---- the base ---- */

static Status check_base(Check *c, Error *err) {
  char base[HASH_HEX], sample[HASH_HEX];
  TRY(t5_fingerprint(c->base.model, base, err));
  TRY(t5_sample(c->base.model, sample, err));
  c->same_base = strcmp(base, c->m.base) == 0;
  if (!c->same_base) {
    findings_add(&c->found, NULL, STATUS_MISMATCH,
                 POOL_MANIFEST
                 ": base: fingerprint: the pool is of %.200s (%.12s), and this is another base: "
                 "%.200s (%.12s); adapters and gates were not compared with it",
                 c->m.base_name, c->m.base, weights_path(c->base.model->weights), base);
  } else if (strcmp(sample, c->m.sample) != 0) {
    findings_add(&c->found, NULL, STATUS_MISMATCH,
                 POOL_MANIFEST ": base: sample: is %.12s, this base has %.12s", c->m.sample,
                 sample);
  }
  return STATUS_OK;
}

/* ---- one expert ---- */

/* A file is as pool.yaml says. */
static Status check_hash(Check *c, int i, PoolFile file, Error *err) {
  const PoolEntry *entry = &c->m.entry[i];
  char *path = manifest_path(&c->m, i, file), hash[HASH_HEX];
  if (!path) return error_set(err, STATUS_RUN, "%s: out of memory", c->m.dir);
  bool listed = entry->hash[file][0], there = file_exists(path);
  Status status = STATUS_OK;
  if (listed) {
    Error failure = {0};
    if (hash_file(path, hash, &failure) != STATUS_OK) {
      status = findings_add_failure(&c->found, entry->name, &failure, err);
      c->readable = false;
    } else if (strcmp(hash, entry->hash[file]) != 0) {
      findings_add(&c->found, entry->name, STATUS_MISMATCH,
                   "%s: was changed after it was added: SHA-256 is %.12s, " POOL_MANIFEST
                   " has %.12s",
                   path, hash, entry->hash[file]);
    }
  } else if (there) {
    findings_add(&c->found, entry->name, STATUS_OK, "%s: is not listed and not used", path);
  }
  free(path);
  return status;
}

static void check_maker(Check *c, const PoolEntry *entry, const PoolEntry *is) {
  if (is->maker.way != entry->maker.way || strcmp(is->maker.data, entry->maker.data) != 0) {
    findings_add(&c->found, entry->name, STATUS_MISMATCH,
                 POOL_MANIFEST ": collector: is not what the gate's file says");
  } else if (is->maker.way != GATE_CONTRIBUTED) {
    findings_add(&c->found, entry->name, STATUS_OK,
                 "gates by the collector (%s), not by who trained the expert; data SHA-256 %.12s",
                 gate_way_name(is->maker.way), is->maker.data);
  }
}

static void check_provenance(Check *c, const PoolEntry *entry, const PoolEntry *is) {
  if (is->unverified != entry->unverified) {
    findings_add(&c->found, entry->name, STATUS_MISMATCH,
                 POOL_MANIFEST ": provenance: has %s, the gate %s",
                 entry->unverified ? PROVENANCE_UNVERIFIED : "none",
                 is->unverified ? PROVENANCE_UNVERIFIED : "none");
  }
  if (!is->unverified) return;
  findings_add(&c->found, entry->name, c->options->require_provenance ? STATUS_MISMATCH : STATUS_OK,
               "provenance: unverified: the gate's file does not say which base and expert it was "
               "trained on");
}

static void check_verdict(Check *c, const char *expert, GateVerdict verdict) {
  if (verdict == VERDICT_UNSAID || verdict == VERDICT_TRAINED) return;
  findings_add(&c->found, expert, c->options->strict ? STATUS_INPUT : STATUS_OK, GATE_DOUBT,
               gate_verdict_name(verdict));
}

static void check_numbers(Check *c, const PoolExpert *e) {
  const PoolEntry *entry = e->entry;
  PoolEntry is = {0};
  pool_expert_describe(e, &is);
  check_provenance(c, entry, &is);
  check_maker(c, entry, &is);
  check_verdict(c, entry->name, e->gate_info.verdict);
  if (is.kind != entry->kind) {
    findings_add(&c->found, entry->name, STATUS_MISMATCH,
                 POOL_MANIFEST ": kind: has %s, the adapter %s", peft_type_name(entry->kind),
                 peft_type_name(is.kind));
  }
  if (is.rank_min != entry->rank_min || is.rank_max != entry->rank_max) {
    findings_add(&c->found, entry->name, STATUS_MISMATCH,
                 POOL_MANIFEST ": rank: has [%" PRId64 ", %" PRId64 "], the adapter [%" PRId64
                               ", %" PRId64 "]",
                 entry->rank_min, entry->rank_max, is.rank_min, is.rank_max);
  }
  if (is.alpha_min < entry->alpha_min || is.alpha_min > entry->alpha_min ||
      is.alpha_max < entry->alpha_max || is.alpha_max > entry->alpha_max) {
    findings_add(&c->found, entry->name, STATUS_MISMATCH,
                 POOL_MANIFEST ": alpha: has [%g, %g], the adapter [%g, %g]", entry->alpha_min,
                 entry->alpha_max, is.alpha_min, is.alpha_max);
  }
  if (is.modules != entry->modules) {
    findings_add(&c->found, entry->name, STATUS_MISMATCH,
                 POOL_MANIFEST ": modules: has %" PRId64 ", the adapter %" PRId64, entry->modules,
                 is.modules);
  }
  if (is.modules < c->base.model->modules.count) {
    findings_add(&c->found, entry->name, STATUS_OK,
                 "covers %" PRId64 " of %d modules; elsewhere it gets no vote", is.modules,
                 c->base.model->modules.count);
  }
}

/* Every number of a stored tensor is `number`. */
static bool all_equal(const Tensor *t, float number) {
  bool equal = true;
  float value;
  const char *at = t->store;
  for (int64_t i = 0; equal && i < tensor_count(t); i++) {
    dtype_widen(&value, at + (size_t)i * dtype_size(t->dtype), t->dtype, 1);
    equal = value <= number && value >= number;
  }
  return equal;
}

/* All of them: it was never trained. Some: worth knowing. */
static void find_idle(Check *c, const char *expert, const char *what, int64_t idle, int64_t of) {
  if (idle == 0) return;
  if (idle == of) {
    findings_add(&c->found, expert, STATUS_INPUT, "%s in every module: it was not trained", what);
  } else {
    findings_add(&c->found, expert, STATUS_OK, "%s in %" PRId64 " of %" PRId64 " modules", what,
                 idle, of);
  }
}

static void check_training(Check *c, const PoolExpert *e) {
  int64_t idle = 0, gates = 0, covered = expert_file_covered(&e->file);
  for (int i = 0; i < c->base.model->modules.count; i++) {
    if (!expert_file_covers(&e->file, i)) continue;
    idle += e->file.kind == PEFT_IA3 ? all_equal(&e->file.ia3.vector[i].l, 1)
                                     : all_equal(&e->file.lora.factor[i].b, 0);
    gates += e->vector[VECTOR_GATE] && all_equal(&e->vector[VECTOR_GATE][i], 0);
  }
  bool ia3 = e->file.kind == PEFT_IA3;
  find_idle(c, e->entry->name, ia3 ? "the (IA)3 vector is 1" : "B of the adapter is 0", idle,
            covered);
  find_idle(c, e->entry->name, "the gate is 0", gates, covered);
}

static Status check_fingerprint(Check *c, PoolExpert *e, Error *err) {
  char hex[HASH_HEX];
  TRY(pool_expert_fingerprint(e, &c->base.model->modules, hex, err));
  if (strcmp(hex, e->entry->fingerprint) != 0) {
    findings_add(&c->found, e->entry->name, STATUS_MISMATCH,
                 POOL_MANIFEST ": fingerprint: has %.12s, the adapter is %.12s",
                 e->entry->fingerprint, hex);
  }
  return STATUS_OK;
}

static Status check_parts(Check *c, PoolExpert *e, Error *err) {
  TRY(pool_expert_check_values(e, &c->base.model->modules, err));
  TRY(check_fingerprint(c, e, err));
  check_numbers(c, e);
  check_training(c, e);
  return STATUS_OK;
}

static Status check_expert(Check *c, int i, Error *err) {
  c->readable = true;
  for (int f = 0; f < POOL_FILES; f++) TRY(check_hash(c, i, (PoolFile)f, err));
  if (!*c->m.entry[i].instruction) {
    findings_add(&c->found, c->m.entry[i].name, STATUS_OK,
                 "has no instruction, which glider routes by");
  }
  if (!c->m.entry[i].hash[POOL_GATE][0])
    findings_add(&c->found, c->m.entry[i].name, STATUS_OK, POOL_GATELESS);
  if (!c->same_base || !c->readable) return STATUS_OK;
  PoolExpert e;
  Error failure = {0};
  if (pool_expert_open_listed(&e, &c->m, i, &c->base.model->modules, &failure) == STATUS_OK) {
    check_parts(c, &e, &failure);
    pool_expert_close(&e);
  }
  if (failure.status == STATUS_OK) return STATUS_OK;
  return findings_add_failure(&c->found, c->m.entry[i].name, &failure, err);
}

/* ---- beside the experts ---- */

static bool has_folder(const PoolManifest *m, const char *name) {
  for (int i = 0; i < m->count; i++) {
    char folder[POOL_FOLDER_MAX];
    pool_folder(&m->entry[i], folder);
    if (strcmp(folder, name) == 0) return true;
  }
  return false;
}

/* Folders that the manifest does not have. */
static Status check_folders(Check *c, Error *err) {
  DirNames names = {0};
  char *dir = path_below(c->m.dir, "experts");
  if (!dir) return error_set(err, STATUS_RUN, "%s: out of memory", c->m.dir);
  Status status = dir_names(&names, dir, err); /* a pool without experts has none */
  for (size_t i = 0; i < names.count; i++) {
    if (!has_folder(&c->m, names.name[i]))
      findings_add(&c->found, NULL, STATUS_OK, "%s/%.120s: is not listed and not used", dir,
                   names.name[i]);
  }
  dir_names_free(&names);
  free(dir);
  return status;
}

/* Opens the tokenizer; false, with a note, where gates cannot be looked at with this base. */
static bool can_read(Check *c) {
  const char *dir;
  Error failure = {0};
  if (!c->same_base) return false;
  Status status = manifest_base(&c->m, c->options->base, &dir, &failure);
  if (status == STATUS_OK) status = tokenizer_open(&c->base.tokenizer, dir, &failure);
  if (status == STATUS_OK)
    status = base_check_vocabulary(c->base.model, c->base.tokenizer, &failure);
  if (status != STATUS_OK)
    findings_add(&c->found, NULL, STATUS_OK, "gates were not looked at: %s", failure.text);
  return status == STATUS_OK;
}

static Status check_all(Check *c, Error *err) {
  TRY(check_base(c, err));
  for (int i = 0; i < c->m.count; i++) TRY(check_expert(c, i, err));
  TRY(check_folders(c, err));
  bool reads = can_read(c);
  const EmbedMakers with = {reads ? &c->base : NULL, c->options->embedder};
  TRY(pool_check_embeddings(&c->m, &with, &c->found, err));
  if (!reads || c->found.errors > 0) return STATUS_OK; /* what is wrong comes first */
  return pool_audit_gates(&c->m, &c->base, c->options, &c->found, err);
}

static void check_close(Check *c) {
  findings_free(&c->found);
  t5_close(c->base.model);
  tokenizer_close(c->base.tokenizer);
  manifest_free(&c->m);
}

/* The directory of an encoder of sentences. */
static Status check_embedder(const char *word, Error *err) {
  EmbedderKind kind;
  const char *dir;
  TRY(embedder_named(word, "pool check: --embedder", &kind, &dir, err));
  if (dir) return STATUS_OK;
  return error_set(err, STATUS_USAGE,
                   "pool check: --embedder: '%s' is no directory of an encoder of sentences; what "
                   "lexical and encoder make is made again without it",
                   word);
}

static Status check_pool(Check *c, const char *dir, const PoolOptions *o, Error *err) {
  *c = (Check){.found = findings_new(), .options = o};
  if (o->embedder) TRY(check_embedder(o->embedder, err));
  TRY(manifest_read(&c->m, dir, err));
  TRY(pool_open_base(&c->base.model, &c->m, o->base, err));
  return check_all(c, err);
}

/* What is found in a pool that was changed meanwhile may be of two states: it is checked again. */
Status pool_check(const char *dir, const PoolOptions *o, Error *err) {
  Check c;
  Status status = check_pool(&c, dir, o, err);
  while (status == STATUS_OK && c.found.errors > 0 && manifest_changed(&c.m)) {
    check_close(&c);
    status = check_pool(&c, dir, o, err);
  }
  if (status == STATUS_OK) status = findings_print(&c.found, dir, c.m.count, o->json, err);
  if (status == STATUS_OK) status = c.found.status;
  check_close(&c);
  return status;
}
