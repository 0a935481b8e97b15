#include "data/zip/zip_end.h"

#include "data/zip/zip_archive.h"
#include "data/zip/zip_record.h"

#define MARK_END64   "PK\6\6"
#define MARK_LOCATOR "PK\6\7"
#define MARK_END     "PK\5\6"

/* Fields of the records, at these bytes from their beginnings. */
enum {
  END_DISKS = 4,
  END_COUNT_HERE = 8,
  END_COUNT = 10,
  END_DIRECTORY_SIZE = 12,
  END_DIRECTORY = 16,
  END_COMMENT_SIZE = 20,
  END_BYTES = 22, /* then comment */
  END64_REST = 4, /* bytes after this field */
  END64_DISKS = 16,
  END64_COUNT_HERE = 24,
  END64_COUNT = 32,
  END64_DIRECTORY_SIZE = 40,
  END64_DIRECTORY = 48,
  END64_BYTES = 56,
  LOCATOR_DISK = 4,
  LOCATOR_END64 = 8,
  LOCATOR_BYTES = 20,
};

/* Where the last end record is whose comment ends the file; 0 where there is none. */
static uint64_t find_end(const MappedFile *f) {
  for (uint64_t back = END_BYTES; back <= f->size && back <= END_BYTES + UINT16_MAX; back++) {
    const unsigned char *end = record_at(f, f->size - back, END_BYTES, MARK_END);
    if (end && number_at(end + END_COMMENT_SIZE, 2) == back - END_BYTES) return f->size - back;
  }
  return 0;
}

/* A field of the end record that is what that of zip64 has, or says that zip64 has it. */
static bool defers(const unsigned char *field, int bytes, uint64_t value) {
  uint64_t all = UINT64_MAX >> (64 - 8 * bytes), n = number_at(field, bytes);
  return n == all || n == value;
}

/* Reads the records of zip64 before the end record at *at, which moves to their beginning; false
 * where they are malformed or contradict it. */
static bool read_end64(const MappedFile *f, uint64_t *at, ZipDirectory *d) {
  const unsigned char *end = f->data + *at, *locator = end - LOCATOR_BYTES;
  uint64_t place = number_at(locator + LOCATOR_END64, 8);
  const unsigned char *e = record_at(f, place, END64_BYTES, MARK_END64);
  if (!e || e + END64_BYTES != locator) return false;
  *d = (ZipDirectory){number_at(e + END64_DIRECTORY, 8), number_at(e + END64_DIRECTORY_SIZE, 8),
                      number_at(e + END64_COUNT, 8)};
  *at = place;
  return number_at(locator + LOCATOR_DISK, 4) == 0 && number_at(e + END64_DISKS, 8) == 0 &&
         number_at(e + END64_REST, 8) == END64_BYTES - END64_REST - 8 &&
         number_at(e + END64_COUNT_HERE, 8) == d->count && defers(end + END_COUNT, 2, d->count) &&
         defers(end + END_COUNT_HERE, 2, d->count) &&
         defers(end + END_DIRECTORY_SIZE, 4, d->size) && defers(end + END_DIRECTORY, 4, d->begin);
}

Status zip_end_read(const MappedFile *f, ZipDirectory *d, Error *err) {
  uint64_t at = find_end(f);
  *d = (ZipDirectory){0};
  if (at == 0) {
    return error_set(
        err, STATUS_INPUT,
        "%s: begins like a zip archive, as PyTorch writes, and has no directory at its "
        "end: it is truncated; fetch it again",
        f->path);
  }
  const unsigned char *end = f->data + at;
  *d = (ZipDirectory){number_at(end + END_DIRECTORY, 4), number_at(end + END_DIRECTORY_SIZE, 4),
                      number_at(end + END_COUNT, 2)};
  bool right = number_at(end + END_DISKS, 4) == 0 && number_at(end + END_COUNT_HERE, 2) == d->count;
  if (at >= LOCATOR_BYTES && record_at(f, at - LOCATOR_BYTES, LOCATOR_BYTES, MARK_LOCATOR)) {
    right = right && read_end64(f, &at, d);
  }
  if (!right || d->begin > at || d->size != at - d->begin) {
    return error_set(err, STATUS_INPUT,
                     "%s: byte %ju: the end of the archive contradicts itself: its directory is "
                     "%ju bytes from byte %ju on",
                     f->path, (uintmax_t)at, (uintmax_t)d->size, (uintmax_t)d->begin);
  }
  if (d->count >= 1 && d->count <= ZIP_MEMBERS) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: the archive has %ju members, want 1 to %d", f->path,
                   (uintmax_t)d->count, ZIP_MEMBERS);
}
