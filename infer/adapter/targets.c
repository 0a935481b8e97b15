#include "infer/adapter/targets.h"

#include <stdio.h>
#include <string.h>

#include "data/text/json_put.h"

/* The last components that modules have: "q, k, v, o". */
static void list_parts(const Modules *modules, char *text, size_t size) {
  size_t used = 0;
  for (int i = 0; i < modules->count && used < size; i++) {
    const char *part = module_last_part(modules->module[i].name);
    bool known = false;
    for (int k = 0; k < i && !known; k++)
      known = strcmp(module_last_part(modules->module[k].name), part) == 0;
    if (!known) used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", part);
  }
}

/* The modules whose last name component is `part` ("all-linear": every module). */
static Status choose_part(const char *part, size_t length, const Modules *modules, const char *what,
                          bool *chosen, Error *err) {
  bool all = length == strlen("all-linear") && strncmp(part, "all-linear", length) == 0;
  bool found = false;
  for (int i = 0; i < modules->count; i++) {
    const char *last = module_last_part(modules->module[i].name);
    if (!all && (strlen(last) != length || strncmp(last, part, length) != 0)) continue;
    found = chosen[i] = true;
  }
  if (found) return STATUS_OK;
  char parts[200];
  list_parts(modules, parts, sizeof parts);
  return error_set(err, STATUS_USAGE,
                   "%s: \"%.*s\" is not the end of the name of a linear; want all-linear or some "
                   "of %s",
                   what, (int)length, part, parts);
}

Status targets_choose(const char *targets, const Modules *modules, const char *what, bool *chosen,
                      Error *err) {
  memset(chosen, 0, (size_t)modules->count * sizeof *chosen);
  for (const char *part = targets;; part++) {
    size_t length = strcspn(part, ",");
    TRY(choose_part(part, length, modules, what, chosen, err));
    part += length;
    if (!*part) return STATUS_OK;
  }
}

/* Every module with this last name component is chosen. */
static bool chosen_all(const bool *chosen, const Modules *modules, const char *part) {
  for (int i = 0; i < modules->count; i++) {
    bool named = strcmp(module_last_part(modules->module[i].name), part) == 0;
    if (named && !chosen[i]) return false;
  }
  return true;
}

static bool array_has(const json_t *array, const char *text) {
  for (size_t i = 0; i < json_array_size(array); i++) {
    if (strcmp(json_string_value(json_array_get(array, i)), text) == 0) return true;
  }
  return false;
}

json_t *targets_json(const bool *chosen, const Modules *modules) {
  json_t *list = json_array();
  for (int i = 0; i < modules->count; i++) {
    const char *module = modules->module[i].name, *part = module_last_part(module);
    if (!chosen[i]) continue;
    bool whole = chosen_all(chosen, modules, part);
    if (whole && array_has(list, part)) continue;
    json_push(&list, json_string(whole ? part : module));
  }
  return list;
}
