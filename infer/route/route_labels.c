#include "infer/route/route_labels.h"

#include "data/text/json_put.h"

static const struct {
  const char *name;
  size_t offset;
} LABEL[ROUTE_LABELS] = {
    {"expert_training", offsetof(RouteLabels, training)},
    {"expert_data", offsetof(RouteLabels, data)},
    {"routing_data", offsetof(RouteLabels, routing_data)},
    {"input_granularity", offsetof(RouteLabels, input)},
    {"depth_granularity", offsetof(RouteLabels, depth)},
    {"expert_selection", offsetof(RouteLabels, selection)},
    {"expert_aggregation", offsetof(RouteLabels, aggregation)},
    {"generalization", offsetof(RouteLabels, generalization)},
    {"user_data", offsetof(RouteLabels, user_data)},
};

const char *route_label_value(const RouteMethod *method, int label) {
  return *(const char *const *)((const char *)&method->labels + LABEL[label].offset);
}

json_t *route_labels_json(const RouteMethod *method) {
  json_t *object = json_object();
  for (int i = 0; i < ROUTE_LABELS; i++)
    json_put(&object, LABEL[i].name, json_string(route_label_value(method, i)));
  return object;
}
