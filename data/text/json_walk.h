/* json_walk: the members of a large JSON object one at a time, in memory that does not grow with
 * it.
 *
 * Keys and values are read by jansson under the rules of json.h, or as plain ones here; the braces,
 * colons and commas between them are read here, too. Equal keys of different members are the
 * caller's to find. Errors are STATUS_INPUT naming file and byte. */
#ifndef SKEIN_JSON_WALK_H
#define SKEIN_JSON_WALK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autograd/ground/status.h"

/* The caller sets the first four fields and zeroes the rest. */
typedef struct JsonWalk {
  const char *file; /* for messages */
  size_t origin;    /* offset of the text in the file, for messages */
  const char *text;
  size_t size;
  size_t at;  /* bytes that have been read */
  bool inner; /* a member of the current object has been read */
} JsonWalk;

/* What is plain is read without jansson and means the same to it: marks, strings of printable ASCII
 * without escapes, integers from 0 of at most 18 digits. False where something else is next; only
 * white space has been passed then, so that jansson may read it. */
bool json_walk_mark(JsonWalk *w, char mark); /* one of the six of JSON's syntax: { } [ ] : , */
bool json_walk_plain_text(JsonWalk *w, const char **text, size_t *size); /* borrowed, no NUL */
bool json_walk_plain_count(JsonWalk *w, int64_t *count);

/* Begins the object that is next in the text; it may be the value of the key just read. */
Status json_walk_enter(JsonWalk *w, Error *err);
/* The key of the next member, which the caller frees; NULL where the object ends instead. */
Status json_walk_key(JsonWalk *w, char **key, Error *err);
/* The value of the key just read; free with json_decref. */
Status json_walk_value(JsonWalk *w, json_t **value, Error *err);
/* Nothing but white space is left. */
Status json_walk_end(JsonWalk *w, Error *err);

#endif
