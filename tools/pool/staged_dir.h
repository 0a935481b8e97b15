/* staged_dir: a new directory that appears whole or not at all: it grows under a hidden name beside
 * its own, ".NAME.PID.new", and is held by a lock until it is done; what processes that died have
 * left of the same directory is removed. */
#ifndef SKEIN_STAGED_DIR_H
#define SKEIN_STAGED_DIR_H

#include "data/file/lock.h"

typedef struct StagedDir {
  const char *dir; /* the name to be, borrowed */
  char *path;      /* the hidden one */
  char *held;      /* its lock's file */
  Lock *lock;
} StagedDir;

/* The refusal of what is at a place already, and whether there is something to refuse: other than an
 * empty directory. */
Status staged_refuse(const char *path, Error *err);
Status staged_check(const char *path, Error *err);
/* STATUS_USAGE when something other than an empty directory has the name. On failure *s is zeroed.
 */
Status staged_begin(StagedDir *s, const char *dir, Error *err);
/* The directory gets its name; what has it by now is as in staged_begin. */
Status staged_commit(StagedDir *s, Error *err);
/* Removes what has not got its name. */
void staged_close(StagedDir *s); /* a zeroed StagedDir is allowed */

#endif
