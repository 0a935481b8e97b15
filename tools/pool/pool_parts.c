#include "tools/pool/pool_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/utf8.h"
#include "infer/instruct/instructions.h"

Status pool_check_text(const char *what, const char *text, Error *err) {
  if (utf8_valid(text, strlen(text)) == strlen(text)) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "%s: is not UTF-8 text", what);
}

static Status read_from_file(const char *path, char **text, Error *err) {
  enum { BYTES_MAX = 1 << 16 };
  size_t size;
  if (!path[0]) return error_set(err, STATUS_USAGE, "--instruction: '@' wants a file: @FILE");
  TRY(file_read(path, BYTES_MAX, text, &size, err));
  while (size > 0 && (*text)[size - 1] == '\n') (*text)[--size] = '\0';
  if (utf8_valid(*text, size) == size && strlen(*text) == size) return STATUS_OK;
  free(*text);
  *text = NULL;
  return error_set(err, STATUS_INPUT, "%s: is not UTF-8 text", path);
}

static Status find_instruction(const char *path, const char *expert, char **text, Error *err) {
  Instructions all;
  TRY(instructions_read(&all, path, err));
  const Instruction *found = instructions_find(&all, expert);
  Status status =
      found ? STATUS_OK
            : error_set(err, STATUS_INPUT, "%s: has no instruction of the name '%s'", path, expert);
  if (found && !(*text = strdup(found->text)))
    status = error_set(err, STATUS_RUN, "out of memory: the instruction");
  instructions_free(&all);
  return status;
}

Status pool_read_instruction(const PoolOptions *o, const char *expert, char **text, Error *err) {
  const char *given = o->instruction ? o->instruction : "";
  *text = NULL;
  if (o->instruction && o->instruction_file)
    return error_set(err, STATUS_USAGE, "--instruction and --instruction-file: want one of them");
  if (o->instruction_file) return find_instruction(o->instruction_file, expert, text, err);
  if (given[0] == '@') return read_from_file(given + 1, text, err);
  TRY(pool_check_text("--instruction", given, err));
  *text = strdup(given);
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
