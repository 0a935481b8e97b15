/* pool: the experts and gates of a pool, opened against a base. Files are mapped and their headers
 * checked; no weights are read until a token needs them.
 *
 * The room infer/pool owns the checked collection: its manifest (pool_manifest.h), its opened
 * experts (this header), and how alike they are (pool_similarity.h). It knows the base by its modules
 * and fingerprints, and no router. */
#ifndef SKEIN_POOL_H
#define SKEIN_POOL_H

#include "infer/expert/gate.h"
#include "infer/pool/pool_manifest.h"

typedef struct Pool Pool;

/* Opens the experts named in `only` (joined with commas; opened in the order of the manifest; NULL:
 * all) of the pool at `dir` for a model of these modules, which must outlive the pool. Values are
 * not checked here: pool_adapter and pool_vector do, and `skein pool check` reads everything. A
 * pool that another process is changing is opened as it was or as it will be.
 *
 * The files are those that the manifest lists by their SHA-256, which are remembered outside the
 * pool (data/file/known_hash.h): a file is read for it once.
 *
 *   STATUS_MISMATCH  the pool is of another base (`sample` is this one's, of t5_sample); a factor
 *                    or gate does not fit the model; a gate file has not exactly the modules that
 *                    the expert covers, or does not belong to it (fingerprints against the
 *                    manifest); a file is not the one that was added
 *   STATUS_INPUT     a file is missing or malformed
 *   STATUS_USAGE     an unknown name in `only`, which names the nearest, or one that is there twice */
Status pool_open(Pool **pool, const char *dir, const Modules *modules, const char *sample,
                 const char *only, Error *err);
/* The same without comparing files with the manifest. */
Status pool_open_as_is(Pool **pool, const char *dir, const Modules *modules, const char *sample,
                       const char *only, Error *err);
void pool_close(Pool *pool); /* NULL is allowed */

int pool_count(const Pool *pool);
const Modules *pool_modules(const Pool *pool);
const char *pool_dir(const Pool *pool);
const PoolManifest *pool_manifest(const Pool *pool);
/* The files of the opened experts were compared with the manifest. */
bool pool_files_verified(const Pool *pool);
const PoolEntry *pool_entry(const Pool *pool, int expert);
int pool_find(const Pool *pool, const char *name); /* -1 when there is none */
/* The opened expert of this name; STATUS_USAGE naming the nearest when there is none. */
Status pool_require(const Pool *pool, const char *name, int *expert, Error *err);
/* SHA-256 over the names, kinds, fingerprints and files of the opened experts in order: the identity of
 * what was run. */
Status pool_fingerprint(const Pool *pool, char hex[HASH_HEX], Error *err);

/* Whether the expert covers the module; reads nothing. */
bool pool_covers(const Pool *pool, int expert, int module);
/* The largest rank that an expert of the pool has at the module; 0 when none covers it. */
int64_t pool_max_rank(const Pool *pool, int module);
/* What kind of adapter the expert is; reads nothing. */
PeftType pool_kind(const Pool *pool, int expert);
/* Whether the expert's configuration has use_rslora; reads nothing. */
bool pool_rslora(const Pool *pool, int expert);
/* The experts of the pool that rescale inputs, or outputs, of the module; reads nothing. */
typedef struct PoolRescales {
  int inputs, outputs;
} PoolRescales;
PoolRescales pool_rescales(const Pool *pool, int module);

/* The adapter of one expert at one module, without a gate: its values are in the mapped file where
 * they are aligned f32, otherwise widened on first use and kept. Checked for NaN and infinity on
 * first use (STATUS_INPUT naming file and tensor). kind == NULL: not covered. Several threads may
 * ask for different experts. */
Status pool_adapter(Pool *pool, int expert, int module, Adapter *out, Error *err);
/* The same of `count` experts, each once, into out[expert] of each. Those that are used for the
 * first time are read by up to `threads` threads; the failure is that of the first in the list. */
Status pool_adapters(Pool *pool, const int *expert, int count, int module, int threads,
                     Adapter *out, Error *err);
/* The factors of a LoRA, as pool_adapter. a == NULL: not covered. Of an expert of another kind
 * STATUS_MISMATCH naming it. */
Status pool_factor(Pool *pool, int expert, int module, LowRank *out, Error *err);

typedef enum PoolVector {
  VECTOR_GATE,                /* gate.safetensors: <module>.gate */
  VECTOR_ACTIVATION_MEAN,     /* activation.safetensors: <module>.mean */
  VECTOR_ACTIVATION_ABSOLUTE, /* activation.safetensors: <module>.absolute */
} PoolVector;
/* Copies a vector of one expert at one module into out [d_in], raw as stored, checked for NaN and
 * infinity. *has: the expert covers the module. STATUS_INPUT naming the expert when it covers the
 * module and the pool has no such vectors of it. Thread-safe. */
Status pool_vector(const Pool *pool, PoolVector kind, int expert, int module, float *out, bool *has,
                   Error *err);
/* What the gates of an expert are: only trained ones may be standardised. */
GateForm pool_gate_form(const Pool *pool, int expert);

/* Whether the gates of an expert are of unverified provenance (pool_manifest.h), and how many
 * experts' are. */
bool pool_is_unverified(const Pool *pool, int expert);
int pool_unverified(const Pool *pool);
/* STATUS_MISMATCH naming the first of them. */
Status pool_require_provenance(const Pool *pool, Error *err);

#endif
