#include "data/zip/zip_archive.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "data/zip/zip_end.h"
#include "data/zip/zip_record.h"

#define MARK_HEADER "PK\3\4" /* before the data of a member */
#define MARK_ENTRY  "PK\1\2" /* of the directory */

/* Fields of the two records, at these bytes from their beginnings. */
enum {
  HEADER_FLAGS = 6,
  HEADER_METHOD = 8,
  HEADER_CRC = 14,
  HEADER_STORED = 18,
  HEADER_SIZE = 22,
  HEADER_NAME_SIZE = 26,
  HEADER_EXTRA_SIZE = 28,
  HEADER_BYTES = 30, /* then name, extra, data */
  ENTRY_FLAGS = 8,
  ENTRY_METHOD = 10,
  ENTRY_CRC = 16,
  ENTRY_STORED = 20,
  ENTRY_SIZE = 24,
  ENTRY_NAME_SIZE = 28,
  ENTRY_EXTRA_SIZE = 30,
  ENTRY_COMMENT_SIZE = 32,
  ENTRY_DISK = 34,
  ENTRY_OFFSET = 42,
  ENTRY_BYTES = 46, /* then name, extra, comment */
  EXTRA_BYTES = 4,  /* id and size of one extra field */
  EXTRA_ZIP64 = 1,
};
/* Flags: 1 and 2 are about the compression, 3: sizes follow the data, 11: names are UTF-8. */
enum { FLAG_SIZES_FOLLOW = 1 << 3, FLAGS_KNOWN = 1 << 1 | 1 << 2 | FLAG_SIZES_FOLLOW | 1 << 11 };

bool zip_archive_begins(const MappedFile *file) {
  return record_at(file, 0, 4, MARK_HEADER) != NULL;
}

void zip_archive_close(ZipArchive *z) {
  for (size_t i = 0; i < z->count; i++) free(z->member[i].name);
  free(z->member);
  *z = (ZipArchive){0};
}

/* Members. */

#define MEMBER "%s: member '%.200s': "

/* An entry of the directory. */
typedef struct Entry {
  uint64_t flags, method, crc, stored, size, offset, name_size;
} Entry;

/* The value of a field that says that zip64 has it comes from the extra field at *at. */
static bool take_value(uint64_t *value, const unsigned char **at, const unsigned char *end) {
  if (*value != UINT32_MAX) return true;
  if (end - *at < 8) return false;
  *value = number_at(*at, 8);
  *at += 8;
  return true;
}

/* Goes through the extra fields; false where they are malformed, or one that is needed is not
 * there. */
static bool read_extra(Entry *e, const unsigned char *at, const unsigned char *end) {
  bool needed = e->size == UINT32_MAX || e->stored == UINT32_MAX || e->offset == UINT32_MAX;
  while (end - at >= EXTRA_BYTES) {
    uint64_t id = number_at(at, 2);
    ptrdiff_t size = (ptrdiff_t)number_at(at + 2, 2);
    at += EXTRA_BYTES;
    if (size > end - at) return false;
    const unsigned char *value = at, *stop = at + size;
    at = stop;
    if (id != EXTRA_ZIP64 || !needed) continue;
    needed = false;
    if (!take_value(&e->size, &value, stop) || !take_value(&e->stored, &value, stop) ||
        !take_value(&e->offset, &value, stop)) {
      return false;
    }
  }
  return !needed;
}

static Status check_entry(const Entry *e, const char *name, const char *path, Error *err) {
  if (e->flags & ~(uint64_t)FLAGS_KNOWN) {
    return error_set(err, STATUS_INPUT,
                     MEMBER "is encrypted or patched (flags 0x%04jx); PyTorch writes no such files",
                     path, name, (uintmax_t)e->flags);
  }
  if (e->stored == e->size || e->method != 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, MEMBER "is stored in %ju bytes, but its size is %ju", path,
                   name, (uintmax_t)e->stored, (uintmax_t)e->size);
}

