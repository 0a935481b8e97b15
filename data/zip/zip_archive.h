/* zip_archive: the members of a zip archive in a mapped file, each where it stands. For PyTorch's files.
 *
 * The room data/zip owns archives, read (this file) and written (zip_write.h): the doors to zlib, of which the
 * CRC-32 is used. What members mean it does not know.
 *
 * Read here and not by a library: libzip tells no place of a member, so tensors would have to be
 * copied, and the minizip of Debian 12 (1.1) takes 0xffffffff for the size and the place of members
 * beyond 4 GiB, as large models have them. Nothing is unfolded, so that what is left is a directory
 * of places. An archive is accepted iff
 *   - it begins with the file: nothing stands before the first member;
 *   - it has 1 to ZIP_MEMBERS members; a name has 1 to ZIP_NAME bytes, no NUL, and appears once;
 *   - no member is encrypted;
 *   - the header before a member's data has the flags and the name of its entry in the directory,
 *     and its sizes and CRC-32, or, where they follow the data (flag 3, as PyTorch writes), zeros;
 *   - no member overlaps another or the directory, and the directory ends where its end record is.
 *
 * A member that is compressed is listed and never unfolded, however large it says it is.
 *
 * CRC-32 sums are compared where a member is read as a whole and at once (zip_member_check), not on
 * opening, which reads no data. A sum of 0 stands for none: PyTorch can be told to compute none. */
#ifndef SKEIN_ZIP_ARCHIVE_H
#define SKEIN_ZIP_ARCHIVE_H

#include "data/file/file.h"

enum { ZIP_MEMBERS = 1 << 20, ZIP_NAME = 512 };

typedef struct ZipMember {
  char *name;
  const unsigned char *data; /* into the mapping */
  size_t size;
  bool compressed; /* `data` is not what the member holds */
  size_t begin;    /* where its header is in the file */
  uint32_t crc;    /* 0: none */
} ZipMember;

typedef struct ZipArchive {
  const MappedFile *file; /* borrowed */
  ZipMember *member;      /* sorted by name (bytewise) */
  size_t count;
} ZipArchive;

/* The file begins as an archive with members does. */
bool zip_archive_begins(const MappedFile *file);
/* Reads the directory. Errors are STATUS_INPUT naming file and member. On failure *z is zeroed. */
Status zip_archive_read(ZipArchive *z, const MappedFile *file, Error *err);
void zip_archive_close(ZipArchive *z); /* a zeroed ZipArchive is allowed */
const ZipMember *zip_archive_find(const ZipArchive *z, const char *name); /* NULL: has none */
/* Reads a member, not compressed; STATUS_INPUT where its CRC-32 is not that of the directory. */
Status zip_member_check(const ZipArchive *z, const ZipMember *m, Error *err);

#endif
