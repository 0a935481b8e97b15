/* zip_end: where the directory of a zip archive is. Internal to zip_archive.c. */
#ifndef SKEIN_ZIP_END_H
#define SKEIN_ZIP_END_H

#include "data/file/file.h"

typedef struct ZipDirectory {
  uint64_t begin, size; /* bytes of the file, all inside it */
  uint64_t count;       /* of entries, 1 to ZIP_MEMBERS */
} ZipDirectory;

/* Reads the record that ends the archive, and those of zip64 before it, which must not contradict
 * it; the directory ends where they begin. On failure *d is zeroed or of no use. */
Status zip_end_read(const MappedFile *f, ZipDirectory *d, Error *err);

#endif
