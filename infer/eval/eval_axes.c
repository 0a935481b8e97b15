/* The axes of an ablation, from its file. */
#include "infer/eval/eval_axes.h"

#include <stdlib.h>
#include <string.h>

#include "infer/route/router_options.h"

/* Values are tried on a router with the default settings, which says what they may be. */
typedef struct Reading {
  Axes *a;
  const YamlTree *tree;
  OptionSet set;
  RouterSettings router;
} Reading;

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the axes");
}

static Status add_axis(Axes *a, const char *key, const YamlNode *list, EvalAxis **out, Error *err) {
  EvalAxis *grown = realloc(a->axis, (size_t)(a->axes + 1) * sizeof *grown);
  if (!grown) return no_memory(err);
  a->axis = grown;
  EvalAxis *axis = *out = &a->axis[a->axes++];
  *axis = (EvalAxis){
      .key = strdup(key), .at = list->key, .value = calloc(yaml_count(list), sizeof(char *))};
  return axis->key && axis->value ? STATUS_OK : no_memory(err);
}

static Status add_value(Reading *x, EvalAxis *axis, const YamlNode *node, Error *err) {
  TRY(options_read_value(&x->set, axis->key, x->tree, axis->at, node, err));
  char *text = axis->value[axis->values++] = options_text(&x->set, axis->key);
  if (!text) return no_memory(err);
  for (int i = 0; i < axis->values - 1; i++) {
    if (strcmp(text, axis->value[i]) == 0) {
      return yaml_refuse(x->tree, node, err, "axes: %s: %.80s is there twice", axis->key, text);
    }
  }
  return STATUS_OK;
}

static Status read_axis(Reading *x, const char *key, const YamlNode *list, Error *err) {
  if (list->kind != YAML_LIST || !list->first) {
    return yaml_refuse(x->tree, list, err, "axes: %s: want a list of values", key);
  }
  EvalAxis *axis = NULL;
  TRY(add_axis(x->a, key, list, &axis, err));
  for (const YamlNode *node = list->first; node; node = node->next)
    TRY(add_value(x, axis, node, err));
  return STATUS_OK;
}

static Status read_section(Reading *x, const YamlNode *mapping, const char *section, Error *err) {
  for (const YamlNode *entry = mapping->first; entry; entry = entry->next) {
    char *key;
    if (asprintf(&key, "%s%s%s", section, *section ? "." : "", entry->key->text) < 0)
      return no_memory(err);
    Status status = entry->kind == YAML_MAPPING ? read_section(x, entry, key, err)
                                                : read_axis(x, key, entry, err);
    free(key);
    TRY(status);
  }
  return STATUS_OK;
}

static Status read_grid(Axes *a, const YamlTree *tree, Error *err) {
  const YamlNode *grid = yaml_find(tree->root, "grid");
  const char *text = grid && grid->kind == YAML_TEXT ? grid->text : "";
  a->grid = !grid || strcmp(text, "true") == 0;
  if (a->grid || strcmp(text, "false") == 0) return STATUS_OK;
  return yaml_refuse(tree, grid, err, "grid: want true or false");
}

Status axes_read(Axes *a, const EvalSpec *spec, Error *err) {
  const YamlTree *tree = &spec->tree;
  const YamlNode *axes = yaml_find(tree->root, "axes");
  *a = (Axes){0};
  TRY(read_grid(a, tree, err));
  if (!axes || axes->kind != YAML_MAPPING || !axes->first) {
    return yaml_refuse(
        tree, axes, err,
        "axes: want a mapping of router settings to lists of values: {top_k: [1, 2]}");
  }
  Reading x = {.a = a, .tree = tree};
  TRY(router_settings_init(&x.set, &x.router, err));
  Status status = read_section(&x, axes, "", err);
  options_free(&x.set);
  return status;
}

void axes_free(Axes *a) {
  for (int i = 0; i < a->axes; i++) {
    for (int v = 0; v < a->axis[i].values; v++) free(a->axis[i].value[v]);
    free(a->axis[i].value);
    free(a->axis[i].key);
  }
  free(a->axis);
  free(a->method);
  free(a->origin);
  *a = (Axes){0};
}
