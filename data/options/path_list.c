#include "data/options/path_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "autograd/ground/text_stream.h"
#include "data/file/path_search.h"
#include "data/text/json_number.h"

bool path_list_bracketed(const char *text) {
  size_t size = strlen(text);
  return size >= 2 && text[0] == '[' && text[size - 1] == ']';
}

static Status no_memory(const char *key, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", key);
}

void path_list_free(PathList *list) {
  for (size_t i = 0; i < list->count; i++) free(list->one[i].path);
  free(list->one);
  *list = (PathList){0};
}

static Status add_path(PathList *list, const char *path, double weight, const char *key,
                       Error *err) {
  PathShare *grown = array_grow(list->one, list->count, 1, sizeof *grown);
  if (!grown) return no_memory(key, err);
  list->one = grown;
  grown[list->count] = (PathShare){strdup(path), weight};
  return grown[list->count++].path ? STATUS_OK : no_memory(key, err);
}

/* ---- one file ---- */

static Status check_path(const PathList *list, const YamlTree *tree, const YamlNode *path,
                         const char *key, Error *err) {
  if (!*path->text) return yaml_refuse(tree, path, err, "%s: an empty path", key);
  for (const unsigned char *p = (const unsigned char *)path->text; *p; p++) {
    if (*p < 0x20 || *p == 0x7f)
      return yaml_refuse(tree, path, err, "%s: a path cannot hold control characters", key);
  }
  for (size_t i = 0; i < list->count; i++) {
    if (strcmp(list->one[i].path, path->text) == 0)
      return yaml_refuse(tree, path, err, "%s: '%.160s' is there twice; a weight makes more of it",
                         key, path->text);
  }
  return STATUS_OK;
}

static Status read_weight(double *weight, const YamlTree *tree, const YamlNode *node,
                          const char *key, Error *err) {
  bool too_large;
  json_t *number = node->kind == YAML_TEXT
                       ? json_parse_number(node->text, JSON_DECODE_INT_AS_REAL, &too_large)
                       : NULL;
  *weight = json_real_value(number);
  json_decref(number);
  if (*weight > 0 && *weight <= PATH_WEIGHT_MOST) return STATUS_OK;
  return yaml_refuse(tree, node, err, "%s: weight: want a number above 0, at most %g", key,
                     PATH_WEIGHT_MOST);
}

static Status take_mapping(PathList *list, const YamlTree *tree, const YamlNode *item,
                           const char *key, Error *err) {
  const YamlNode *file = NULL;
  double weight = 0;
  for (const YamlNode *e = item->first; e; e = e->next) {
    if (strcmp(e->key->text, "weight") == 0)
      TRY(read_weight(&weight, tree, e, key, err));
    else if (strcmp(e->key->text, "file") == 0 && e->kind == YAML_TEXT)
      file = e;
    else
      return yaml_refuse(tree, e->key, err, "%s: %.80s: want file: PATH and weight: NUMBER", key,
                         e->key->text);
  }
  if (!file) return yaml_refuse(tree, item, err, "%s: file: is missing", key);
  TRY(check_path(list, tree, file, key, err));
  return add_path(list, file->text, weight, key, err);
}

static Status take_item(PathList *list, const YamlTree *tree, const YamlNode *item, const char *key,
                        Error *err) {
  if (list->count == PATH_LIST_MOST)
    return yaml_refuse(tree, item, err, "%s: more than %d files", key, PATH_LIST_MOST);
  if (item->kind == YAML_MAPPING) return take_mapping(list, tree, item, key, err);
  if (item->kind != YAML_TEXT)
    return yaml_refuse(tree, item, err, "%s: want a path or {file: PATH, weight: NUMBER}, got %s",
                       key, yaml_kind(item));
  TRY(check_path(list, tree, item, key, err));
  return add_path(list, item->text, 0, key, err);
}

/* ---- a list ---- */

static Status take_all(PathList *list, const YamlTree *tree, const YamlNode *value, const char *key,
                       Error *err) {
  if (value->kind != YAML_LIST) return take_item(list, tree, value, key, err);
  for (const YamlNode *item = value->first; item; item = item->next)
    TRY(take_item(list, tree, item, key, err));
  if (list->count == 0) return yaml_refuse(tree, value, err, "%s: an empty list", key);
  for (size_t i = 1; i < list->count; i++) {
    if ((list->one[i].weight > 0) != (list->one[0].weight > 0))
      return yaml_refuse(tree, value, err, "%s: give every file a weight, or none", key);
  }
  return STATUS_OK;
}

Status path_list_take(PathList *list, const YamlTree *tree, const YamlNode *value, const char *key,
                      Error *err) {
  *list = (PathList){0};
  Status status = take_all(list, tree, value, key, err);
  if (status != STATUS_OK) path_list_free(list);
  return status;
}

Status path_list_read(PathList *list, const char *value, const char *key, const char *place,
                      Error *err) {
  YamlTree tree;
  *list = (PathList){0};
  if (!value) return STATUS_OK;
  if (!path_list_bracketed(value)) {
    Status status = add_path(list, value, 0, key, err);
    if (status != STATUS_OK) path_list_free(list);
    return status;
  }
  TRY(yaml_tree_parse(&tree, value, strlen(value), place, STATUS_USAGE, err));
  Status status = path_list_take(list, &tree, tree.root, key, err);
  yaml_tree_free(&tree);
  return status;
}

/* ---- as a text ---- */

static void put_quoted(FILE *out, const char *text) {
  fputc('"', out);
  for (; *text; text++) {
    if (*text == '"' || *text == '\\') fputc('\\', out);
    fputc(*text, out);
  }
  fputc('"', out);
}

/* False when out of memory. */
static bool put_item(FILE *out, const PathShare *item) {
  if (!(item->weight > 0)) {
    put_quoted(out, item->path);
    return true;
  }
  char *weight = json_real_text(item->weight);
  fputs("{\"file\": ", out);
  put_quoted(out, item->path);
  fprintf(out, ", \"weight\": %s}", weight ? weight : "");
  bool done = weight != NULL;
  free(weight);
  return done;
}

char *path_list_text(const PathList *list) {
  TextStream s;
  if (list->count == 0) return strdup("");
  if (list->count == 1 && !path_list_weighed(list) && !path_list_bracketed(list->one[0].path))
    return strdup(list->one[0].path);
  if (!text_stream_open(&s)) return NULL;
  bool done = true;
  for (size_t i = 0; i < list->count; i++) {
    fputs(i == 0 ? "[" : ", ", s.out);
    done = put_item(s.out, &list->one[i]) && done;
  }
  fputc(']', s.out);
  char *text = text_stream_close(&s);
  if (done) return text;
  free(text);
  return NULL;
}

bool path_list_expand(PathList *list) {
  for (size_t i = 0; i < list->count; i++) {
    char *path = path_expand(list->one[i].path);
    if (!path) return false;
    free(list->one[i].path);
    list->one[i].path = path;
  }
  return true;
}

bool path_list_weighed(const PathList *list) {
  return list->count > 0 && list->one[0].weight > 0;
}