/* A number of the header is that of the directory, or left open; 0xffffffff: zip64 has it. */
static bool agrees(const unsigned char *header, uint64_t directory, bool follows) {
  uint64_t n = number_at(header, 4);
  return n == directory || n == UINT32_MAX || (follows && n == 0);
}

/* The header of a member, which must agree with its entry, and where its data is. */
static Status read_header(const MappedFile *f, const Entry *e, ZipMember *m, Error *err) {
  const unsigned char *h = record_at(f, e->offset, HEADER_BYTES + e->name_size, MARK_HEADER);
  bool follows = e->flags & FLAG_SIZES_FOLLOW;
  bool right = h && number_at(h + HEADER_FLAGS, 2) == e->flags &&
               number_at(h + HEADER_METHOD, 2) == e->method &&
               number_at(h + HEADER_NAME_SIZE, 2) == e->name_size &&
               agrees(h + HEADER_CRC, e->crc, follows) &&
               agrees(h + HEADER_STORED, e->stored, follows) &&
               agrees(h + HEADER_SIZE, e->size, follows) &&
               memcmp(h + HEADER_BYTES, m->name, e->name_size) == 0;
  if (!right) {
    return error_set(err, STATUS_INPUT, MEMBER "its header at byte %ju contradicts the directory",
                     f->path, m->name, (uintmax_t)e->offset);
  }
  uint64_t at = e->offset + HEADER_BYTES + e->name_size + number_at(h + HEADER_EXTRA_SIZE, 2);
  if (at > f->size || e->stored > f->size - at) {
    return error_set(err, STATUS_INPUT,
                     MEMBER "has %ju bytes from byte %ju on, but the file has only %zu", f->path,
                     m->name, (uintmax_t)e->stored, (uintmax_t)at, f->size);
  }
  m->begin = (size_t)e->offset;
  m->data = f->data + at;
  return STATUS_OK;
}

static Status read_member(ZipArchive *z, Entry *e, const unsigned char *entry, Error *err) {
  const char *name = (const char *)entry + ENTRY_BYTES;
  ZipMember *m = &z->member[z->count++];
  m->name = strndup(name, (size_t)e->name_size);
  if (!m->name) return error_set(err, STATUS_RUN, "%s: out of memory", z->file->path);
  if (e->name_size < 1 || e->name_size > ZIP_NAME || strlen(m->name) != e->name_size) {
    return error_set(err, STATUS_INPUT,
                     MEMBER "want a name of 1 to %d bytes and without NUL; it has %ju bytes",
                     z->file->path, m->name, ZIP_NAME, (uintmax_t)e->name_size);
  }
  const unsigned char *extra = entry + ENTRY_BYTES + e->name_size;
  if (!read_extra(e, extra, extra + number_at(entry + ENTRY_EXTRA_SIZE, 2)) ||
      number_at(entry + ENTRY_DISK, 2) != 0) {
    return error_set(err, STATUS_INPUT, MEMBER "its entry of the directory is malformed",
                     z->file->path, m->name);
  }
  m->size = (size_t)e->stored;
  m->compressed = e->method != 0;
  m->crc = (uint32_t)e->crc;
  TRY(check_entry(e, m->name, z->file->path, err));
  return read_header(z->file, e, m, err);
}

/* The entry at *at of a directory that ends at `end`; *at moves behind it. */
static Status read_entry(ZipArchive *z, uint64_t *at, uint64_t end, Error *err) {
  const unsigned char *r = record_at(z->file, *at, ENTRY_BYTES, MARK_ENTRY);
  uint64_t bytes = ENTRY_BYTES;
  if (r) {
    bytes += number_at(r + ENTRY_NAME_SIZE, 2) + number_at(r + ENTRY_EXTRA_SIZE, 2) +
             number_at(r + ENTRY_COMMENT_SIZE, 2);
  }
  if (!r || bytes > end - *at) {
    return error_set(err, STATUS_INPUT,
                     "%s: byte %ju: entry %zu of the archive's directory is malformed or missing",
                     z->file->path, (uintmax_t)*at, z->count);
  }
  Entry e = {.flags = number_at(r + ENTRY_FLAGS, 2),
             .method = number_at(r + ENTRY_METHOD, 2),
             .crc = number_at(r + ENTRY_CRC, 4),
             .stored = number_at(r + ENTRY_STORED, 4),
             .size = number_at(r + ENTRY_SIZE, 4),
             .offset = number_at(r + ENTRY_OFFSET, 4),
             .name_size = number_at(r + ENTRY_NAME_SIZE, 2)};
  *at += bytes;
  return read_member(z, &e, r, err);
}

