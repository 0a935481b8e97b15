#include "infer/eval/eval_json.h"

#include "data/text/json_put.h"

json_t *eval_text_json(const char *text) {
  return text ? json_string(text) : json_null();
}

static json_t *score_json(const CellScore *score) {
  json_t *json = json_object();
  json_put(&json, "metric", json_string(metric_name(score->metric)));
  json_put(&json, "score", json_real(score->score));
  json_put(&json, "low", json_real(score->interval.low));
  json_put(&json, "high", json_real(score->interval.high));
  return json;
}

json_t *eval_scores_json(const EvalCell *cell) {
  json_t *list = json_array();
  for (int i = 0; i < cell->scores; i++) json_push(&list, score_json(&cell->score[i]));
  return list;
}
