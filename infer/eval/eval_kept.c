#include "infer/eval/eval_kept.h"

#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json.h"

enum { LARGEST = 1 << 20 }; /* bytes of a cell's file */

static Status cell_path(const CellParts *p, const char *identity, CellFile file, char **path,
                        Error *err) {
  *path = eval_cell_path(p->spec->settings.output, p->method->name, p->task->name, identity, file);
  if (*path) return STATUS_OK;
  return error_set(err, STATUS_RUN, "%s: out of memory", p->task->name);
}

/* An identity becomes part of a file's name. */
static bool is_identity(const char *text) {
  return strlen(text) == HASH_HEX - 1 && strspn(text, "0123456789abcdef") == HASH_HEX - 1;
}

/* What the cell in place says that it is; "" where there is none that does. */
static Status read_identity(const CellParts *p, char hex[HASH_HEX], Error *err) {
  char *path, *text = NULL;
  size_t size = 0;
  const char *said;
  hex[0] = '\0';
  TRY(cell_path(p, NULL, CELL_JSON, &path, err));
  Status status = file_exists(path) ? file_read(path, LARGEST, &text, &size, err) : STATUS_OK;
  JsonDoc doc = {.file = path};
  if (text && json_parse(&doc, text, size, NULL) == STATUS_OK &&
      json_get_string(&doc, "identity", &said, NULL) == STATUS_OK && is_identity(said))
    memcpy(hex, said, HASH_HEX);
  json_free(&doc);
  free(text);
  free(path);
  return status;
}

Status eval_kept_look(const CellParts *p, const char *identity, bool *other, Error *err) {
  char hex[HASH_HEX];
  TRY(read_identity(p, hex, err));
  *other = *hex && strcmp(hex, identity) != 0;
  return STATUS_OK;
}

/* ---- moving ---- */

static Status make_parent(const char *path, Error *err) {
  char *dir = path_parent(path);
  Status status = dir ? dir_make(dir, err) : error_set(err, STATUS_RUN, "%s: out of memory", path);
  free(dir);
  return status;
}

static Status move_file(const char *from, const char *to, Error *err) {
  if (!file_exists(from)) return STATUS_OK;
  TRY(make_parent(to, err));
  return dir_rename(from, to, err);
}

/* From one place of a cell to the other; the file that makes it a whole one comes last. */
static Status move_cell(const CellParts *p, const char *from, const char *to, Error *err) {
  static const CellFile ORDER[] = {CELL_TIMING, CELL_ROUTING, CELL_PREDICTIONS, CELL_JSON};
  for (size_t i = 0; i < sizeof ORDER / sizeof *ORDER; i++) {
    char *source, *target = NULL;
    TRY(cell_path(p, from, ORDER[i], &source, err));
    Status status = cell_path(p, to, ORDER[i], &target, err);
    if (status == STATUS_OK) status = move_file(source, target, err);
    free(source);
    free(target);
    TRY(status);
  }
  return STATUS_OK;
}

static Status remove_file(const CellParts *p, CellFile file, Error *err) {
  char *path;
  TRY(cell_path(p, NULL, file, &path, err));
  Status status = file_remove(path, err);
  free(path);
  return status;
}

Status eval_kept_make_room(const CellParts *p, const char *identity, Error *err) {
  char hex[HASH_HEX];
  TRY(read_identity(p, hex, err));
  if (*hex && strcmp(hex, identity) != 0) return move_cell(p, NULL, hex, err);
  TRY(remove_file(p, CELL_JSON, err));
  TRY(remove_file(p, CELL_TIMING, err));
  return remove_file(p, CELL_ROUTING, err);
}

Status eval_kept_restore(const CellParts *p, const char *identity, Error *err) {
  TRY(eval_kept_make_room(p, identity, err));
  return move_cell(p, identity, NULL, err);
}
