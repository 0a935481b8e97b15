/* path_list: files, with or without weights, as the value of one setting (OPTION_PATHS).
 *
 * It is written as a path, or as a list of paths and of {file: PATH, weight: NUMBER}, in YAML and on
 * the command line alike: [a.jsonl, b.jsonl], [{file: a.jsonl, weight: 2}, {file: b.jsonl, weight: 1}].
 * A weight is above 0; either all files have one or none has, and no file is there twice. As the
 * text of a value a list is JSON, which is YAML too, and a path in brackets a list of one. */
#ifndef SKEIN_PATH_LIST_H
#define SKEIN_PATH_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "data/text/yaml_tree.h"

enum { PATH_LIST_MOST = 4096 };
#define PATH_WEIGHT_MOST 1e9

typedef struct PathShare {
  char *path;
  double weight; /* 0: it has none */
} PathShare;

typedef struct PathList {
  PathShare *one;
  size_t count;
} PathList;

/* Reads a value of `key`; NULL is a list of none. `place` begins the message of an error. On failure
 * there is nothing to free. */
Status path_list_read(PathList *list, const char *value, const char *key, const char *place,
                      Error *err);
/* The same from a list or a text of a document; brackets in a text mean nothing. */
Status path_list_take(PathList *list, const YamlTree *tree, const YamlNode *value, const char *key,
                      Error *err);
void path_list_free(PathList *list); /* a zeroed PathList is allowed */

/* Each path as path_expand reads it (data/file/path_search.h); false when out of memory. */
bool path_list_expand(PathList *list);

/* A text in brackets: it is read as a list. */
bool path_list_bracketed(const char *text);

/* The value; the caller frees, NULL when out of memory. */
char *path_list_text(const PathList *list);
bool path_list_weighed(const PathList *list);

#endif
