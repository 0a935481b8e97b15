/* yaml_tree: a YAML document as a tree of texts, each with its place in the file.
 *
 * What a text means is for its reader to say: a table of options (data/options/options_yaml.h) or
 * the types of JSON (data/text/yaml.h). Mappings, lists and texts, at most 16 levels deep. Refused,
 * with FILE:LINE:COLUMN: anchors, aliases, tags, directives, a key twice in a mapping, keys that
 * are no text, second documents, NUL bytes. */
#ifndef SKEIN_YAML_TREE_H
#define SKEIN_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "autograd/ground/status.h"
#include "data/text/text_place.h"

typedef enum YamlKind { YAML_TEXT, YAML_LIST, YAML_MAPPING } YamlKind;

typedef struct YamlNode YamlNode;
struct YamlNode {
  YamlKind kind;
  bool quoted;         /* a text that is written in another style than the plain one */
  size_t line, column; /* where it begins, from 1 */
  char *text;          /* of YAML_TEXT: UTF-8; NULL otherwise */
  YamlNode *key;       /* of what stands in a mapping: a text; NULL otherwise */
  YamlNode *first;     /* of lists and mappings: what stands in them, in the order of the file */
  YamlNode *next;      /* beside this one */
};

typedef struct YamlTree {
  YamlNode *root;   /* NULL: the document says nothing */
  const char *file; /* borrowed; for messages */
  Status refusal;   /* of all that is wrong with what the file says */
} YamlTree;

/* `name` stands for the file, and outlives the tree. On failure root is NULL. */
Status yaml_tree_parse(YamlTree *tree, const char *text, size_t size, const char *name,
                       Status refusal, Error *err);
/* A file of at most `limit` bytes. One that cannot be read is STATUS_INPUT, whatever `refusal`. */
Status yaml_tree_read(YamlTree *tree, const char *path, size_t limit, Status refusal, Error *err);
void yaml_tree_free(YamlTree *tree); /* a zeroed tree is allowed */

/* The value of a key; NULL when there is none, or `mapping` is none or NULL. */
const YamlNode *yaml_find(const YamlNode *mapping, const char *key);
size_t yaml_count(const YamlNode *node); /* of what stands in it */
/* "a text", "a list", "a mapping"; "nothing" for NULL. */
const char *yaml_kind(const YamlNode *node);

/* Of the file where `node` is NULL. */
TextPlace yaml_place(const YamlTree *tree, const YamlNode *node);
/* "PLACE: what", of the tree's refusal; returns the status now in force. */
Status yaml_refuse(const YamlTree *tree, const YamlNode *node, Error *err, const char *what, ...)
    __attribute__((format(printf, 4, 5)));

#endif
