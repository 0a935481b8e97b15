/* pool_change: how the folders and the manifest of a pool change together.
 *
 *   1. pool_change_begin: POOL/experts/.changing names the folders that come or go, one a line
 *   2. the files of a new expert are written into its folder, which no reader knows yet
 *   3. pool.yaml is replaced: this is the change, for every reader
 *   4. pool_change_finish: of the folders that were named, those that pool.yaml does not list are
 *      removed, and then .changing
 *
 * A writer that dies, or fails, at any point is finished or undone by step 4 of its own or of the
 * next change. Folders that were not named are never touched. */
#ifndef SKEIN_POOL_CHANGE_H
#define SKEIN_POOL_CHANGE_H

#include "infer/pool/pool_manifest.h"

/* What is to become of a pool: changes the manifest that was read, and writes it. */
typedef Status PoolEdit(PoolManifest *m, void *arg, Error *err);
/* Takes the pool's lock, finishes the change of a writer that died, reads the manifest and hands it
 * to `edit`. `dir` must be a pool. */
Status pool_change(const char *dir, PoolEdit *edit, void *arg, Error *err);

/* For an edit: gives an entry that is to come the first folder that is not there, behind that of
 * the one it replaces (NULL: none). */
Status pool_change_folder(const PoolManifest *m, const PoolEntry *old, PoolEntry *entry,
                          Error *err);
/* For an edit: the entries [count] whose folders come or go; NULL among them is none. */
Status pool_change_begin(const PoolManifest *m, const PoolEntry *const *entry, int count,
                         Error *err);
/* For an edit, in the end. Nothing to do where no change was begun. Reads the manifest of the pool at `dir` again. */
Status pool_change_finish(const char *dir, Error *err);

#endif
