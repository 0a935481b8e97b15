#include "infer/route/route_labels.h"

#include <string.h>

#include "data/text/json_put.h"
#include "infer/route/router_options.h"

static const struct {
  const char *name, *brief;
  size_t offset;
} LABEL[ROUTE_LABELS] = {
    {"expert_training", "training", offsetof(RouteLabels, training)},
    {"expert_data", "data", offsetof(RouteLabels, data)},
    {"routing_data", "routing_data", offsetof(RouteLabels, routing_data)},
    {"input_granularity", "input", offsetof(RouteLabels, input)},
    {"depth_granularity", "depth", offsetof(RouteLabels, depth)},
    {"expert_selection", "selection", offsetof(RouteLabels, selection)},
    {"expert_aggregation", "aggregation", offsetof(RouteLabels, aggregation)},
    {"generalization", "generalization", offsetof(RouteLabels, generalization)},
    {"user_data", "user_data", offsetof(RouteLabels, user_data)},
};

static const RouteNeed NEED[ROUTE_NEEDS] = {
    {READS_GATES, "gates", "their gates"},
    {READS_ACTIVATIONS, "activations", "their mean inputs"},
    {READS_INSTRUCTIONS, "instructions", "their instructions or examples"},
};

const char *route_label_name(int label) {
  return LABEL[label].name;
}

int route_label_find(const char *name) {
  for (int i = 0; i < ROUTE_LABELS; i++)
    if (strcmp(LABEL[i].name, name) == 0 || strcmp(LABEL[i].brief, name) == 0) return i;
  return -1;
}

const RouteNeed *route_need(int need) {
  return &NEED[need];
}

Status route_reads(const RouteMethod *method, unsigned *reads, Error *err) {
  OptionSet set;
  RouterSettings settings;
  *reads = method->reads;
  if (!method->over) return STATUS_OK;
  TRY(router_settings_init(&set, &settings, err));
  *reads |= method->over(&settings)->reads;
  options_free(&set);
  return STATUS_OK;
}

const char *route_label_value(const RouteMethod *method, int label) {
  return *(const char *const *)((const char *)&method->labels + LABEL[label].offset);
}

json_t *route_labels_json(const RouteMethod *method) {
  json_t *object = json_object();
  for (int i = 0; i < ROUTE_LABELS; i++)
    json_put(&object, LABEL[i].name, json_string(route_label_value(method, i)));
  return object;
}
