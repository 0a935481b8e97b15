#include "data/text/json_put.h"
#include "infer/route/routing_stats.h"

/* The statistic of every expert, as a new array; NULL when out of memory. */
static json_t *experts_json(const RoutingStats *s, Statistic what, int module, int experts) {
  json_t *array = json_array();
  for (int e = 0; e < experts; e++)
    json_push(&array, json_real(routing_stats_value(s, what, module, e)));
  return array;
}

static json_t *module_json(const RoutingStats *s, const char *name, int module, int experts) {
  json_t *object = json_object();
  json_put(&object, "name", json_string(name));
  json_put(&object, "tokens", json_integer(routing_stats_tokens(s, module)));
  json_put(&object, "entropy", json_real(routing_stats_entropy(s, module)));
  for (Statistic what = STATISTIC_WEIGHT; what <= STATISTIC_TOP1; what++)
    json_put(&object, statistic_name(what), experts_json(s, what, module, experts));
  return object;
}

json_t *routing_stats_json(const RoutingStats *s, const Pool *pool) {
  const Modules *list = pool_modules(pool);
  json_t *root = json_object(), *names = json_array(), *modules = json_array();
  int experts = pool_count(pool);
  for (int e = 0; e < experts; e++) json_push(&names, json_string(pool_entry(pool, e)->name));
  for (int i = 0; i < list->count; i++) {
    if (routing_stats_tokens(s, i) == 0) continue;
    json_push(&modules, module_json(s, list->module[i].name, i, experts));
  }
  json_put(&root, "experts", names);
  json_put(&root, "modules", modules);
  return root;
}

json_t *routing_report_json(const RoutingStats *s, const Pool *pool, const char *task,
                            const char *method) {
  return json_pack("{s:s, s:s, s:s, s:b, s:o}", "task", task, "method", method, "pool",
                   pool_dir(pool), "pool_files_verified", pool_files_verified(pool), "routing",
                   routing_stats_json(s, pool));
}
