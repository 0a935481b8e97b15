#include "data/text/json_put.h"

/* jansson takes the value even where it fails. */
static void drop_failed(json_t **into, int failed) {
  if (!failed) return;
  json_decref(*into);
  *into = NULL;
}

void json_put(json_t **object, const char *key, json_t *value) {
  drop_failed(object, json_object_set_new(*object, key, value));
}

void json_push(json_t **list, json_t *value) {
  drop_failed(list, json_array_append_new(*list, value));
}
