#include "data/text/jsonl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "autograd/ground/array.h"
#include "data/file/hash.h"
#include "data/text/jsonl_zstd.h"
#include "data/text/utf8.h"

typedef struct Line {
  int64_t byte, number;
} Line;

struct Jsonl {
  MappedFile file; /* the text: the file itself, or what it decompressed to */
  Line *line;
  size_t count;
  char hash[HASH_HEX];
};

/* Text that repeats itself becomes a hundred times as large; a bomb, ten thousand times. */
static int64_t expansion_limit(size_t compressed) {
  enum { RATIO = 1000 };
  int64_t most =
      compressed < JSONL_TOTAL_MAX / RATIO ? (int64_t)compressed * RATIO : JSONL_TOTAL_MAX;
  return most > JSONL_SMALL_MAX ? most : JSONL_SMALL_MAX;
}

/* Replaces the mapping of a compressed file by that of its text. */
static Status expand_file(MappedFile *file, Error *err) {
  int fd;
  MappedFile text;
  const JsonlLimits limits = {JSONL_LINE_MAX, JSONL_BLANK_MAX, expansion_limit(file->size),
                              sizeof(Line)};
  TRY(jsonl_expand(file, &limits, &fd, err));
  Status status = mapped_descriptor(&text, fd, file->path, err);
  close(fd);
  if (status != STATUS_OK) return status;
  mapped_close(file);
  *file = text;
  return STATUS_OK;
}

static Status open_text(Jsonl *j, const char *path, Error *err) {
  TRY(mapped_open(&j->file, path, err));
  if (jsonl_is_compressed(&j->file)) TRY(expand_file(&j->file, err));
  const char *kind = file_kind(j->file.data, j->file.size);
  if (kind && j->file.data[0] != '{') {
    return error_set(err, STATUS_INPUT, "%s: is not JSONL but %s", path, kind);
  }
  return STATUS_OK;
}

static Status refuse_line(const Jsonl *j, Line line, size_t offset, const char *what, Error *err) {
  return error_set(err, STATUS_INPUT, "%s: line %" PRId64 ": byte %" PRId64 ": %s", j->file.path,
                   line.number, line.byte + (int64_t)offset, what);
}

static Status check_line(const Jsonl *j, Line line, const char *text, size_t size, Error *err) {
  if (size > JSONL_LINE_MAX) return refuse_line(j, line, 0, "the line is longer than 64 MiB", err);
  const char *nul = memchr(text, '\0', size);
  if (nul) return refuse_line(j, line, (size_t)(nul - text), "a NUL byte", err);
  size_t valid = utf8_valid(text, size);
  return valid == size ? STATUS_OK : refuse_line(j, line, valid, "is not UTF-8", err);
}

static bool is_blank(const char *text, size_t size) {
  for (size_t i = 0; i < size; i++) {
    if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r') return false;
  }
  return true;
}

static Status append_line(Jsonl *j, Line line, Error *err) {
  Line *grown = array_grow(j->line, j->count, 1, sizeof *grown);
  if (!grown) return error_set(err, STATUS_RUN, "%s: out of memory: the lines", j->file.path);
  j->line = grown;
  j->line[j->count++] = line;
  return STATUS_OK;
}

/* Bytes from `byte` to the end of its line, without the newline. */
static size_t line_size(const Jsonl *j, int64_t byte) {
  const char *text = (const char *)j->file.data + byte;
  size_t left = j->file.size - (size_t)byte;
  const char *newline = memchr(text, '\n', left);
  return newline ? (size_t)(newline - text) : left;
}

static Status index_lines(Jsonl *j, Hash *hash, Error *err) {
  int64_t size = (int64_t)j->file.size;
  const char *whole = (const char *)j->file.data;
  Line line = {.byte = (int64_t)utf8_mark(whole, j->file.size), .number = 1};
  hash_add(hash, whole, (size_t)line.byte);
  while (line.byte < size) {
    const char *text = (const char *)j->file.data + line.byte;
    size_t length = line_size(j, line.byte);
    int64_t next = line.byte + (int64_t)length + 1;
    TRY(check_line(j, line, text, length, err));
    if (!is_blank(text, length)) TRY(append_line(j, line, err));
    hash_add(hash, text, next <= size ? length + 1 : length);
    line = (Line){.byte = next, .number = line.number + 1};
  }
  return STATUS_OK;
}

static Status read_lines(Jsonl *j, const char *path, Error *err) {
  TRY(open_text(j, path, err));
  Hash *hash = hash_new();
  if (!hash) return error_set(err, STATUS_RUN, "%s: out of memory: SHA-256", path);
  Status status = index_lines(j, hash, err);
  hash_finish(hash, j->hash);
  return status;
}

Status jsonl_open(Jsonl **out, const char *path, Error *err) {
  Jsonl *j = calloc(1, sizeof *j);
  *out = NULL;
  if (!j) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  Status status = read_lines(j, path, err);
  if (status == STATUS_OK) {
    *out = j;
  } else {
    jsonl_close(j);
  }
  return status;
}

void jsonl_close(Jsonl *j) {
  if (!j) return;
  mapped_close(&j->file);
  free(j->line);
  free(j);
}

int64_t jsonl_count(const Jsonl *j) {
  return (int64_t)j->count;
}

JsonlLine jsonl_line(const Jsonl *j, int64_t i) {
  const Line *line = &j->line[i];
  const char *text = (const char *)j->file.data + line->byte;
  size_t size = line_size(j, line->byte);
  if (text[size - 1] == '\r') size--; /* not blank, so there is more */
  return (JsonlLine){text, size, line->number, line->byte};
}

const char *jsonl_path(const Jsonl *j) {
  return j->file.path;
}

const char *jsonl_hash(const Jsonl *j) {
  return j->hash;
}
