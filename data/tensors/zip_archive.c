#include "data/tensors/zip_archive.h"

#include <minizip/unzip.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"

static const unsigned char BEGIN[] = {'P', 'K', 3, 4};

/* A header in front of a member, in bytes from its beginning. */
enum { HEADER_FLAGS = 6, HEADER_CRC = 14, HEADER_STORED = 18, HEADER_SIZE = 22, HEADER_NAME = 30 };
/* An entry of the directory and the records at its end, in bytes, without texts. */
enum { ENTRY_SIZE = 46, END64_SIZE = 56, LOCATOR_SIZE = 20, END_SIZE = 22 };
/* Flags: 1 and 2 are about the compression, 3: sizes follow the data, 11: names are UTF-8. */
enum { FLAG_SIZES_FOLLOW = 1 << 3, FLAGS_KNOWN = 1 << 1 | 1 << 2 | FLAG_SIZES_FOLLOW | 1 << 11 };

bool zip_archive_begins(const MappedFile *file) {
  return file->size >= sizeof BEGIN && memcmp(file->data, BEGIN, sizeof BEGIN) == 0;
}

void zip_archive_close(ZipArchive *z) {
  for (size_t i = 0; i < z->count; i++) free(z->member[i].name);
  free(z->member);
  *z = (ZipArchive){0};
}

/* The mapping as minizip's file. */

typedef struct Cursor {
  const MappedFile *file;
  uint64_t at; /* at most file->size */
} Cursor;

static voidpf cursor_open(voidpf cursor, const void *name, int mode) {
  (void)name;
  (void)mode;
  return cursor;
}

static uLong cursor_read(voidpf opaque, voidpf stream, void *to, uLong size) {
  (void)opaque;
  Cursor *c = stream;
  uint64_t left = c->file->size - c->at;
  if (size > left) size = (uLong)left;
  if (size > 0) memcpy(to, c->file->data + c->at, size);
  c->at += size;
  return size;
}

static uLong cursor_write(voidpf opaque, voidpf stream, const void *from, uLong size) {
  (void)opaque;
  (void)stream;
  (void)from;
  (void)size;
  return 0;
}

static ZPOS64_T cursor_tell(voidpf opaque, voidpf stream) {
  (void)opaque;
  return ((Cursor *)stream)->at;
}

static long cursor_seek(voidpf opaque, voidpf stream, ZPOS64_T offset, int origin) {
  (void)opaque;
  Cursor *c = stream;
  uint64_t from = origin == ZLIB_FILEFUNC_SEEK_SET   ? 0
                  : origin == ZLIB_FILEFUNC_SEEK_CUR ? c->at
                                                     : c->file->size;
  uint64_t at;
  if (__builtin_add_overflow(from, offset, &at) || at > c->file->size) return -1;
  c->at = at;
  return 0;
}

static int cursor_nothing(voidpf opaque, voidpf stream) {
  (void)opaque;
  (void)stream;
  return 0;
}

static unzFile open_directory(Cursor *cursor) {
  zlib_filefunc64_def calls = {cursor_open, cursor_read,    cursor_write,   cursor_tell,
                               cursor_seek, cursor_nothing, cursor_nothing, cursor};
  return unzOpen2_64(NULL, &calls);
}

/* Members. */

#define MEMBER "%s: member '%.200s': "

static uint32_t number_at(const unsigned char *at, int bytes) {
  uint32_t n = 0;
  for (int i = 0; i < bytes; i++) n |= (uint32_t)at[i] << 8 * i;
  return n;
}

