#include "tools/pool/pool_names.h"

#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "infer/pool/pool_manifest.h"

enum { NAMES_BYTES_MAX = 1 << 20 };

static const char *const P3[] = {
    "p3agnews",        "p3amazonpolarity", "p3cosmosqa", "p3samsum",         "p3quartz",
    "p3ropes",         "p3wikibio",        "p3paws",     "p3wikiqa",         "p3socialiqa",
    "p3qasc",          "p3quail",          "p3dream",    "p3wiqa",           "p3quarel",
    "p3sciq",          "p3quoref",         "p3duorc",    "p3rottentomatoes", "p3yelp",
    "p3commongen",     "p3gigaword",       "p3xsum",     "p3mrpc",           "p3qqp",
    "p3commonsenseqa", "p3cose",           "p3wikihop",  "p3hotpotqa",       "p3appreviews",
    "p3trec",          "p3multinews",      "p3imdb",     "p3adversarialqa",  "p3cnndailymail",
    "p3dbpedia14",
};
enum { P3_COUNT = sizeof P3 / sizeof *P3 };

char *pool_name_small(const char *name, size_t size) {
  char *small = strndup(name, size);
  for (char *c = small; c && *c; c++) {
    if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
  }
  return small;
}

void pool_names_free(PoolNames *names) {
  for (int i = 0; i < names->count; i++) free(names->name[i]);
  free(names->name);
  *names = (PoolNames){0};
}

static Status check_line(const PoolNames *names, const char *file, int line, const char *name,
                         Error *err) {
  if (!pool_name_valid(name)) {
    return error_set(err, STATUS_INPUT,
                     "%s: line %d: '%.120s' is no name of an expert; " POOL_NAME_RULE, file, line,
                     name);
  }
  for (int i = 0; i < names->count; i++) {
    if (strcmp(names->name[i], name) != 0) continue;
    return error_set(err, STATUS_INPUT, "%s: line %d: '%s' is there twice; name every expert once",
                     file, line, name);
  }
  return STATUS_OK;
}

static Status add_line(PoolNames *names, const char *file, int line, const char *text, size_t size,
                       int count, Error *err) {
  static const char BLANK[] = " \t\r";
  while (size > 0 && strchr(BLANK, text[size - 1])) size--;
  while (size > 0 && strchr(BLANK, *text)) text++, size--;
  if (size == 0) return STATUS_OK;
  if (names->count == count) {
    return error_set(err, STATUS_INPUT,
                     "%s: line %d: is one name more than the checkpoint has experts, which are %d",
                     file, line, count);
  }
  char *name = pool_name_small(text, size);
  Status status = name ? check_line(names, file, line, name, err)
                       : error_set(err, STATUS_RUN, "%s: out of memory", file);
  if (status == STATUS_OK) {
    names->name[names->count++] = name;
  } else {
    free(name);
  }
  return status;
}

static Status read_lines(PoolNames *names, const char *file, const char *text, size_t size,
                         int count, Error *err) {
  static const char MARK[] = "\xef\xbb\xbf"; /* that the text is UTF-8, by editors of Windows */
  int line = 0;
  if (strncmp(text, MARK, strlen(MARK)) == 0) text += strlen(MARK), size -= strlen(MARK);
  if (memchr(text, '\0', size)) return error_set(err, STATUS_INPUT, "%s: is no text", file);
  for (const char *at = text; *at; at += *at == '\n') {
    size_t length = strcspn(at, "\n");
    TRY(add_line(names, file, ++line, at, length, count, err));
    at += length;
  }
  if (names->count == count) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   "%s: has %d names, and the checkpoint %d experts; want one a line, in the order "
                   "of their numbers",
                   file, names->count, count);
}

static Status read_file(PoolNames *names, const char *file, int count, Error *err) {
  char *text;
  size_t size;
  TRY(file_read(file, NAMES_BYTES_MAX, &text, &size, err));
  Status status = read_lines(names, file, text, size, count, err);
  free(text);
  return status;
}

static Status copy_p3(PoolNames *names, int count, const char *checkpoint, Error *err) {
  if (count != P3_COUNT) {
    return error_set(
        err, STATUS_USAGE,
        "%s: holds %d expert%s, and the names that are known without --names FILE are of "
        "%d; name yours, one a line",
        checkpoint, count, count == 1 ? "" : "s", P3_COUNT);
  }
  for (; names->count < count; names->count++) {
    names->name[names->count] = strdup(P3[names->count]);
    if (!names->name[names->count]) return error_set(err, STATUS_RUN, "out of memory: the names");
  }
  return STATUS_OK;
}

Status pool_names_read(PoolNames *names, const char *file, int count, const char *checkpoint,
                       Error *err) {
  *names = (PoolNames){.name = calloc((size_t)count, sizeof *names->name)};
  if (!names->name) return error_set(err, STATUS_RUN, "out of memory: the names");
  Status status =
      file ? read_file(names, file, count, err) : copy_p3(names, count, checkpoint, err);
  if (status != STATUS_OK) pool_names_free(names);
  return status;
}
