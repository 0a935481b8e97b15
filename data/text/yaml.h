/* yaml: small YAML documents as JSON values, and back.
 *
 * For files that the program writes and git diffs (pool.yaml), of at most 16 MiB. What a document
 * may hold is said in data/text/yaml_tree.h. Plain texts are typed as in JSON: null and an empty
 * one are null, true and false are booleans, decimal numbers are integers or reals; everything
 * else, and every quoted text, is a string. A number that overflows is refused. Errors are
 * STATUS_INPUT naming the file, line and column. (Where a table of options decides the types, the
 * tree is read by data/options/options_yaml.) */
#ifndef SKEIN_YAML_H
#define SKEIN_YAML_H

#include "data/text/json.h"

/* The file as a document whose fields data/text/json reads; the root may be of any kind. Free with
 * json_free. `path` must outlive the document. */
Status yaml_parse_file(JsonDoc *doc, const char *path, Error *err);

/* Writes a value in block style, keys in the order in which they were set, strings quoted where
 * they would read back as something else; whole or not at all. What is written reads back equal. */
Status yaml_write_file(const json_t *value, const char *path, Error *err);

#endif