/* The whole. */

static int compare_names(const void *a, const void *b) {
  return strcmp(((const ZipMember *)a)->name, ((const ZipMember *)b)->name);
}

static int compare_places(const void *a, const void *b) {
  const ZipMember *x = a, *y = b;
  return (x->begin > y->begin) - (x->begin < y->begin);
}

/* Members follow each other from the first byte of the file to the directory. */
static Status check_places(ZipArchive *z, uint64_t directory, Error *err) {
  size_t end = 0;
  const char *before = "";
  qsort(z->member, z->count, sizeof *z->member, compare_places);
  if (z->member[0].begin != 0) {
    return error_set(err, STATUS_INPUT,
                     "%s: %zu bytes stand before the archive; PyTorch's begin with the file",
                     z->file->path, z->member[0].begin);
  }
  for (size_t i = 0; i < z->count; i++) {
    const ZipMember *m = &z->member[i];
    if (m->begin < end) {
      return error_set(err, STATUS_INPUT, MEMBER "overlaps member '%.200s' at byte %zu",
                       z->file->path, m->name, before, m->begin);
    }
    end = (size_t)(m->data - z->file->data) + m->size;
    before = m->name;
  }
  if (end <= directory) return STATUS_OK;
  return error_set(err, STATUS_INPUT, MEMBER "overlaps the archive's directory at byte %ju",
                   z->file->path, before, (uintmax_t)directory);
}

static Status check_names(ZipArchive *z, Error *err) {
  qsort(z->member, z->count, sizeof *z->member, compare_names);
  for (size_t i = 1; i < z->count; i++) {
    if (compare_names(&z->member[i - 1], &z->member[i]) != 0) continue;
    return error_set(err, STATUS_INPUT, MEMBER "is in the archive twice", z->file->path,
                     z->member[i].name);
  }
  return STATUS_OK;
}

static Status read_archive(ZipArchive *z, Error *err) {
  ZipDirectory d;
  TRY(zip_end_read(z->file, &d, err));
  uint64_t at = d.begin, end = d.begin + d.size;
  z->member = calloc((size_t)d.count, sizeof *z->member);
  if (!z->member) return error_set(err, STATUS_RUN, "%s: out of memory", z->file->path);
  for (uint64_t i = 0; i < d.count; i++) TRY(read_entry(z, &at, end, err));
  if (at != end) {
    return error_set(err, STATUS_INPUT,
                     "%s: byte %ju: the archive's directory goes on after the %zu entries that it "
                     "counts",
                     z->file->path, (uintmax_t)at, z->count);
  }
  TRY(check_places(z, d.begin, err));
  return check_names(z, err);
}

Status zip_archive_read(ZipArchive *z, const MappedFile *file, Error *err) {
  *z = (ZipArchive){.file = file};
  Status status = read_archive(z, err);
  if (status != STATUS_OK) zip_archive_close(z);
  return status;
}

const ZipMember *zip_archive_find(const ZipArchive *z, const char *name) {
  const ZipMember key = {.name = (char *)(uintptr_t)name};
  if (z->count == 0) return NULL;
  return bsearch(&key, z->member, z->count, sizeof key, compare_names);
}

Status zip_member_check(const ZipArchive *z, const ZipMember *m, Error *err) {
  uint32_t sum = (uint32_t)crc32_z(0, m->data, m->size);
  if (m->crc == 0 || sum == m->crc) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   MEMBER "is damaged: its CRC-32 is %08x, the directory has %08x", z->file->path,
                   m->name, sum, m->crc);
}
