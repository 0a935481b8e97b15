/* known_hash: SHA-256 of the files below a directory, remembered from one run to the next, so that
 * files are compared with what a manifest says at every use and read for it once.
 *
 * A digest is remembered for (device, inode, size, time of writing, time of change) of a file: the
 * last cannot be set by anybody, so what was written in place or put back with its old time is read
 * again. As in git's index, a file is not remembered whose times lie within the last seconds, or in
 * the future: it could be written again without a change of its times.
 *
 *   $XDG_CACHE_HOME/skein/hashes-<device>-<inode>   of the directory, hexadecimal
 *     "skein-hashes 1", then a line a file: device inode size written changed SHA-256
 *
 * ($HOME/.cache without XDG_CACHE_HOME.) Nothing in the directory says where that is or what is in
 * it. It is believed only when folder and file belong to this user and no one else may write them;
 * where it cannot be used, every file is read. Two processes may write it: the last one's stays. */
#ifndef SKEIN_KNOWN_HASH_H
#define SKEIN_KNOWN_HASH_H

#include <stddef.h>

#include "data/file/hash.h"

typedef struct KnownHashes KnownHashes;

/* Of `files` files of the directory at `dir`, known to the caller by their numbers. */
Status known_hashes_open(KnownHashes **k, const char *dir, size_t files, Error *err);
/* Writes what was learnt, if it can be written, and frees. NULL is allowed. */
void known_hashes_close(KnownHashes *k);

/* hash_file of file number `i`, which is read only when its digest is not known. Threads may ask at
 * the same time for different files. */
Status known_hash(KnownHashes *k, size_t i, const char *path, char hex[HASH_HEX], Error *err);

#endif
