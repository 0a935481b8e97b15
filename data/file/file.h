/* file: whole files in, whole files out, and directories.
 *
 * The room data/file owns bytes on disk: inputs that are mapped or read, and those that come once
 * (stream.h); outputs that appear whole or not at all, those whose lines outlive what goes wrong
 * (kept.h), and what an output may take the place of (output.h); directories, temporary ones
 * (temporary.h), paths (path.h), where they lead (path_search.h, hub.h), locks (lock.h) and SHA-256
 * (hash.h, the one door to libcrypto). What the bytes mean it does not know: no format, no text, no
 * number is read here.
 *
 * Wherever a path has a mark (path.h), a symbolic link below it is refused by its name. */
#ifndef SKEIN_FILE_H
#define SKEIN_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "autograd/ground/status.h"

/* A regular file mapped read-only. */
typedef struct MappedFile {
  char *path;
  const unsigned char *data; /* NULL when size is 0 */
  size_t size;
  int64_t inode, mtime_ns; /* as opened, for mapped_unchanged */
} MappedFile;

/* Refuses what is not a regular file (directories, FIFOs, devices) without blocking. On failure *f
 * is zeroed. A file that another process cuts short while it is mapped raises SIGBUS; see
 * mapped_unchanged for the changes that raise nothing. */
Status mapped_open(MappedFile *f, const char *path, Error *err);
/* The same for an open file, which the caller closes; `path` names it in messages. */
Status mapped_descriptor(MappedFile *f, int fd, const char *path, Error *err);
void mapped_close(MappedFile *f); /* a zeroed MappedFile is allowed */
/* STATUS_INPUT when the file at `path` changed size, time or inode since it was opened. */
Status mapped_unchanged(const MappedFile *f, Error *err);

/* What the first bytes of a file say it is, where people often have it in the place of a model
 * file: "a Git LFS pointer; run `git lfs pull`", "an HTML page; ...", "a zip archive; ..."; else
 * NULL. */
const char *file_kind(const unsigned char *data, size_t size);

/* The bytes are those of a Git LFS pointer, whatever file was wanted. */
bool file_is_pointer(const char *text, size_t size);

/* Reads a regular file of at most `limit` bytes into a NUL-terminated buffer the caller frees; a
 * larger file is an error, and so is a Git LFS pointer. */
Status file_read(const char *path, size_t limit, char **text, size_t *size, Error *err);

/* Something has this name, be it a link to nowhere; or it cannot be told (a disk that fails, no
 * permission), and whoever goes on learns why: what may be there is neither passed over nor written
 * over. */
bool file_exists(const char *path);
/* The same where there is no going on: what cannot be told is an error:
 * STATUS_INPUT, or STATUS_RUN where it is this process's. */
Status file_look(const char *path, bool *there, Error *err);
/* Removes a file, never a directory, and no file that is another's behind a link below a mark; a
 * missing one is fine. */
Status file_remove(const char *path, Error *err);
/* Opens a regular file to append to, made where there is none. For logs that grow line by line;
 * other outputs are atomic. */
Status file_append(FILE **stream, const char *path, Error *err);

/* An output that appears whole or not at all: written beside `path` under a temporary name
 * (O_EXCL), then fsync, rename, fsync of the directory. A regular file at `path` is replaced and
 * hands on its permissions; a symbolic link is replaced, not followed; anything else that is there
 * (a device, a FIFO, a directory) is refused. What processes that died have left of outputs of this
 * name is removed. */
typedef struct AtomicFile {
  char *path, *temp;
  FILE *stream;            /* write here; errors may be left to atomic_commit */
  struct AtomicSink *sink; /* what the stream writes to */
} AtomicFile;

/* On failure *f is zeroed and nothing is left behind. */
Status atomic_open(AtomicFile *f, const char *path, Error *err);
/* Commits when every write succeeded, otherwise removes the temporary. Frees and zeroes *f in any
 * case. */
Status atomic_commit(AtomicFile *f, Error *err);
void atomic_abort(AtomicFile *f); /* a zeroed AtomicFile is allowed */
/* The three calls above for a buffer at hand. */
Status file_write(const char *path, const void *data, size_t size, Error *err);

/* mkdir -p, durable; an existing directory is fine. STATUS_USAGE for a path that begins with ~: a
 * directory of that name is nobody's wish, and a danger to who removes it. */
Status dir_make(const char *path, Error *err);
/* Fails unless a file can be created in `path`; leaves nothing behind. */
Status dir_check_writable(const char *path, Error *err);
/* Fails where dir_make or then dir_check_writable would; leaves nothing behind. */
Status dir_check_makeable(const char *path, Error *err);
/* STATUS_INPUT unless `path` is a directory in which there is a `file`; `what` says what of, as in
 * "a T5". Whether the file can be read, reading it tells. */
Status dir_require(const char *path, const char *file, const char *what, Error *err);
/* Makes the names in `path` durable. */
Status dir_sync(const char *path, Error *err);
/* The same of the directory that `path` is in. */
Status dir_sync_parent(const char *path, Error *err);
/* Renames a directory, durably; what is at `to` must be an empty directory or nothing. Or a file,
 * which takes the place of a file at `to`. */
Status dir_rename(const char *from, const char *to, Error *err);
/* Removes a directory and what is in it, following no links; a missing one is fine. */
Status dir_remove(const char *path, Error *err);

/* The names in a directory but "." and "..", in the order of their bytes. */
typedef struct DirNames {
  char **name; /* [count] */
  size_t count;
} DirNames;
/* A directory that is not there has none; STATUS_INPUT for what is no directory. On failure *names
 * is zeroed. */
Status dir_names(DirNames *names, const char *path, Error *err);
void dir_names_free(DirNames *names); /* a zeroed DirNames is allowed */
/* There is such a directory or, below a mark, a link of this name, or it cannot be told: whoever
 * goes on learns that it is refused, and does not pass it over. */
bool dir_exists(const char *path);

/* Removes the temporaries of atomic outputs that processes which run no more have left in `path`
 * and, some levels deep, below it; no other name. For whoever holds the lock of the directory. What
 * cannot be removed stays: it is in nobody's way. */
void dir_sweep(const char *path);

#endif
