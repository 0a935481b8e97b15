#include "infer/eval/eval_json.h"

bool eval_put(json_t *object, const char *key, json_t *value) {
  return json_object_set_new(object, key, value) == 0;
}

bool eval_append(json_t *list, json_t *value) {
  return json_array_append_new(list, value) == 0;
}

json_t *eval_whole(json_t *value, bool whole) {
  if (whole) return value;
  json_decref(value);
  return NULL;
}

json_t *eval_text_json(const char *text) {
  return text ? json_string(text) : json_null();
}

json_t *eval_score_json(const CellScore *score) {
  json_t *json = json_object();
  return eval_whole(json, eval_put(json, "metric", json_string(metric_name(score->metric))) &&
                              eval_put(json, "score", json_real(score->score)) &&
                              eval_put(json, "low", json_real(score->interval.low)) &&
                              eval_put(json, "high", json_real(score->interval.high)));
}
