/* zip_record: fields and marks of the records in a zip archive. Internal to zip_*.c.
 *
 * The format: PKWARE, APPNOTE.TXT 6.3, sections 4.3 and 4.5.3. */
#ifndef SKEIN_ZIP_RECORD_H
#define SKEIN_ZIP_RECORD_H

#include <string.h>

#include "data/file/file.h"

/* A number of `bytes` bytes, little-endian, at any address. */
static inline uint64_t number_at(const unsigned char *at, int bytes) {
  uint64_t n = 0;
  for (int i = 0; i < bytes; i++) n |= (uint64_t)at[i] << 8 * i;
  return n;
}

/* The record of `bytes` bytes with this mark that is at `at`; NULL where it is not. */
static inline const unsigned char *record_at(const MappedFile *f, uint64_t at, uint64_t bytes,
                                             const char *mark) {
  bool inside = at <= f->size && f->size - at >= bytes;
  return inside && memcmp(f->data + at, mark, 4) == 0 ? f->data + at : NULL;
}

#endif
