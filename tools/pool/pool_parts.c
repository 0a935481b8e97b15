#include "tools/pool/pool_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/utf8.h"

Status pool_check_text(const char *what, const char *text, Error *err) {
  if (utf8_valid(text, strlen(text)) == strlen(text)) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "%s: is not UTF-8 text", what);
}

Status pool_read_instruction(const char *given, char **text, Error *err) {
  enum { BYTES_MAX = 1 << 16 };
  *text = NULL;
  if (given && given[0] == '@') {
    size_t size;
    if (!given[1]) return error_set(err, STATUS_USAGE, "--instruction: '@' wants a file: @FILE");
    TRY(file_read(given + 1, BYTES_MAX, text, &size, err));
    while (size > 0 && (*text)[size - 1] == '\n') (*text)[--size] = '\0';
    if (utf8_valid(*text, size) == size && strlen(*text) == size) return STATUS_OK;
    free(*text);
    *text = NULL;
    return error_set(err, STATUS_INPUT, "%s: is not UTF-8 text", given + 1);
  }
  TRY(pool_check_text("--instruction", given ? given : "", err));
  *text = strdup(given ? given : "");
  return *text ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: the instruction");
}

Status pool_check_file(const char *path, const char *want, Error *err) {
  struct stat info;
  if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) return STATUS_OK; /* opening it tells */
  return error_set(err, STATUS_INPUT, "%s: is a directory; want %s", path, want);
}

Status pool_write_ignored(const char *dir, Error *err) {
  static const char text[] =
      "# of a process that is changing the pool\n/.lock\n/experts/.*\n*.tmp.*\n";
  char *path = path_below(dir, ".gitignore");
  if (!path) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  bool there;
  Status status = file_look(path, &there, err);
  if (status == STATUS_OK && !there) status = file_write(path, text, strlen(text), err);
  free(path);
  return status;
}

Status pool_describe_new(const PoolManifest *m, const PoolSource *source, const Modules *modules,
                         PoolEntry *entry, Error *err) {
  PoolExpert expert;
  TRY(pool_expert_open_new(&expert, entry, m->base, source, modules, err));
  Status status = pool_expert_check_values(&expert, modules, err);
  pool_expert_describe(&expert, entry);
  pool_expert_close(&expert);
  return status;
}

Status pool_copy_file(const char *from, const char *to, char hash[HASH_HEX], Error *err) {
  MappedFile file;
  TRY(mapped_open(&file, from, err));
  Status status = file_write(to, file.data, file.size, err);
  if (status == STATUS_OK) status = mapped_unchanged(&file, err);
  mapped_close(&file);
  TRY(status);
  return hash_file(to, hash, err);
}
