#include "infer/pool/made_gates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json.h"
#include "data/text/json_put.h"

#define FORMAT "skein-gates"
enum { VERSION = 1 };

static Status no_memory(const char *path, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", path);
}

void made_gates_free(MadeGates *g) {
  free(g->gate);
  *g = (MadeGates){0};
}

char *made_gates_dir(const char *dir, const char *name) {
  char *path;
  return asprintf(&path, "%s" PATH_MARK "experts/%s", dir, name) < 0 ? NULL : path;
}

char *made_gates_path(const char *dir, const char *name) {
  char *folder = made_gates_dir(dir, name);
  char *path = folder ? path_join(folder, POOL_FILE[POOL_GATE]) : NULL;
  free(folder);
  return path;
}

/* Reading. */

static Status read_name(const JsonDoc *doc, const MadeGates *before, MadeGate *gate, Error *err) {
  const char *name;
  TRY(json_get_string(doc, "name", &name, err));
  if (!pool_name_valid(name)) {
    return error_set(err, STATUS_INPUT,
                     "%s: name: '%.80s' is no name of an expert; " POOL_NAME_RULE, doc->file, name);
  }
  for (int i = 0; i < before->count; i++) {
    if (strcmp(before->gate[i].name, name) == 0)
      return error_set(err, STATUS_INPUT, "%s: name: '%s' is there twice", doc->file, name);
  }
  memcpy(gate->name, name, strlen(name) + 1);
  return STATUS_OK;
}

static Status read_gate(const JsonDoc *doc, MadeGates *g, Error *err) {
  MadeGate *gate = &g->gate[g->count];
  if (!json_is_object(doc->root)) {
    return error_set(err, STATUS_INPUT, "%s: gates: got %s, want an object", doc->file,
                     json_kind(doc->root));
  }
  TRY(read_name(doc, g, gate, err));
  TRY(json_get_hash(doc, "fingerprint", gate->fingerprint, err));
  TRY(json_get_hash(doc, "file", gate->file, err));
  TRY(json_get_int(doc, "examples", 1, INT64_MAX, &gate->examples, err));
  g->count++;
  return STATUS_OK;
}

static Status read_head(const JsonDoc *doc, MadeGates *g, Error *err) {
  const char *format, *way;
  int64_t version;
  TRY(json_get_string(doc, "format", &format, err));
  if (strcmp(format, FORMAT) != 0) {
    return error_set(err, STATUS_INPUT, "%s: format: is \"%.80s\", want \"" FORMAT "\"", doc->file,
                     format);
  }
  TRY(json_get_int(doc, "version", VERSION, VERSION, &version, err));
  TRY(json_get_hash(doc, "base", g->base, err));
  TRY(json_get_string(doc, "way", &way, err));
  TRY(json_get_hash(doc, "data", g->maker.data, err));
  if (gate_way_find(way, &g->maker.way)) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: way: is \"%.80s\", want " GATE_WAYS_KNOWN, doc->file,
                   way);
}

static Status read_document(const JsonDoc *doc, MadeGates *g, Error *err) {
  json_t *list;
  TRY(read_head(doc, g, err));
  TRY(json_get_array(doc, "gates", &list, err));
  size_t count = json_array_size(list);
  g->gate = calloc(count + 1, sizeof *g->gate);
  if (!g->gate) return no_memory(doc->file, err);
  for (size_t i = 0; i < count; i++)
    TRY(read_gate(&(JsonDoc){.root = json_array_get(list, i), .file = doc->file}, g, err));
  return STATUS_OK;
}

Status made_gates_read(MadeGates *g, const char *dir, Error *err) {
  enum { BYTES_MAX = 1 << 24 };
  JsonDoc doc = {0};
  *g = (MadeGates){0};
  TRY(dir_require(dir, MADE_GATES, "gates that `skein train gates` finished", err));
  char *path = path_below(dir, MADE_GATES);
  Status status = path ? json_parse_file(&doc, path, BYTES_MAX, err) : no_memory(dir, err);
  if (status == STATUS_OK) status = read_document(&doc, g, err);
  json_free(&doc);
  free(path);
  if (status != STATUS_OK) made_gates_free(g);
  return status;
}

/* Writing. */

static json_t *gates_json(const MadeGates *g) {
  json_t *root = json_object(), *list = json_array();
  for (int i = 0; i < g->count; i++) {
    const MadeGate *gate = &g->gate[i];
    json_push(&list, json_pack("{s:s, s:s, s:s, s:I}", "name", gate->name, "fingerprint",
                               gate->fingerprint, "file", gate->file, "examples",
                               (json_int_t)gate->examples));
  }
  json_put(&root, "format", json_string(FORMAT));
  json_put(&root, "version", json_integer(VERSION));
  json_put(&root, "base", json_string(g->base));
  json_put(&root, "way", json_string(gate_way_name(g->maker.way)));
  json_put(&root, "data", json_string(g->maker.data));
  json_put(&root, "gates", list);
  return root;
}

Status made_gates_write(const MadeGates *g, const char *dir, Error *err) {
  json_t *root = gates_json(g);
  char *path = path_below(dir, MADE_GATES);
  Status status = root && path ? json_write_file(root, path, err) : no_memory(dir, err);
  json_decref(root);
  free(path);
  return status;
}
