/* temporary: files and directories of our own under TMPDIR (/tmp without it), with names that
 * nobody can have foreseen, for nobody else to read (mkstemp, mkdtemp). Making one removes what
 * processes of this user that died have left. */
#ifndef SKEIN_TEMPORARY_H
#define SKEIN_TEMPORARY_H

#include <stdbool.h>
#include <sys/types.h>

#include "autograd/ground/status.h"

/* Where they are; for messages. */
const char *temporary_place(void);

/* A new file that has no name any more, open for reading and writing; the caller closes it, and
 * with that it is gone. `purpose` says in a message what it is for. */
Status temporary_file(int *fd, const char *purpose, Error *err);
/* A new empty directory; the caller removes it (dir_remove) and frees its path. */
Status temporary_dir(char **path, const char *purpose, Error *err);

/* What a process of this number was making is nobody's: no such process runs, as far as can be seen
 * from here. */
bool temporary_is_orphaned(pid_t pid);

#endif
