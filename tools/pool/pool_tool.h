/* pool_tool: what the verbs of `skein pool` share.
 *
 * The room tools/pool owns how pools are made, changed, checked, listed and compared by hand. The
 * bytes of a pool and how they are read are infer/pool's, and changes are made under its lock. */
#ifndef SKEIN_POOL_TOOL_H
#define SKEIN_POOL_TOOL_H

#include "infer/pool/pool.h"
#include "infer/pool/pool_manifest.h"
#include "infer/t5/t5.h"
#include "tools/shell/facts.h"

/* The options of all verbs; NULL and false when not given. */
typedef struct PoolOptions {
  const char *base;    /* directory */
  const char *adapter; /* directory */
  const char *gate, *activation;
  const char *instruction;      /* a text, or "@FILE" */
  const char *instruction_file; /* of instructions by name (infer/instruct/instructions.h) */
  const char *licence;
  const char *gates; /* directory of a run of `skein train gates` */
  bool replace, json, require_provenance;
  const char *checkpoint, *directory; /* of imports: a file; a directory of them */
  const char *names, *embeddings;     /* files */
  const char *embedder;               /* its name; of pool check a directory */
  bool raw_gates;
  const char *sample;           /* of pool check: a file of text to look at gates with */
  bool strict;                  /* what is suspicious is an error */
  const char *output, *experts; /* of pool merge: a directory; names */
  const char *method, *weights, *density, *rank, *seed, *scope, *compat; /* merge_settings.h */
} PoolOptions;

/* Each of those that change a pool prints a line: what was made, and where; and notes for the
 * embeddings that it makes stale. */
Status pool_init(const char *dir, const PoolOptions *o, Error *err);
/* A replacement keeps what the options do not give (pool_keep.h). */
Status pool_add(const char *dir, const char *name, const PoolOptions *o, Error *err);
/* Gives an expert another instruction or licence, or both, and nothing else. */
Status pool_set(const char *dir, const char *name, const PoolOptions *o, Error *err);
/* Gives experts the gates that `skein train gates` made for them, all in one step of the manifest.
 * Gates that were made for other adapters than the pool has are refused; so are they where an expert
 * has gates, unless the options say --replace. */
Status pool_set_gates(const char *dir, const PoolOptions *o, Error *err);
Status pool_remove(const char *dir, const char *name, Error *err);
/* A new pool made of the experts and gates of checkpoints of "phatgoose" or "glider"; prints what
 * was read and what was not used. */
Status pool_import(const char *format, const char *dir, const PoolOptions *o, Error *err);
/* Writes the pool's experts and gates as a checkpoint of PHATGOOSE (a file), checkpoints of GLIDER
 * or directories of PEFT (a directory); nothing may be at `out`. Prints what was changed on the
 * way. */
Status pool_export(const char *format, const char *dir, const char *out, const PoolOptions *o,
                   Error *err);
/* The experts, or those that `experts` names, as one adapter in a new PEFT directory (infer/merge);
 * prints what it is and what is lost. */
Status pool_merge(const char *dir, const PoolOptions *o, Error *err);
/* Prints what is wrong with the pool and what is worth knowing; returns the status of the worst. */
Status pool_check(const char *dir, const PoolOptions *o, Error *err);
/* Prints what became of the experts of `before` in `after`, each as it was at one moment, and
 * whether that is anything. */
Status pool_diff(const char *before, const char *after, const PoolOptions *o, bool *differ,
                 Error *err);

/* The pool as facts; `whole`: with full instructions. */
Status pool_list(Facts *f, const char *dir, bool whole, Error *err);

/* What is said of an expert that came without gates. */
#define POOL_GATELESS                                                                     \
  "has no gates, which phatgoose and glider route by; `skein train gates` makes them on " \
  "text of your own"

/* How commands wait for a pool that another process is changing: some seconds, said on stderr. */
LockWait pool_wait(void);

/* Opens the base of a pool: `given`, or where the pool says it is. */
Status pool_open_base(T5 **model, const PoolManifest *m, const char *given, Error *err);

/* A whole pool with its base. */
typedef struct PoolOnBase {
  PoolManifest manifest;
  T5 *model;
  Pool *pool;
} PoolOnBase;

/* Opens both with the checks of pool_open, of which `only` is, and zeroes *p on failure;
 * STATUS_INPUT for a pool without experts. */
Status pool_on_base_open(PoolOnBase *p, const char *dir, const char *base, const char *only,
                         Error *err);
void pool_on_base_close(PoolOnBase *p); /* a zeroed PoolOnBase is allowed */

#endif
