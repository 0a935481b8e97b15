#include "tools/report/training_record.h"

#include <stdlib.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/yaml.h"
#include "tools/report/html.h"

enum { FILE_MOST = 1 << 26 };

static Status no_memory(const char *dir, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory: its record", dir);
}

/* The manifest of the last checkpoint by name, which is the newest; NULL: there is none. */
static Status find_manifest(char **path, const char *dir, Error *err) {
  DirNames names;
  char *checkpoints = path_below(dir, "checkpoints"), *newest = NULL;
  *path = NULL;
  if (!checkpoints) return no_memory(dir, err);
  Status status = dir_names(&names, checkpoints, err);
  if (status == STATUS_OK && names.count > 0) {
    newest = path_join(checkpoints, names.name[names.count - 1]);
    *path = newest ? path_join(newest, "manifest.json") : NULL;
    if (!*path) status = no_memory(dir, err);
  }
  dir_names_free(&names);
  free(newest);
  free(checkpoints);
  return status;
}

static Status read_file(TrainingRecord *r, RecordFile file, Error *err) {
  const char *path = r->path[file];
  if (!path || !file_exists(path)) return STATUS_OK;
  return file == RECORD_SETTINGS ? yaml_parse_file(&r->file[file], path, NULL, err)
                                 : json_parse_file(&r->file[file], path, FILE_MOST, err);
}

Status training_record_read(TrainingRecord *r, const char *dir, Error *err) {
  *r = (TrainingRecord){.path = {path_below(dir, "run.yaml"), path_below(dir, "data.json")}};
  if (!r->path[RECORD_SETTINGS] || !r->path[RECORD_DATA]) return no_memory(dir, err);
  TRY(find_manifest(&r->path[RECORD_CHECKPOINT], dir, err));
  for (RecordFile file = 0; file < RECORD_FILES; file++) TRY(read_file(r, file, err));
  return STATUS_OK;
}

void training_record_free(TrainingRecord *r) {
  for (int i = 0; i < RECORD_FILES; i++) {
    json_free(&r->file[i]);
    free(r->path[i]);
  }
  *r = (TrainingRecord){0};
}

/* ---- the page ---- */

static void open_table(FILE *out, const char *caption) {
  fprintf(out, "<table class=\"facts\"><caption>%s</caption><tbody>\n", caption);
}

/* Of a manifest that which is not of one machine, and not of the state of the optimizer. */
static void put_checkpoint(FILE *out, const json_t *manifest) {
  static const struct {
    const char *key, *title;
  } ROW[] = {{"code", "skein"},          {"base", "base"},   {"expert", "expert"},
             {"tokenizer", "tokenizer"}, {"train", "train"}, {"valid", "valid"},
             {"extended", "extended"}};
  open_table(out, "version, and SHA-256 of what was read");
  for (size_t i = 0; i < sizeof ROW / sizeof *ROW; i++) {
    const json_t *value = json_object_get(manifest, ROW[i].key);
    if (value) html_row(out, ROW[i].title, value);
  }
  fputs("</tbody></table>\n", out);
}

void training_record_put(FILE *out, const TrainingRecord *r) {
  static const char *const CAPTION[] = {"settings", "data"};
  fputs("<h3>Record</h3>\n<details><summary>settings, data, hashes</summary>\n", out);
  for (int i = RECORD_SETTINGS; i <= RECORD_DATA; i++) {
    if (!r->file[i].root) continue;
    open_table(out, CAPTION[i]);
    html_members(out, r->file[i].root);
    fputs("</tbody></table>\n", out);
  }
  if (r->file[RECORD_CHECKPOINT].root) put_checkpoint(out, r->file[RECORD_CHECKPOINT].root);
  fputs("</details>\n", out);
}
