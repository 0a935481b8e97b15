/* json_put: builds JSON objects that are whole or not there at all. */
#ifndef SKEIN_JSON_PUT_H
#define SKEIN_JSON_PUT_H

#include <jansson.h>

/* Adds a member and takes over `value`. Where that fails, or `value` or *object is NULL, *object is
 * freed and NULL from then on, so one check at the end is enough. */
void json_put(json_t **object, const char *key, json_t *value);

#endif
