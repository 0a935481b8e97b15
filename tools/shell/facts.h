/* facts: what a command found out, printed for people or for programs from one JSON value, so that
 * both always tell the same.
 *
 * For people an object is lines of "key  value", an object inside an object a section, an array of
 * objects (with the same keys) a table, other arrays one line. Underscores in keys become blanks; a
 * number whose key ends in _bytes is printed as "1.5 GiB". Control bytes are escaped. */
#ifndef SKEIN_FACTS_H
#define SKEIN_FACTS_H

#include <jansson.h>
#include <stdbool.h>

#include "autograd/ground/status.h"

typedef struct Facts {
  json_t *root; /* an object; owned */
  bool failed;  /* out of memory at some point: nothing is printed */
} Facts;

Facts facts_new(void);
void facts_free(Facts *f);

/* object[key] = value, taking over `value`. NULL stands for a value that could not be made. */
void facts_set(Facts *f, json_t *object, const char *key, json_t *value);
/* array += value, taking over `value`. */
void facts_append(Facts *f, json_t *array, json_t *value);

/* A new empty object (array) at object[key], borrowed; NULL after a failure, and then adding to it
 * does nothing. */
json_t *facts_object(Facts *f, json_t *object, const char *key);
json_t *facts_array(Facts *f, json_t *object, const char *key);
/* A new empty object at the end of an array, borrowed. */
json_t *facts_row(Facts *f, json_t *array);

/* Any bytes as a JSON string (invalid UTF-8 is escaped); a number or null where it is not finite.
 */
json_t *facts_text(const char *text);
json_t *facts_number(double x);

/* Prints on stdout. */
Status facts_print(const Facts *f, bool as_json, Error *err);

#endif
