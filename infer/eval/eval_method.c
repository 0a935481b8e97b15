/* The methods of an evaluation. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/nearest.h"
#include "infer/eval/eval_lists.h"
#include "infer/eval/eval_name.h"
#include "infer/route/router_options.h"

enum { RULES = 3, WORDS_MOST = 64 };

static const char *const RULE[RULES] = {
    [EVAL_ORACLE] = "oracle", [EVAL_BEST_INDIVIDUAL] = "best-individual"};

void eval_method_free(EvalMethod *method) {
  if (!method) return;
  if (method->set.count) options_free(&method->set);
  json_decref(method->chosen);
  free(method->name);
  free(method);
}

/* ---- which settings matter ---- */

bool eval_method_uses(const EvalMethod *m, const char *key) {
  return router_uses(&m->router, key);
}

bool eval_method_routes(const EvalMethod *m) {
  return m->rule == EVAL_ROUTED && router_method(&m->router)->chooses;
}

static bool setting_matters(const char *key, const void *method) {
  return strcmp(key, "only") != 0 && eval_method_uses(method, key);
}

/* A path is no setting of what is computed: what the file holds is. Nor is who may ask an endpoint,
 * and who may read what it is asked. */
static bool setting_identifies(const char *key, const void *method) {
  static const char *const NONE[] = {"embeddings",       "calibration",           "embedder.model",
                                     "endpoint.key_env", "endpoint.share_inputs", "query.cache",
                                     "query.key_env",    "query.share_inputs",    "query.template"};
  for (size_t i = 0; i < sizeof NONE / sizeof *NONE; i++)
    if (strcmp(key, NONE[i]) == 0) return false;
  return setting_matters(key, method);
}

char *eval_method_settings(const EvalMethod *m) {
  return options_lines(&m->set, setting_identifies, m);
}

json_t *eval_method_json(const EvalMethod *m) {
  return m->rule == EVAL_ROUTED ? options_json(&m->set, setting_matters, m) : json_object();
}

/* ---- the list ---- */

EvalMethod *eval_spec_find_method(const EvalSpec *spec, const char *name) {
  for (int i = 0; i < spec->methods; i++) {
    if (strcmp(spec->method[i]->name, name) == 0) return spec->method[i];
  }
  return NULL;
}

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: a method");
}

Status eval_spec_add_method(EvalSpec *spec, const char *name, const EvalMethod *like,
                            EvalMethod **out, Error *err) {
  *out = NULL;
  EvalMethod **grown = realloc(spec->method, (size_t)(spec->methods + 1) * sizeof(EvalMethod *));
  if (!grown) return no_memory(err);
  spec->method = grown;
  EvalMethod *m = calloc(1, sizeof *m);
  if (!m) return no_memory(err);
  spec->method[spec->methods++] = m; /* owned from here */
  m->shown = true;
  m->name = strdup(name);
  if (!m->name) return no_memory(err);
  TRY(router_settings_init(&m->set, &m->router, err));
  if (like) {
    TRY(options_copy(&m->set, &like->set, err));
    m->rule = like->rule;
    m->choose = like->choose;
    m->at = like->at;
  }
  *out = m;
  return STATUS_OK;
}

/* ---- from the file ---- */

static int find_rule(const char *name) {
  for (int r = EVAL_ORACLE; r < RULES; r++) {
    if (strcmp(RULE[r], name) == 0) return r;
  }
  return EVAL_ROUTED;
}

static Status check_word(const char *word, const char *place, Error *err) {
  const char *known[WORDS_MOST];
  size_t n = 0;
  if (route_method_find(word) >= 0 || find_rule(word) != EVAL_ROUTED) return STATUS_OK;
  assert(route_method_count() + RULES <= WORDS_MOST);
  for (int m = 0; m < route_method_count(); m++) known[n++] = route_method(m)->name;
  for (int r = EVAL_ORACLE; r < RULES; r++) known[n++] = RULE[r];
  return error_set(err, STATUS_USAGE, "%s: unknown method '%.80s' (--help lists them)%s", place,
                   word, nearest_hint(word, known, n).text);
}

