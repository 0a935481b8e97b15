/* pool_manifest: pool.yaml, which experts a pool has. The order of the manifest is the order of the
 * experts, everywhere. Reading it touches no weights.
 *
 *   pool.yaml                              the manifest
 *   experts/<folder>/adapter_config.json   as the contributor made them (PEFT)
 *                  adapter_model.safetensors, or the tensors of their adapter_model.bin
 *                  gate.safetensors        optional (skein train gate, or gates)
 *                  activation.safetensors  optional (skein train activation)
 *   embeddings/<embedder>.safetensors      optional (skein embed)
 *   experts/.changing                      what a writer is about to do (tools/pool/pool_change.h)
 *   .lock                                  held by a writer, never committed
 *   .gitignore                             .lock and what a writer that died may leave
 *
 * <folder> is <name>, or <name>+<replaced> where the entry has `replaced`: an expert that gives way
 * to another of its name stays beside it until pool.yaml names the new one, so that whoever reads
 * pool.yaml finds the files that it lists. A reader who finds them gone, or changed, asks
 * manifest_changed and begins again.
 *
 * pool.yaml:
 *
 *   KEY       VALUE
 *   format    "skein-pool"
 *   version   1
 *   base      {name: as given, fingerprint: t5_fingerprint, sample: t5_sample}
 *   experts   list of {name, kind: lora or ia3 (lora where it is not said), rank: [least, most]
 *             and alpha: [least, most] of a lora, modules: number covered,
 *             fingerprint: expert_fingerprint, replaced, instruction, licence, provenance,
 *             collector, source, files: {name: SHA-256}}
 *
 * provenance is "unverified" where the gate's file does not say which base and expert it was
 * trained on (gate.h), and not there otherwise; collector is {way, data: SHA-256} where the gates
 * were trained by whoever collected the pool, on data that are not the expert's (gate.h); source is
 * the file of others that the expert or its gate was read from, in words, where there is one. */
#ifndef SKEIN_POOL_MANIFEST_H
#define SKEIN_POOL_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "autograd/ground/status.h"
#include "data/file/hash.h"
#include "data/file/lock.h"
#include "infer/adapter/peft_type.h"
#include "infer/expert/gate_maker.h"

#define POOL_MANIFEST "pool.yaml"
enum { POOL_FILES = 4 }; /* an expert's files, in the order of the table above */
extern const char *const POOL_FILE[POOL_FILES];
typedef enum PoolFile {
  POOL_ADAPTER_CONFIG,
  POOL_ADAPTER,
  POOL_GATE,
  POOL_ACTIVATION,
} PoolFile;

typedef struct PoolEntry {
  char *name; /* as a folder's: see pool_name_valid */
  PeftType kind;
  int64_t rank_min, rank_max; /* of a LoRA, as are alphas; otherwise 0 */
  double alpha_min, alpha_max;
  int64_t modules;
  int64_t replaced; /* number of its folder; 0: the folder has none */
  char fingerprint[HASH_HEX];
  char *instruction, *licence;     /* "" when not given */
  char *source;                    /* "" when files of skein were added */
  bool unverified;                 /* provenance */
  GateMaker maker;                 /* collector; contributed where there are no gates */
  char hash[POOL_FILES][HASH_HEX]; /* "" for an optional file that is not there */
} PoolEntry;

typedef struct PoolManifest {
  char *dir;
  char *base_name;
  char *base_dir; /* where the name leads from the manifest; NULL in one that is made */
  char base[HASH_HEX], sample[HASH_HEX];
  PoolEntry *entry;
  int count;
} PoolManifest;

/* An expert may have this name. */
bool pool_name_valid(const char *name);
enum { POOL_NAME_MAX = 100 };
#define POOL_NAME_RULE \
  "want at most 100 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit"

Status manifest_read(PoolManifest *m, const char *dir, Error *err);
/* Atomic; readers see the old manifest or the new one. */
Status manifest_write(const PoolManifest *m, Error *err);
/* The directory has another manifest by now, which can be read: what failed with the old one may
 * succeed with it. */
bool manifest_changed(const PoolManifest *m);
bool manifest_equal(const PoolManifest *a, const PoolManifest *b);
void manifest_free(PoolManifest *m);                        /* a zeroed PoolManifest is allowed */
void pool_entry_free(PoolEntry *entry);                     /* its strings; zeroes it */
int manifest_find(const PoolManifest *m, const char *name); /* -1 when there is none */
/* The expert of this name; STATUS_USAGE naming the nearest when there is none. */
Status manifest_require(const PoolManifest *m, const char *name, int *expert, Error *err);
/* Each name of a list, joined with commas, is of an expert and there once: a name that is there twice
 * is a slip, and another was meant. STATUS_USAGE. */
Status manifest_require_list(const PoolManifest *m, const char *list, Error *err);
/* Whether a comma-separated list names the expert; NULL names all. */
bool manifest_listed(const char *list, const char *name);
/* The directory of the pool's base, borrowed: `given`, or where there is none the one that the
 * manifest names, as seen from the pool's directory, else from the working directory;
 * STATUS_INPUT when it is in neither. Which of them it was need not be said: the base that is read
 * is compared with the manifest's. */
Status manifest_base(const PoolManifest *m, const char *given, const char **dir, Error *err);
/* An expert's folder in DIR/experts. */
enum { POOL_FOLDER_MAX = POOL_NAME_MAX + 12 };
enum { POOL_REPLACED_MAX = 1000000 };
void pool_folder(const PoolEntry *entry, char name[POOL_FOLDER_MAX]);
/* DIR/experts/<folder> and DIR/experts/<folder>/<file>, below a mark (data/file/path.h), in a new
 * string (NULL when out of memory). */
char *manifest_expert_dir(const PoolManifest *m, int expert);
char *manifest_path(const PoolManifest *m, int expert, PoolFile file);

/* The exclusive lock of a pool's writers, for which lock_take says what `wait` is; whoever gets it
 * finds the temporaries of writers that died removed. Let go with lock_release. */
Status pool_lock(Lock **lock, const char *dir, const LockWait *wait, Error *err);

#endif
