/* kept: an output of lines that appears whole or not at all, and whose lines survive what ends the work
 * on it. They are beside it under a name that says which work it is:
 *
 *   <path>.<the first 16 digits of the identity>.part
 *
 * A work of another identity does not go on with them. One process at a time writes them (flock). */
#ifndef SKEIN_KEPT_H
#define SKEIN_KEPT_H

#include "data/file/file.h"

/* Opens the output of a work; *lines are what is there already, for mapped_close; the last
 * line may have no end. Then
 * kept_go_on, once, before anything is written. `identity` is a SHA-256, hexadecimal.
 *
 * STATUS_USAGE naming the file where there are lines of another identity. STATUS_RUN where another
 * process is at work. atomic_commit gives the output its name, and after a failure or atomic_abort
 * its lines stay; where there are none, nothing does. */
Status kept_open(AtomicFile *f, const char *path, const char *identity, MappedFile *lines,
                 Error *err);
/* The first `size` bytes of the lines are right: what is written comes behind them. */
Status kept_go_on(AtomicFile *f, size_t size, Error *err);
/* Hands over what was written, so that it is there whatever ends this process. */
Status kept_flush(AtomicFile *f, Error *err);

#endif
