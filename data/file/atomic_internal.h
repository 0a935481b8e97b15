/* atomic_internal: what atomic.c and kept.c share of outputs that appear whole or not at all. */
#ifndef SKEIN_ATOMIC_INTERNAL_H
#define SKEIN_ATOMIC_INTERNAL_H

#include "data/file/file.h"
#include "data/file/spot.h"

/* Under the stream: stdio by itself forgets why a write failed and gives up when interrupted. */
typedef struct AtomicSink {
  int fd;
  int cause; /* errno of the first failed write, or 0 */
  bool kept; /* the temporary outlives what goes wrong (kept.h) */
  Spot spot; /* of the path */
} AtomicSink;

/* Names and memory, no file yet. */
Status atomic_new(AtomicFile *f, const char *path, Error *err);
void atomic_free(AtomicFile *f);
/* The file that `path` names may be replaced: nothing is there, or a regular file, whose mode is
 * kept in *mode. */
Status atomic_check_target(const Spot *spot, const char *path, mode_t *mode, Error *err);
/* The name of the temporary beside the spot. */
const char *atomic_temp_name(const AtomicFile *f);
/* The stream of an open sink; the file gets the mode, if it is not 0. */
Status atomic_open_stream(AtomicFile *f, mode_t mode, Error *err);

#endif
