/* stream: an input that comes once, in its order: a pipe, a FIFO, a terminal, standard input. What has
 * come is kept in a temporary file (temporary.h), so that it can be mapped as a file is. */
#ifndef SKEIN_STREAM_H
#define SKEIN_STREAM_H

#include "data/file/file.h"

typedef struct Stream {
  const char *name; /* for messages; borrowed */
  int from, store;  /* what is read, and the temporary file */
  int64_t size;     /* bytes that have come */
  bool ended;
} Stream;

/* "standard input" for "-", else the path itself: what messages call it. */
const char *stream_name(const char *path);

/* Opens what the path names, "-" being standard input; waits for the writer of a FIFO. *s is NULL
 * where it names a regular file, a directory or nothing, or has a mark (path.h): mapped_open reads
 * that, or says why not. */
Status stream_open(Stream **s, const char *path, Error *err);
void stream_close(Stream *s); /* NULL is allowed */

/* Waits for more, or the end, or a signal, whichever comes first: after a signal there may be
 * neither. More than `most` bytes in all are STATUS_INPUT. */
Status stream_more(Stream *s, int64_t most, Error *err);
/* What has come so far. */
Status stream_map(const Stream *s, MappedFile *f, Error *err);

/* file_read of a stream to its end, or of a file. */
Status stream_read(const char *path, size_t limit, char **text, size_t *size, Error *err);

#endif