/* A method by its name alone. */
static Status read_word(EvalMethod *m, const char *word, const char *place, Error *err) {
  TRY(check_word(word, place, err));
  m->rule = (EvalRule)find_rule(word);
  return m->rule == EVAL_ROUTED ? options_put(&m->set, "router", word, place, err) : STATUS_OK;
}

static Status read_choose(EvalMethod *m, const YamlTree *tree, const YamlNode *choose, Error *err) {
  static const char KEY[] = "global.threshold";
  if (!choose) return STATUS_OK;
  if (choose->kind != YAML_TEXT || strcmp(choose->text, KEY) != 0)
    return yaml_refuse(tree, choose, err, "choose: want %s, which alone can be chosen", KEY);
  m->choose = eval_method_uses(m, KEY);
  if (m->choose) return STATUS_OK;
  return yaml_refuse(tree, choose, err,
                     "choose: %s is of router: glider with global.rule: threshold", KEY);
}

static Status read_settings(EvalMethod *m, const YamlTree *tree, const YamlNode *own, Error *err) {
  static const char *const BESIDE[] = {"name", "choose", NULL};
  const TextPlace place = yaml_place(tree, own);
  if (own->kind == YAML_TEXT) return read_word(m, own->text, place.text, err);
  if (yaml_find(own, "expert") && !yaml_find(own, "router"))
    TRY(options_put(&m->set, "router", route_expert.name, place.text, err));
  TRY(options_read_mapping(&m->set, tree, own, BESIDE, err));
  return read_choose(m, tree, yaml_find(own, "choose"), err);
}

Status eval_check_method(const EvalMethod *m, const char *place, Error *err) {
  const RouterSettings *s = &m->router;
  bool one = router_method(s) == &route_expert;
  if (m->rule != EVAL_ROUTED) return STATUS_OK;
  if (one && !s->expert)
    return error_set(err, STATUS_USAGE, "%s: expert: is required: whose router is it?", place);
  if (!one && s->expert) {
    return error_set(err, STATUS_USAGE, "%s: expert: '%s' is read by the router `expert` alone",
                     place, s->expert);
  }
  return STATUS_OK;
}

/* The given name, else the router's, and for an expert "expert-NAME". */
static Status name_method(EvalMethod *m, const YamlTree *tree, const YamlNode *own, Error *err) {
  const YamlNode *given = own->kind == YAML_TEXT ? own : yaml_find(own, "name");
  char name[300];
  if (given && given->kind != YAML_TEXT) {
    return yaml_refuse(tree, given, err, "name: want a text, not %s", yaml_kind(given));
  } else if (given) {
    snprintf(name, sizeof name, "%s", given->text);
  } else if (router_one_expert(&m->router)) {
    snprintf(name, sizeof name, "expert-%s", m->router.expert);
  } else {
    snprintf(name, sizeof name, "%s", router_method(&m->router)->name);
  }
  TRY(eval_check_name(name, yaml_place(tree, given ? given : own).text, err));
  free(m->name);
  m->name = strdup(name);
  return m->name ? STATUS_OK : no_memory(err);
}

static Status read_method(EvalSpec *spec, const YamlNode *own, Error *err) {
  const YamlTree *tree = &spec->tree;
  EvalMethod *m;
  if (own->kind == YAML_LIST) {
    return yaml_refuse(tree, own, err, "want a name or a mapping of router settings, not %s",
                       yaml_kind(own));
  }
  TRY(eval_spec_add_method(spec, "", NULL, &m, err));
  m->at = own;
  TRY(read_settings(m, tree, own, err));
  TRY(eval_check_method(m, yaml_place(tree, own).text, err));
  TRY(name_method(m, tree, own, err));
  if (eval_spec_find_method(spec, m->name) != m)
    return yaml_refuse(tree, own, err, "another method is called '%s' too", m->name);
  return STATUS_OK;
}

Status eval_read_methods(EvalSpec *spec, Error *err) {
  const YamlNode *list = yaml_find(spec->tree.root, "methods");
  if (!list || list->kind != YAML_LIST || !list->first) {
    return yaml_refuse(&spec->tree, list, err, "methods: want a list of methods, not %s",
                       list && list->kind == YAML_LIST ? "an empty one" : yaml_kind(list));
  }
  for (const YamlNode *own = list->first; own; own = own->next) TRY(read_method(spec, own, err));
  return STATUS_OK;
}
