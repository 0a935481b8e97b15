/* yaml: small YAML documents as JSON values, through libyaml's events, and back.
 *
 * For files that people write and git diffs (pool.yaml, eval.yaml). Mappings, lists and scalars to
 * a depth of 16 and a size of 16 MiB. Plain scalars are typed as in JSON: null and an empty one are
 * null, true and false are booleans, decimal numbers are integers or reals; everything else, and
 * every quoted scalar, is a string. Refused: anchors, aliases, tags, directives, duplicate keys,
 * keys that are no scalar, second documents, numbers that overflow. Errors are STATUS_INPUT naming
 * the file, line and column. (Settings of a run are read by data/options/options, whose table decides the
 * types.) */
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
