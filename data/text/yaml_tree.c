#include "data/text/yaml_tree.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/text/yaml_events.h"

enum { DEPTH_MAX = 16 };

static void free_nodes(YamlNode *node) {
  while (node) {
    YamlNode *next = node->next;
    free_nodes(node->first);
    free_nodes(node->key);
    free(node->text);
    free(node);
    node = next;
  }
}

/* Reading. Each read_* turns the current event, and those that belong to it, into nodes. What is
 * made hangs in the tree at once, so that whoever has the root frees it after a failure. */

static Status read_value(YamlReader *r, int depth, YamlNode **out);

static Status new_node(YamlReader *r, YamlKind kind, YamlNode **out) {
  YamlNode *node = *out = calloc(1, sizeof *node);
  if (!node) return yaml_reader_no_memory(r);
  node->kind = kind;
  node->line = r->event.start_mark.line + 1;
  node->column = r->event.start_mark.column + 1;
  return STATUS_OK;
}

static Status read_text(YamlReader *r, YamlNode **out) {
  const char *text;
  TRY(yaml_reader_text(r, &text));
  TRY(new_node(r, YAML_TEXT, out));
  (*out)->quoted = r->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
  (*out)->text = strdup(text);
  return (*out)->text ? STATUS_OK : yaml_reader_no_memory(r);
}

static Status read_items(YamlReader *r, int depth, YamlNode **end) {
  for (;; end = &(*end)->next) {
    TRY(yaml_reader_next(r));
    if (r->event.type == YAML_SEQUENCE_END_EVENT) return STATUS_OK;
    TRY(read_value(r, depth, end));
  }
}

/* The key that is the current event, which `seen` lacks and gets. */
static Status read_key(YamlReader *r, json_t *seen, YamlNode **key) {
  if (r->event.type != YAML_SCALAR_EVENT) return yaml_reader_refuse(r, "a key must be plain text");
  TRY(read_text(r, key));
  const char *text = (*key)->text;
  if (json_object_get(seen, text)) return yaml_reader_refuse(r, "%.80s: is set twice", text);
  return json_object_set_new(seen, text, json_null()) == 0 ? STATUS_OK : yaml_reader_no_memory(r);
}

static Status read_entry(YamlReader *r, int depth, json_t *seen, YamlNode **out) {
  YamlNode *key = NULL;
  Status status = read_key(r, seen, &key);
  if (status == STATUS_OK) status = yaml_reader_next(r);
  if (status == STATUS_OK) status = read_value(r, depth, out);
  if (*out) {
    (*out)->key = key;
  } else {
    free_nodes(key);
  }
  return status;
}

static Status read_entries(YamlReader *r, int depth, json_t *seen, YamlNode **end) {
  for (;; end = &(*end)->next) {
    TRY(yaml_reader_next(r));
    if (r->event.type == YAML_MAPPING_END_EVENT) return STATUS_OK;
    TRY(read_entry(r, depth, seen, end));
  }
}

static Status read_mapping(YamlReader *r, int depth, YamlNode **first) {
  json_t *seen = json_object();
  Status status = seen ? read_entries(r, depth, seen, first) : yaml_reader_no_memory(r);
  json_decref(seen);
  return status;
}

static Status read_value(YamlReader *r, int depth, YamlNode **out) {
  if (r->event.type == YAML_SCALAR_EVENT) return read_text(r, out);
  if (depth == DEPTH_MAX) return yaml_reader_refuse(r, "nested deeper than %d levels", DEPTH_MAX);
  bool list = r->event.type == YAML_SEQUENCE_START_EVENT;
  TRY(new_node(r, list ? YAML_LIST : YAML_MAPPING, out));
  YamlNode **first = &(*out)->first;
  return list ? read_items(r, depth + 1, first) : read_mapping(r, depth + 1, first);
}

static Status read_document(YamlReader *r, YamlNode **root) {
  TRY(yaml_reader_begin(r));
  if (r->event.type == YAML_STREAM_END_EVENT) return STATUS_OK;
  TRY(read_value(r, 0, root));
  return yaml_reader_end(r);
}

Status yaml_tree_parse(YamlTree *tree, const char *text, size_t size, const char *name,
                       Status refusal, Error *err) {
  YamlReader r;
  *tree = (YamlTree){.file = name, .refusal = refusal};
  Status status = yaml_reader_open(&r, text, size, name, refusal, err);
  if (status == STATUS_OK) status = read_document(&r, &tree->root);
  yaml_reader_close(&r);
  if (status != STATUS_OK) yaml_tree_free(tree);
  return status;
}

Status yaml_tree_read(YamlTree *tree, const char *path, size_t limit, Status refusal, Error *err) {
  char *text;
  size_t size;
  *tree = (YamlTree){.file = path, .refusal = refusal};
  TRY(file_read(path, limit, &text, &size, err));
  Status status = yaml_tree_parse(tree, text, size, path, refusal, err);
  free(text);
  return status;
}

void yaml_tree_free(YamlTree *tree) {
  free_nodes(tree->root);
  tree->root = NULL;
}

/* Looking into it. */

const YamlNode *yaml_find(const YamlNode *mapping, const char *key) {
  const YamlNode *node = mapping && mapping->kind == YAML_MAPPING ? mapping->first : NULL;
  while (node && strcmp(node->key->text, key) != 0) node = node->next;
  return node;
}

size_t yaml_count(const YamlNode *node) {
  size_t count = 0;
  for (const YamlNode *item = node->first; item; item = item->next) count++;
  return count;
}

const char *yaml_kind(const YamlNode *node) {
  static const char *const NAME[] = {"a text", "a list", "a mapping"};
  return node ? NAME[node->kind] : "nothing";
}

TextPlace yaml_place(const YamlTree *tree, const YamlNode *node) {
  return text_place(tree->file, node ? node->line : 0, node ? node->column : 0);
}

Status yaml_refuse(const YamlTree *tree, const YamlNode *node, Error *err, const char *what, ...) {
  char text[ERROR_TEXT];
  va_list args;
  va_start(args, what);
  vsnprintf(text, sizeof text, what, args);
  va_end(args);
  return error_set(err, tree->refusal, "%s: %s", yaml_place(tree, node).text, text);
}
