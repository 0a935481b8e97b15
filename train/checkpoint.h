/* checkpoint: the state of a run on disk, so that it can be killed at any moment.
 *
 *   <run>/checkpoints/step-00000040/
 *     state.safetensors   <name>, <name>.m, <name>.v of each parameter; not of step 0
 *     manifest.json       train/checkpoint_manifest.h; written last
 *
 * A checkpoint is valid iff its manifest parses, has our format and version, speaks of the folder's
 * step with counters that agree, and the SHA-256 of state.safetensors is as it says. The directory
 * is made under another name, every file is fsync'ed, and one rename makes it appear; so a crash
 * leaves either the old checkpoints or the old ones and a whole new one.
 *
 * Of step 0 there is only the manifest: the parameters are as the settings make them, at every
 * opening, and there are no moments yet.
 *
 * There is no random state to save: shuffling and noise are functions of (seed, epoch, example). */
#ifndef SKEIN_CHECKPOINT_H
#define SKEIN_CHECKPOINT_H

#include "optim/params.h"
#include "train/checkpoint_manifest.h"
#include "train/note.h"

/* What a checkpoint keeps of a run. All is borrowed. */
typedef struct Snapshot {
  TrainState *state;
  const RunIdentity *identity; /* whose it is */
  Param *param;                /* [params] values and moments */
  int64_t params;
} Snapshot;

/* Writes <dir>/step-N; refuses non-finite values. */
Status checkpoint_save(const char *dir, const Snapshot *of, Error *err);

/* Loads the newest valid checkpoint of <dir> into the state and the parameters, which are as the
 * settings made them; each invalid one is skipped with a note. None at all, or one of a different run
 * (identity), is an error that says which setting or part differs. The steps that it was to make,
 * *planned, are for the caller to compare; -1: it does not say. */
Status checkpoint_resume(const char *dir, const Snapshot *into, NoteTaker notes, int64_t *planned,
                         Error *err);

/* Loads the parameter values (not the moments) of <dir>/step-N, which must be valid; of step 0 the
 * parameters must be as the settings made them. */
Status checkpoint_load_values(const char *dir, int64_t step, const Snapshot *into, Error *err);

/* STATUS_USAGE where in <dir> there is what no run has left, which a run would remove. */
Status checkpoint_check_dir(const char *dir, Error *err);

/* Of the checkpoints up to `step`, removes all but the two newest and `best_step` (-1: none). What
 * is newer cannot be used (the run was resumed before it), or is no one's to judge. */
Status checkpoint_rotate(const char *dir, int64_t step, int64_t best_step, Error *err);

#endif
