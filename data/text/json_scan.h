/* json_scan: the texts of a JSON object where they stand, without building a document.
 *
 * Lines of data are read twice: once when they are checked, before anything is computed, and again
 * when they are used. Most are plain, and passing over a plain one costs about as much as looking
 * at its bytes. What is not plain is left to jansson, and so is every error. */
#ifndef SKEIN_JSON_SCAN_H
#define SKEIN_JSON_SCAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct JsonText {
  const char *text; /* what stands between the quotes, borrowed; NULL: there is no such member */
  size_t size;
  bool escaped; /* there is a backslash in it */
} JsonText;

/* Finds the members key[0, n) of an object in `text`, which must be valid UTF-8; a NULL key is not
 * there. True means that json_parse would accept the text, and that each member found is a string.
 *
 * False says nothing: it is the answer to what is wrong, and to what is not plain:
 *
 *   escapes    but \" \\ \/ \b \f \n \r \t; any of them in a key
 *   numbers    but integers of at most 18 digits
 *   arrays     more than 16 deep
 *   members    more than 31; none; those found that are no strings
 *   objects    inside the object */
bool json_scan_texts(const char *text, size_t size, const char *const *key, int n, JsonText *out);

/* The text as jansson would have it, escapes undone; NULL when out of memory. */
json_t *json_scan_string(const JsonText *t);

#endif
