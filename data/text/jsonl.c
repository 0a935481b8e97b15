#include "data/text/jsonl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "autograd/ground/array.h"
#include "data/file/hash.h"
#include "data/file/stream.h"
#include "data/text/jsonl_zstd.h"
#include "data/text/utf8.h"

typedef struct Line {
  int64_t byte, number;
} Line;

struct Jsonl {
  MappedFile file; /* the text: the file itself, what it decompressed to, or what has come so far */
  Stream *stream;  /* NULL: all of the text is there */
  Line *line;
  size_t count;
  Line next; /* the first that is not indexed yet */
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

static Status check_kind(const MappedFile *file, Error *err) {
  const char *kind = file_kind(file->data, file->size);
  if (!kind || file->data[0] == '{') return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: is not JSONL but %s", file->path, kind);
}

static Status open_text(Jsonl *j, const char *path, Error *err) {
  TRY(mapped_open(&j->file, path, err));
  if (jsonl_is_compressed(&j->file)) TRY(expand_file(&j->file, err));
  return check_kind(&j->file, err);
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

/* Indexes the lines that end before `end`, or there. */
static Status index_lines(Jsonl *j, int64_t end, Hash *hash, Error *err) {
  const char *whole = (const char *)j->file.data;
  if (j->next.byte == 0) {
    j->next = (Line){(int64_t)utf8_mark(whole, j->file.size), 1};
    if (hash) hash_add(hash, whole, (size_t)j->next.byte);
  }
  while (j->next.byte < end) {
    const Line line = j->next;
    const char *text = whole + line.byte;
    size_t length = line_size(j, line.byte);
    int64_t next = line.byte + (int64_t)length + 1;
    TRY(check_line(j, line, text, length, err));
    if (!is_blank(text, length)) TRY(append_line(j, line, err));
    if (hash) hash_add(hash, text, next <= end ? length + 1 : length);
    j->next = (Line){next, line.number + 1};
  }
  return STATUS_OK;
}

/* All of the text, which is there. */
static Status index_text(Jsonl *j, Error *err) {
  Hash *hash = hash_new();
  if (!hash) return error_set(err, STATUS_RUN, "%s: out of memory: SHA-256", j->file.path);
  Status status = index_lines(j, (int64_t)j->file.size, hash, err);
  hash_finish(hash, j->hash);
  return status;
}

/* ---- streams ---- */

static Status read_more(Jsonl *j, Error *err) {
  TRY(stream_more(j->stream, JSONL_TOTAL_MAX, err));
  mapped_close(&j->file);
  return stream_map(j->stream, &j->file, err);
}

/* So little has come that it may yet be a compressed text. */
static bool is_unknown(const Jsonl *j) {
  enum { MARK = 4 };
  return !j->stream->ended && j->file.size < MARK && !memchr(j->file.data, '\n', j->file.size);
}

static Status read_rest(Jsonl *j, Error *err) {
  while (!j->stream->ended) TRY(read_more(j, err));
  if (jsonl_is_compressed(&j->file)) TRY(expand_file(&j->file, err));
  stream_close(j->stream);
  j->stream = NULL;
  TRY(check_kind(&j->file, err));
  return index_text(j, err);
}

/* Indexes what has come since `before`, up to its last newline. */
static Status index_more(Jsonl *j, size_t before, Error *err) {
  const char *text = (const char *)j->file.data;
  bool ended = j->stream->ended;
  const char *newline =
      j->file.size > before ? memrchr(text + before, '\n', j->file.size - before) : NULL;
  if (ended || newline) {
    TRY(check_kind(&j->file, err));
    TRY(index_lines(j, ended ? (int64_t)j->file.size : newline + 1 - text, NULL, err));
  }
  if (j->file.size < (size_t)j->next.byte + JSONL_LINE_MAX) return STATUS_OK;
  return refuse_line(j, j->next, 0, "the line is longer than 64 MiB", err);
}

Status jsonl_more(Jsonl *j, Error *err) {
  const size_t count = j->count;
  while (!jsonl_ended(j) && j->count == count) {
    const size_t before = j->file.size;
    TRY(read_more(j, err));
    if (j->file.size == before && !j->stream->ended) return STATUS_OK; /* a signal came */
    if (is_unknown(j)) continue;
    if (jsonl_is_compressed(&j->file)) return read_rest(j, err);
    TRY(index_more(j, before, err));
  }
  return STATUS_OK;
}

bool jsonl_ended(const Jsonl *j) {
  return !j->stream || j->stream->ended;
}

/* ---- the lines ---- */

static Status open_file(Jsonl *j, const char *path, Error *err) {
  TRY(open_text(j, path, err));
  return index_text(j, err);
}

static Status open_stream(Jsonl *j, const char *path, Error *err) {
  TRY(stream_open(&j->stream, path, err));
  return j->stream ? stream_map(j->stream, &j->file, err) : open_file(j, path, err);
}

static Status open_whole(Jsonl *j, const char *path, Error *err) {
  TRY(open_stream(j, path, err));
  return j->stream ? read_rest(j, err) : STATUS_OK;
}

typedef Status OpenLines(Jsonl *j, const char *path, Error *err);

static Status open_by(OpenLines *open, Jsonl **out, const char *path, Error *err) {
  Jsonl *j = calloc(1, sizeof *j);
  *out = NULL;
  if (!j) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  Status status = open(j, path, err);
  if (status == STATUS_OK) {
    *out = j;
  } else {
    jsonl_close(j);
  }
  return status;
}

Status jsonl_open(Jsonl **out, const char *path, Error *err) {
  return open_by(open_file, out, path, err);
}

Status jsonl_take(Jsonl **out, const char *path, Error *err) {
  return open_by(open_whole, out, path, err);
}

Status jsonl_follow(Jsonl **out, const char *path, Error *err) {
  return open_by(open_stream, out, path, err);
}

void jsonl_close(Jsonl *j) {
  if (!j) return;
  stream_close(j->stream);
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

Status jsonl_want_objects(const Jsonl *j, const char *example, Error *err) {
  enum { SHOWN = 40 };
  if (j->count == 0) return STATUS_OK;
  const JsonlLine first = jsonl_line(j, 0);
  size_t at = 0;
  while (is_blank(first.text + at, 1)) at++; /* not blank, so there is more */
  if (first.text[at] == '{') return STATUS_OK;
  size_t shown = utf8_valid(first.text, first.size < SHOWN ? first.size : SHOWN);
  return error_set(err, STATUS_INPUT,
                   "%s: line %" PRId64
                   ": is no JSON object ('%.*s%s'); want JSONL, a line for each "
                   "item: %s",
                   j->file.path, first.number, (int)shown, first.text,
                   shown < first.size ? "..." : "", example);
}
