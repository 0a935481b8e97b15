#include "data/zip/zip_write.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "autograd/ground/array.h"

static const uint64_t LARGE = UINT32_MAX; /* what does not fit a field of 32 bits */
enum { MANY = UINT16_MAX };

/* Numbers of a record, little-endian. */
typedef struct Record {
  unsigned char byte[64];
  size_t size;
} Record;

static void put(Record *r, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; i++) r->byte[r->size++] = (unsigned char)(value >> 8 * i);
}

static void write_bytes(ZipWriter *z, const void *data, size_t size) {
  fwrite(data, 1, size, z->out);
  z->at += size;
}

void zip_writer_init(ZipWriter *z, FILE *out, const char *path) {
  *z = (ZipWriter){.out = out, .path = path};
}

void zip_writer_free(ZipWriter *z) {
  for (size_t i = 0; i < z->count; i++) free(z->member[i].name);
  free(z->member);
  *z = (ZipWriter){0};
}

/* What the headers at a member and in the directory have in common. */
static void put_common(Record *r, const ZipPlace *m) {
  put(r, 0, 2);      /* flags */
  put(r, 0, 2);      /* stored */
  put(r, 0, 2);      /* time */
  put(r, 0x0021, 2); /* 1 January 1980 */
  put(r, m->crc, 4);
  put(r, m->size, 4);
  put(r, m->size, 4);
  put(r, strlen(m->name), 2);
}

/* The header with a field "FB" of as many zeros as bring the data to a multiple of ZIP_ALIGN. */
static void write_header(ZipWriter *z, const ZipPlace *m) {
  enum { HEADER = 30, FIELD = 4 };
  Record r = {.size = 0}, field = {.size = 0};
  static const char zeros[ZIP_ALIGN];
  uint64_t end = z->at + HEADER + strlen(m->name) + FIELD;
  uint64_t padding = (ZIP_ALIGN - end % ZIP_ALIGN) % ZIP_ALIGN;
  put(&r, 0x04034b50, 4);
  put(&r, 20, 2); /* version that is needed */
  put_common(&r, m);
  put(&r, FIELD + padding, 2);
  put(&field, 0x4246, 2);
  put(&field, padding, 2);
  write_bytes(z, r.byte, r.size);
  write_bytes(z, m->name, strlen(m->name));
  write_bytes(z, field.byte, field.size);
  write_bytes(z, zeros, padding);
}

Status zip_writer_add(ZipWriter *z, const char *name, const void *data, size_t size, Error *err) {
  if (size >= LARGE) {
    return error_set(err, STATUS_RUN, "%s: %s: %zu bytes are more than a member can hold", z->path,
                     name, size);
  }
  ZipPlace m = {strdup(name), (uint32_t)crc32_z(0, data, size), (uint32_t)size, z->at};
  ZipPlace *grown = array_grow(z->member, z->count, 1, sizeof *grown);
  if (grown) z->member = grown;
  if (!m.name || !grown) {
    free(m.name);
    return error_set(err, STATUS_RUN, "%s: out of memory", z->path);
  }
  z->member[z->count++] = m;
  write_header(z, &m);
  write_bytes(z, data, size);
  return STATUS_OK;
}

static void write_entry(ZipWriter *z, const ZipPlace *m) {
  bool large = m->at >= LARGE;
  Record r = {.size = 0}, field = {.size = 0};
  put(&r, 0x02014b50, 4);
  put(&r, large ? 45 : 20, 2); /* version that made it */
  put(&r, large ? 45 : 20, 2); /* version that is needed */
  put_common(&r, m);
  put(&r, large ? 12 : 0, 2); /* extra field */
  put(&r, 0, 2);              /* comment */
  put(&r, 0, 2);              /* disk */
  put(&r, 0, 2);              /* attributes */
  put(&r, 0, 4);
  put(&r, large ? LARGE : m->at, 4);
  put(&field, 1, 2); /* zip64: the place */
  put(&field, 8, 2);
  put(&field, m->at, 8);
  write_bytes(z, r.byte, r.size);
  write_bytes(z, m->name, strlen(m->name));
  if (large) write_bytes(z, field.byte, field.size);
}

/* The end of the directory as zip64 has it, and where that is. */
static void write_large_end(ZipWriter *z, uint64_t begin, uint64_t size) {
  uint64_t at = z->at;
  Record r = {.size = 0}, where = {.size = 0};
  put(&r, 0x06064b50, 4);
  put(&r, 44, 8); /* bytes that follow */
  put(&r, 45, 2);
  put(&r, 45, 2);
  put(&r, 0, 4);
  put(&r, 0, 4);
  put(&r, z->count, 8);
  put(&r, z->count, 8);
  put(&r, size, 8);
  put(&r, begin, 8);
  put(&where, 0x07064b50, 4);
  put(&where, 0, 4);
  put(&where, at, 8);
  put(&where, 1, 4);
  write_bytes(z, r.byte, r.size);
  write_bytes(z, where.byte, where.size);
}

void zip_writer_finish(ZipWriter *z) {
  uint64_t begin = z->at;
  for (size_t i = 0; i < z->count; i++) write_entry(z, &z->member[i]);
  uint64_t size = z->at - begin;
  bool many = z->count >= MANY, far = begin >= LARGE || size >= LARGE;
  if (many || far) write_large_end(z, begin, size);
  Record r = {.size = 0};
  put(&r, 0x06054b50, 4);
  put(&r, 0, 2);
  put(&r, 0, 2);
  put(&r, many ? MANY : z->count, 2);
  put(&r, many ? MANY : z->count, 2);
  put(&r, size >= LARGE ? LARGE : size, 4);
  put(&r, begin >= LARGE ? LARGE : begin, 4);
  put(&r, 0, 2);
  write_bytes(z, r.byte, r.size);
}
