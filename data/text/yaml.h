/* yaml: small YAML documents as JSON values, and back.
 *
 * For files that the program writes and git diffs (pool.yaml), of at most 16 MiB. What a document
 * may hold is said in data/text/yaml_tree.h. A plain text is typed only under a key whose type is
 * known: there null is null, true and false are booleans, decimal numbers are integers or reals. A
 * name is what is written, though it look like a number (1e3, 1.10, 0x10) or like one of YAML's many
 * words (yes, null, ~). A text that is not there is null. A number that overflows is refused. Errors
 * are STATUS_INPUT naming the file, line and column. (Where a table of options decides the types,
 * the tree is read by data/options/options_yaml.) */
#ifndef SKEIN_YAML_H
#define SKEIN_YAML_H

#include "data/text/json.h"

/* The file as a document whose fields data/text/json reads; the root may be of any kind. `numbers`,
 * which ends in NULL, are the keys, wherever they stand, whose plain texts (or those of a list) have
 * the types of JSON; all others are strings. NULL: every plain text is typed. Free with json_free.
 * `path` must outlive the document. */
Status yaml_parse_file(JsonDoc *doc, const char *path, const char *const *numbers, Error *err);

/* Writes a value in block style, keys in the order in which they were set, strings quoted where
 * they would read back as something else; whole or not at all. What is written reads back equal. */
Status yaml_write_file(const json_t *value, const char *path, Error *err);

#endif