static Status check_entry(const unz_file_info64 *info, const char *name, const char *path,
                          Error *err) {
  if (info->size_filename == 0 || info->size_filename > ZIP_NAME ||
      strlen(name) != info->size_filename) {
    return error_set(err, STATUS_INPUT,
                     MEMBER "want a name of 1 to %d bytes and without NUL; it has %lu bytes", path,
                     name, ZIP_NAME, info->size_filename);
  }
  if (info->flag & ~(uLong)FLAGS_KNOWN) {
    return error_set(err, STATUS_INPUT,
                     MEMBER "is encrypted or patched (flags 0x%04lx); PyTorch writes no such files",
                     path, name, info->flag);
  }
  if (info->compression_method != 0 && info->compression_method != Z_DEFLATED) {
    return error_set(err, STATUS_INPUT, MEMBER "has an unknown compression (method %lu)", path,
                     name, info->compression_method);
  }
  bool same = info->compressed_size == info->uncompressed_size;
  if (info->disk_num_start == 0 && (same || info->compression_method != 0)) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   MEMBER "is stored in %ju bytes of disk %lu, but its size is %ju", path, name,
                   (uintmax_t)info->compressed_size, info->disk_num_start,
                   (uintmax_t)info->uncompressed_size);
}

/* A number of the header is that of the directory, or left open; 0xffffffff: zip64 has it. */
static bool agrees(uint32_t header, uint64_t directory, bool follows) {
  return header == directory || header == UINT32_MAX || (follows && header == 0);
}

/* The header of a member agrees with its entry. `at`: where the data begins; `extra`: bytes of the
 * header behind the name. */
static Status check_header(const MappedFile *f, const unz_file_info64 *info, size_t at, int extra,
                           ZipMember *m, Error *err) {
  size_t head = HEADER_NAME + info->size_filename + (size_t)extra;
  if (at > f->size || m->size > f->size - at) {
    return error_set(err, STATUS_INPUT,
                     MEMBER "the file is truncated: %zu bytes from byte %zu on, the file has %zu",
                     f->path, m->name, m->size, at, f->size);
  }
  bool right = extra >= 0 && at >= head;
  const unsigned char *header = f->data + (right ? at - head : 0);
  bool follows = info->flag & FLAG_SIZES_FOLLOW;
  right = right && memcmp(header, BEGIN, sizeof BEGIN) == 0 &&
          number_at(header + HEADER_FLAGS, 2) == info->flag &&
          agrees(number_at(header + HEADER_CRC, 4), info->crc, follows) &&
          agrees(number_at(header + HEADER_STORED, 4), info->compressed_size, follows) &&
          agrees(number_at(header + HEADER_SIZE, 4), info->uncompressed_size, follows) &&
          memcmp(header + HEADER_NAME, m->name, info->size_filename) == 0;
  if (!right) {
    return error_set(err, STATUS_INPUT,
                     MEMBER "its header before byte %zu contradicts the directory", f->path,
                     m->name, at);
  }
  m->begin = at - head;
  m->data = f->data + at;
  return STATUS_OK;
}

/* The member that minizip is at, whose name is owned. */
static Status read_member(ZipMember *m, unzFile directory, const unz_file_info64 *info,
                          const MappedFile *file, Error *err) {
  int method;
  m->size = (size_t)info->compressed_size;
  m->compressed = info->compression_method != 0;
  m->crc = (uint32_t)info->crc;
  TRY(check_entry(info, m->name, file->path, err));
  int opened = unzOpenCurrentFile2(directory, &method, NULL, 1);
  if (opened == UNZ_INTERNALERROR) {
    return error_set(err, STATUS_RUN, "%s: out of memory", file->path);
  }
  if (opened != UNZ_OK) {
    return error_set(err, STATUS_INPUT, MEMBER "has no header that agrees with the directory",
                     file->path, m->name);
  }
  size_t at = (size_t)unzGetCurrentFileZStreamPos64(directory);
  int extra = unzGetLocalExtrafield(directory, NULL, 0);
  unzCloseCurrentFile(directory);
  return check_header(file, info, at, extra, m, err);
}

