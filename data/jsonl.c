#include "data/jsonl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data/hash.h"
#include "data/jsonl_zstd.h"
#include "data/utf8.h"

/* The text is `data` [size]: the mapped file itself, or the mapping of what it decompresses to. */
struct Jsonl {
  MappedFile file;
  const char *data;
  size_t size;
  void *expanded; /* mapping of the decompressed text; NULL for a plain file */
  struct LinePlace {
    int64_t byte, number;
    size_t size;
  } * line;
  int64_t count, capacity;
  char hash[HASH_HEX];
};

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the lines of a data file");
}

/* ---- the text ---- */

static bool is_zstd(const MappedFile *f) {
  static const unsigned char MAGIC[] = {0x28, 0xb5, 0x2f, 0xfd};
  /* Skippable frames, which may come first, begin with 0x184d2a50 to 0x184d2a5f. */
  static const unsigned char SKIPPABLE[] = {0x2a, 0x4d, 0x18};
  if (f->size < 4) return false;
  return memcmp(f->data, MAGIC, 4) == 0 ||
         ((f->data[0] & 0xf0) == 0x50 && memcmp(f->data + 1, SKIPPABLE, 3) == 0);
}

/* Decompresses into an unlinked temporary file and maps that. */
static Status expand(Jsonl *j, Error *err) {
  const char *tmp = getenv("TMPDIR");
  char path[512];
  snprintf(path, sizeof path, "%s/skein-XXXXXX", tmp && *tmp ? tmp : "/tmp");
  int fd = mkstemp(path);
  if (fd < 0) return error_set_errno(err, STATUS_RUN, "%s: cannot make a temporary file", path);
  unlink(path);
  Status status = jsonl_expand(&j->file, fd, path, &j->size, err);
  if (status == STATUS_OK && j->size > 0) {
    j->expanded = mmap(NULL, j->size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (j->expanded == MAP_FAILED) {
      j->expanded = NULL;
      status = error_set_errno(err, STATUS_RUN, "%s: cannot map", path);
    }
  }
  j->data = j->expanded;
  close(fd);
  return status;
}

static Status open_text(Jsonl *j, const char *path, Error *err) {
  TRY(mapped_open(&j->file, path, err));
  if (is_zstd(&j->file)) return expand(j, err);
  j->data = (const char *)j->file.data;
  j->size = j->file.size;
  return STATUS_OK;
}

/* ---- the lines ---- */

static Status add_line(Jsonl *j, int64_t byte, size_t size, int64_t number, Error *err) {
  if (j->count == j->capacity) {
    int64_t capacity = j->capacity ? 2 * j->capacity : 1024;
    struct LinePlace *grown = realloc(j->line, (size_t)capacity * sizeof *grown);
    if (!grown) return no_memory(err);
    j->line = grown;
    j->capacity = capacity;
  }
  j->line[j->count++] = (struct LinePlace){byte, number, size};
  return STATUS_OK;
}

static Status check_line(const Jsonl *j, int64_t byte, size_t size, int64_t number, Error *err) {
  const char *text = j->data + byte, *what = NULL;
  size_t valid = utf8_valid(text, size);
  const char *nul = memchr(text, 0, size);
  size_t at = valid < size ? valid : 0;
  if (size > JSONL_LINE_MAX) {
    what = "the line is longer than 64 MiB";
  } else if (valid < size) {
    what = "not valid UTF-8";
  } else if (nul) {
    what = "a NUL byte";
    at = (size_t)(nul - text);
  }
  if (!what) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s:%" PRId64 ": byte %" PRId64 ": %s", j->file.path, number,
                   byte + (int64_t)at, what);
}

static bool blank(const char *text, size_t size) {
  for (size_t i = 0; i < size; i++) {
    if (text[i] != ' ' && text[i] != '\t') return false;
  }
  return true;
}

static Status index_lines(Jsonl *j, Error *err) {
  static const char BOM[] = "\xef\xbb\xbf";
  if (j->size >= 3 && memcmp(j->data, BOM, 3) == 0) {
    return error_set(err, STATUS_INPUT,
                     "%s:1: byte 0: begins with a byte order mark; save it as plain UTF-8",
                     j->file.path);
  }
  int64_t number = 0;
  for (size_t at = 0, next; at < j->size; at = next) {
    const char *end = memchr(j->data + at, '\n', j->size - at);
    size_t size = end ? (size_t)(end - (j->data + at)) : j->size - at;
    next = at + size + 1;
    number++;
    if (size > 0 && j->data[at + size - 1] == '\r') size--;
    if (blank(j->data + at, size)) continue;
    TRY(check_line(j, (int64_t)at, size, number, err));
    TRY(add_line(j, (int64_t)at, size, number, err));
  }
  return STATUS_OK;
}

static Status hash_text(Jsonl *j, Error *err) {
  Hash *hash = hash_new();
  if (!hash) return no_memory(err);
  hash_add(hash, j->data, j->size);
  hash_finish(hash, j->hash);
  return STATUS_OK;
}

Status jsonl_open(Jsonl **out, const char *path, Error *err) {
  Jsonl *j = *out = calloc(1, sizeof *j);
  if (!j) return no_memory(err);
  Status status = open_text(j, path, err);
  if (status == STATUS_OK) status = index_lines(j, err);
  if (status == STATUS_OK) status = hash_text(j, err);
  if (status == STATUS_OK) return status;
  jsonl_close(j);
  *out = NULL;
  return status;
}

void jsonl_close(Jsonl *j) {
  if (!j) return;
  if (j->expanded) munmap(j->expanded, j->size);
  mapped_close(&j->file);
  free(j->line);
  free(j);
}

int64_t jsonl_count(const Jsonl *j) {
  return j->count;
}
const char *jsonl_path(const Jsonl *j) {
  return j->file.path;
}
const char *jsonl_hash(const Jsonl *j) {
  return j->hash;
}

JsonlLine jsonl_line(const Jsonl *j, int64_t i) {
  const struct LinePlace *p = &j->line[i];
  return (JsonlLine){j->data + p->byte, p->size, p->number, p->byte};
}
