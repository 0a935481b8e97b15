/* json_put: builds JSON that is whole or not there at all.
 *
 * A value cannot always be made: memory is out, a text is not UTF-8, a number is not finite. What
 * lacks it would be written all the same, and a reader would take it for a document that never had
 * the value. So what a value was to stand in is dropped with it, up to the root, and one look at
 * the root at the end is enough:
 *
 *   json_t *root = json_object(), *list = json_array();
 *   for (int i = 0; i < n; i++) json_push(&list, json_real(x[i]));
 *   json_put(&root, "name", json_string(name));
 *   json_put(&root, "values", list);
 *   if (!root) ...
 *
 * What is filled must be the caller's own: a borrowed object would be dropped from under its owner.
 */
#ifndef SKEIN_JSON_PUT_H
#define SKEIN_JSON_PUT_H

#include <jansson.h>

/* Sets a member of *object, or appends to *list; takes `value`. Where that fails, or `value`,
 * *object or *list is NULL, *object or *list is dropped, and is NULL from then on. */
void json_put(json_t **object, const char *key, json_t *value);
void json_push(json_t **list, json_t *value);

#endif