/* One more member, and in *end where its entry of the directory ends. */
static Status add_member(ZipArchive *z, unzFile directory, size_t *end, Error *err) {
  unz_file_info64 info;
  unz64_file_pos place;
  char name[ZIP_NAME + 1] = "";
  if (unzGetCurrentFileInfo64(directory, &info, name, ZIP_NAME, NULL, 0, NULL, 0) != UNZ_OK ||
      unzGetFilePos64(directory, &place) != UNZ_OK) {
    return error_set(err, STATUS_INPUT, "%s: entry %zu of the archive's directory: is malformed",
                     z->file->path, z->count);
  }
  *end = (size_t)place.pos_in_zip_directory + ENTRY_SIZE + info.size_filename +
         info.size_file_extra + info.size_file_comment;
  ZipMember *grown = array_grow(z->member, z->count, 1, sizeof *grown);
  if (grown) z->member = grown;
  char *copy = grown ? strdup(name) : NULL;
  if (!copy) return error_set(err, STATUS_RUN, "%s: out of memory", z->file->path);
  ZipMember *m = &z->member[z->count++];
  *m = (ZipMember){.name = copy};
  return read_member(m, directory, &info, z->file, err);
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
static Status check_places(ZipArchive *z, size_t directory, Error *err) {
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
  return error_set(err, STATUS_INPUT, MEMBER "overlaps the archive's directory at byte %zu",
                   z->file->path, before, directory);
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

/* `size` bytes from *at on begin with "PK", a, b; *at moves behind them. */
static bool pass_record(const MappedFile *f, size_t *at, char a, char b, uint64_t size) {
  const char begin[] = {'P', 'K', a, b};
  if (*at > f->size || f->size - *at < size || memcmp(f->data + *at, begin, sizeof begin) != 0) {
    return false;
  }
  *at += (size_t)size;
  return true;
}

/* Behind the last entry, at `at`, stand the two records of zip64, if there are any, and the one
 * that ends the archive, whose comment ends the file. */
static Status check_end(const MappedFile *f, size_t at, Error *err) {
  size_t entries = at;
  bool right = !pass_record(f, &at, 6, 6, END64_SIZE) || pass_record(f, &at, 6, 7, LOCATOR_SIZE);
  right = right && pass_record(f, &at, 5, 6, END_SIZE) &&
          f->size - at == number_at(f->data + at - 2, 2);
  if (right) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   "%s: byte %zu: what follows the entries that the archive's directory counts is "
                   "not its end, or the file is truncated",
                   f->path, entries);
}

static Status read_directory(ZipArchive *z, unzFile directory, Error *err) {
  unz_global_info64 all;
  unz64_file_pos first;
  size_t end = 0;
  int at = unzGoToFirstFile(directory);
  if (unzGetGlobalInfo64(directory, &all) != UNZ_OK || all.number_entry < 1 ||
      all.number_entry > ZIP_MEMBERS) {
    return error_set(err, STATUS_INPUT, "%s: the archive has %ju members, want 1 to %d",
                     z->file->path, (uintmax_t)all.number_entry, ZIP_MEMBERS);
  }
  if (at != UNZ_OK || unzGetFilePos64(directory, &first) != UNZ_OK) {
    return error_set(err, STATUS_INPUT, "%s: the archive's directory is malformed", z->file->path);
  }
  for (; at == UNZ_OK; at = unzGoToNextFile(directory)) TRY(add_member(z, directory, &end, err));
  if (at != UNZ_END_OF_LIST_OF_FILE || z->count != all.number_entry) {
    return error_set(err, STATUS_INPUT,
                     "%s: entry %zu of the archive's directory: is malformed or missing",
                     z->file->path, z->count);
  }
  TRY(check_end(z->file, end, err));
  TRY(check_places(z, (size_t)first.pos_in_zip_directory, err));
  return check_names(z, err);
}

Status zip_archive_read(ZipArchive *z, const MappedFile *file, Error *err) {
  Cursor cursor = {.file = file};
  *z = (ZipArchive){.file = file};
  unzFile directory = open_directory(&cursor);
  if (!directory) {
    return error_set(
        err, STATUS_INPUT,
        "%s: begins like a zip archive, as PyTorch writes, and has no directory at its "
        "end: it is truncated; fetch it again",
        file->path);
  }
  Status status = read_directory(z, directory, err);
  unzClose(directory);
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
