#include "train/gates/loss_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/text/json.h"
#include "data/text/json_number.h"
#include "data/text/json_put.h"

#define FORMAT "skein-losses"
enum { VERSION = 1 };

double loss_table_round(double loss) {
  char text[32];
  snprintf(text, sizeof text, "%.15g", loss);
  return strtod(text, NULL);
}

static Status check_head(const JsonDoc *doc, const char *identity, Error *err) {
  const char *format, *is;
  int64_t version;
  TRY(json_get_string(doc, "format", &format, err));
  if (strcmp(format, FORMAT) != 0)
    return error_set(err, STATUS_INPUT, "%s: format: is \"%.80s\", want \"" FORMAT "\"", doc->file,
                     format);
  TRY(json_get_int(doc, "version", VERSION, VERSION, &version, err));
  TRY(json_get_string(doc, "identity", &is, err));
  if (strcmp(is, identity) == 0) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s: identity: is of other data, experts or settings; restore them, or choose "
                   "another output",
                   doc->file);
}

static Status read_losses(const JsonDoc *doc, double *loss, int64_t most, int64_t *count,
                          Error *err) {
  json_t *list;
  TRY(json_get_array(doc, "losses", &list, err));
  size_t size = json_array_size(list);
  if (size > (size_t)most)
    return error_set(err, STATUS_INPUT, "%s: losses: are more than the examples", doc->file);
  for (size_t i = 0; i < size; i++) {
    const json_t *one = json_array_get(list, i);
    loss[i] = json_number_value(one);
    if (!json_is_number(one) || !(loss[i] >= 0 && loss[i] < JSON_TOO_LARGE))
      return error_set(err, STATUS_INPUT, "%s: losses[%zu]: got %s, want a number of at least 0",
                       doc->file, i, json_kind(one));
  }
  *count = (int64_t)size;
  return STATUS_OK;
}

Status loss_table_read(const char *path, const char *identity, double *loss, int64_t most,
                       int64_t *count, Error *err) {
  const size_t limit = (size_t)1 << 30;
  bool there;
  JsonDoc doc;
  *count = 0;
  TRY(file_look(path, &there, err));
  if (!there) return STATUS_OK;
  TRY(json_parse_file(&doc, path, limit, err));
  Status status = check_head(&doc, identity, err);
  if (status == STATUS_OK) status = read_losses(&doc, loss, most, count, err);
  json_free(&doc);
  return status;
}

Status loss_table_write(const char *path, const char *identity, const double *loss, int64_t count,
                        Error *err) {
  json_t *root = json_object(), *list = json_array();
  for (int64_t i = 0; i < count; i++) json_push(&list, json_real(loss[i]));
  json_put(&root, "format", json_string(FORMAT));
  json_put(&root, "version", json_integer(VERSION));
  json_put(&root, "identity", json_string(identity));
  json_put(&root, "losses", list);
  Status status = root ? json_write_file(root, path, err)
                       : error_set(err, STATUS_RUN, "%s: out of memory", path);
  json_decref(root);
  return status;
}
