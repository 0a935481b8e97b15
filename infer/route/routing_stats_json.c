#include "infer/route/routing_stats.h"

/* The statistic of every expert, as a new array; NULL when out of memory. */
static json_t *experts_json(const RoutingStats *s, Statistic what, int module, int experts) {
  json_t *array = json_array();
  for (int e = 0; array && e < experts; e++) {
    if (json_array_append_new(array, json_real(routing_stats_value(s, what, module, e))) == 0)
      continue;
    json_decref(array);
    array = NULL;
  }
  return array;
}

/* json_object_set_new takes `value` even where it fails. */
static json_t *module_json(const RoutingStats *s, const char *name, int module, int experts) {
  json_t *object = json_object();
  int failed = json_object_set_new(object, "name", json_string(name));
  failed |= json_object_set_new(object, "tokens", json_integer(routing_stats_tokens(s, module)));
  failed |= json_object_set_new(object, "entropy", json_real(routing_stats_entropy(s, module)));
  for (Statistic what = STATISTIC_WEIGHT; what <= STATISTIC_TOP1; what++) {
    failed |=
        json_object_set_new(object, statistic_name(what), experts_json(s, what, module, experts));
  }
  if (!failed) return object;
  json_decref(object);
  return NULL;
}

json_t *routing_stats_json(const RoutingStats *s, const Pool *pool) {
  const Modules *list = pool_modules(pool);
  json_t *root = json_object(), *names = json_array(), *modules = json_array();
  int experts = pool_count(pool), failed = 0;
  for (int e = 0; e < experts; e++)
    failed |= json_array_append_new(names, json_string(pool_entry(pool, e)->name));
  for (int i = 0; i < list->count; i++) {
    if (routing_stats_tokens(s, i) == 0) continue;
    failed |= json_array_append_new(modules, module_json(s, list->module[i].name, i, experts));
  }
  failed |= json_object_set_new(root, "experts", names);
  failed |= json_object_set_new(root, "modules", modules);
  if (!failed) return root;
  json_decref(root);
  return NULL;
}

json_t *routing_report_json(const RoutingStats *s, const Pool *pool, const char *task,
                            const char *method) {
  return json_pack("{s:s, s:s, s:s, s:o}", "task", task, "method", method, "pool", pool_dir(pool),
                   "routing", routing_stats_json(s, pool));
}
