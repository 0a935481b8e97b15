/* json: strict JSON documents with typed fields, on top of jansson.
 *
 * The room data/text owns the syntax of texts: JSON, whole (json.h), member by member
 * (json_walk.h), where it stands (json_scan.h) or newly made (json_put.h), its numbers
 * (json_number.h), its lines (jsonl.h) with their compression (jsonl_zstd.h, the door to zstd), YAML
 * (yaml.h; yaml_events.h and yaml_emit.h are the doors to libyaml), CSV (csv.h) and UTF-8 (utf8.h).
 * What the fields are for it does not know; files it opens through data/file alone.
 *
 * Accepted is RFC 8259 and nothing beside it but a byte order mark before the text, which is passed
 * over: valid UTF-8, no duplicate keys (compared after escapes), no lone surrogates, no \u0000,
 * nothing after the value, at most 2048 levels. Integers are exact. One beyond 64 bits is a real, a
 * real beyond doubles is JSON_TOO_LARGE (json_number.h); such a number does no harm where nobody
 * reads it, and where an integer, or any number, is wanted it is refused by the name of its field.
 * A real that underflows is 0. Every error is STATUS_INPUT naming the file, then line, column and
 * byte of the place where parsing ended, or the line (of a JSONL file) and the key of a field that
 * is not as wanted.
 *
 * jansson 2.14 loses bytes of a string, and then the heap, when malloc fails in its lexer. A
 * program must therefore give it memory that does not fail (json_set_alloc_funcs, as tools/skein.c
 * does); the out-of-memory errors here are a second line. */
#ifndef SKEIN_JSON_H
#define SKEIN_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autograd/ground/status.h"
#include "data/file/hash.h"

/* A parsed value and where it came from. */
typedef struct JsonDoc {
  json_t *root;     /* owned; fields of it are borrowed with jansson's own calls */
  const char *file; /* borrowed; for messages */
  int64_t line;     /* where the text begins in the file, from 1; 0: it is the whole file */
  int64_t byte;     /* the same as an offset */
  const char *keys; /* of lines of data, borrowed: how one says that keys have other names */
} JsonDoc;

/* Parses `size` bytes of text into doc->root; the caller has set the other fields. The text need
 * not end in NUL. Free with json_free. On failure root is NULL. */
Status json_parse(JsonDoc *doc, const char *text, size_t size, Error *err);
/* Parses a file of at most `limit` bytes; doc->file becomes `path`. */
Status json_parse_file(JsonDoc *doc, const char *path, size_t limit, Error *err);
void json_free(JsonDoc *doc); /* a zeroed JsonDoc is allowed */

/* The root is an object with this key, and the value is not null. */
bool json_has(const JsonDoc *doc, const char *key);

/* The field `key` of the root object. Missing, null and another type are errors, and so is a number
 * outside [min, max]; ask json_has first where a field is optional. */
Status json_get_int(const JsonDoc *doc, const char *key, int64_t min, int64_t max, int64_t *out,
                    Error *err);
/* An integer or a real. */
Status json_get_real(const JsonDoc *doc, const char *key, double min, double max, double *out,
                     Error *err);
Status json_get_bool(const JsonDoc *doc, const char *key, bool *out, Error *err);
/* Borrowed from the document: valid UTF-8 without NUL. */
Status json_get_string(const JsonDoc *doc, const char *key, const char **out, Error *err);
/* A string that is a SHA-256 (hash.h). */
Status json_get_hash(const JsonDoc *doc, const char *key, char hex[HASH_HEX], Error *err);
Status json_get_object(const JsonDoc *doc, const char *key, json_t **out, Error *err);
Status json_get_array(const JsonDoc *doc, const char *key, json_t **out, Error *err);

/* Writes a value as an indented file that ends in a newline; reals with 15 significant digits.
 * Keys are in the order in which they were set. */
Status json_write_file(const json_t *value, const char *path, Error *err);

/* "a string", "an integer", "a number beyond 64 bits", ...: the type of a value in words;
 * "nothing" for NULL. */
const char *json_kind(const json_t *value);

#endif
