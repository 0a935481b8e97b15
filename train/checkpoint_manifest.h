/* checkpoint_manifest: what a checkpoint says of itself, and whose it is.
 *
 *   KEY        VALUE
 *   format     "skein-checkpoint"
 *   version    1
 *   code       version of skein that wrote it
 *   kernel     the kernels behind the numbers: skein's and OpenBLAS's
 *   step, updates, skipped, skipped_in_a_row, stale_evals, best_step   counters of TrainState
 *   best_loss  null before the first validation
 *   stopped    early stop was reached
 *   seconds    training time so far, all resumed parts together
 *   extended   [{at, from, to, same}], train/extension.h; not there where it never was
 *   identity   settings_identity of the run
 *   base, expert, tokenizer, train, valid    SHA-256 of what the run reads; "" where there is none
 *   state      SHA-256 of state.safetensors; "" of step 0, which has none */
#ifndef SKEIN_CHECKPOINT_MANIFEST_H
#define SKEIN_CHECKPOINT_MANIFEST_H

#include <stdbool.h>

#include "data/file/hash.h"
#include "data/text/json.h"
#include "train/extension.h"

typedef struct TrainState {
  int64_t step;    /* optimizer steps done, skipped ones included */
  int64_t updates; /* updates made */
  int64_t skipped; /* steps skipped for NaN or Inf */
  int64_t skipped_in_a_row;
  int64_t best_step; /* step of the best validation; -1 before the first */
  double best_loss;
  int64_t stale_evals; /* validations since the best */
  bool stopped;        /* early stop was reached */
  double seconds;
  Extensions extended;
} TrainState;

/* What a checkpoint must agree with to be continued. */
typedef struct RunIdentity {
  char *settings; /* owned */
  char base[HASH_HEX], expert[HASH_HEX], tokenizer[HASH_HEX], train[HASH_HEX], valid[HASH_HEX];
} RunIdentity;

enum { MANIFEST_KERNELS = 128 };

typedef struct CheckpointManifest {
  char *path; /* owned */
  JsonDoc doc;
  TrainState state;
  int64_t planned; /* steps that the run was to make; -1: it does not say so */
  char kernel[MANIFEST_KERNELS];
} CheckpointManifest;

/* The kernels in use now, as a manifest names them. */
void checkpoint_kernels(char names[MANIFEST_KERNELS]);

/* Writes the manifest of the state file at `state_path`; NULL: there is none. */
Status checkpoint_manifest_write(const char *path, const char *state_path, const TrainState *state,
                                 const RunIdentity *identity, Error *err);

/* Reads a manifest and checks the state file beside it against the recorded hash. Free with
 * checkpoint_manifest_free (a zeroed CheckpointManifest is allowed). */
Status checkpoint_manifest_read(CheckpointManifest *m, const char *path, const char *state_path,
                                Error *err);
void checkpoint_manifest_free(CheckpointManifest *m);

/* STATUS_MISMATCH naming the first setting or part in which the run differs from the manifest's;
 * where both have train.steps, it may (train/extension.h). */
Status checkpoint_manifest_check(const CheckpointManifest *m, const RunIdentity *identity,
                                 Error *err);

#endif
