/* The methods of an evaluation. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "infer/eval/eval_internal.h"
#include "infer/eval/eval_keys.h"

enum { RULES = 3, WORDS_MOST = 64 };

static const char *const RULE[RULES] = {
    [EVAL_ORACLE] = "oracle", [EVAL_BEST_INDIVIDUAL] = "best-individual"};

void eval_method_free(EvalMethod *method) {
  if (!method) return;
  if (method->set.count) options_free(&method->set);
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

char *eval_method_settings(const EvalMethod *m) {
  return options_lines(&m->set, setting_matters, m);
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

Status eval_spec_add_method(EvalSpec *spec, const char *name, const EvalMethod *like,
                            EvalMethod **out, Error *err) {
  const char *file = spec->doc.file;
  *out = NULL;
  EvalMethod **grown = realloc(spec->method, (size_t)(spec->methods + 1) * sizeof(EvalMethod *));
  if (!grown) return error_set(err, STATUS_RUN, "%s: out of memory", file);
  spec->method = grown;
  EvalMethod *m = calloc(1, sizeof *m);
  if (!m) return error_set(err, STATUS_RUN, "%s: out of memory", file);
  spec->method[spec->methods++] = m; /* owned from here */
  m->shown = true;
  m->name = strdup(name);
  if (!m->name) return error_set(err, STATUS_RUN, "%s: out of memory", file);
  TRY(router_settings_init(&m->set, &m->router, err));
  if (like) TRY(options_copy(&m->set, &like->set, err));
  if (like) m->rule = like->rule;
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
  assert(route_method_count() + RULES <= WORDS_MOST);
  for (int m = 0; m < route_method_count(); m++) known[n++] = route_method(m)->name;
  for (int r = EVAL_ORACLE; r < RULES; r++) known[n++] = RULE[r];
  for (size_t i = 0; i < n; i++) {
    if (strcmp(known[i], word) == 0) return STATUS_OK;
  }
  const char *near = options_nearest(word, known, n);
  return error_set(err, STATUS_USAGE, "%s: unknown method '%.80s'%s%s%s", place, word,
                   near ? ", did you mean '" : " (--help lists them)", near ? near : "",
                   near ? "'?" : "");
}

static Status read_settings(EvalMethod *m, const json_t *own, const char *place, Error *err) {
  static const char *const BESIDE[] = {"name"};
  const char *word = json_string_value(own);
  if (word) {
    TRY(check_word(word, place, err));
    m->rule = (EvalRule)find_rule(word);
    return m->rule == EVAL_ROUTED ? options_put(&m->set, "router", word, place, err) : STATUS_OK;
  }
  if (json_object_get(own, "expert") && !json_object_get(own, "router"))
    TRY(options_put(&m->set, "router", route_expert.name, place, err));
  return eval_read_mapping(&m->set, own, BESIDE, 1, place, err);
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
static Status name_method(EvalMethod *m, const json_t *own, const char *place, Error *err) {
  const json_t *given = json_object_get(own, "name");
  char name[300];
  if (given && !json_is_string(given)) {
    return error_set(err, STATUS_USAGE, "%s: name: want a text, not %s", place, json_kind(given));
  } else if (given || json_is_string(own)) {
    snprintf(name, sizeof name, "%s", json_string_value(given ? given : own));
  } else if (router_one_expert(&m->router)) {
    snprintf(name, sizeof name, "expert-%s", m->router.expert);
  } else {
    snprintf(name, sizeof name, "%s", router_method(&m->router)->name);
  }
  TRY(eval_check_name(name, place, err));
  free(m->name);
  m->name = strdup(name);
  return m->name ? STATUS_OK : error_set(err, STATUS_RUN, "%s: out of memory", place);
}

static Status read_method(EvalSpec *spec, size_t i, const json_t *own, Error *err) {
  char place[300];
  snprintf(place, sizeof place, "%.200s: methods[%zu]", spec->doc.file, i);
  EvalMethod *m;
  if (!json_is_string(own) && !json_is_object(own)) {
    return error_set(err, STATUS_USAGE, "%s: want a name or a mapping of router settings, not %s",
                     place, json_kind(own));
  }
  TRY(eval_spec_add_method(spec, "", NULL, &m, err));
  TRY(read_settings(m, own, place, err));
  TRY(eval_check_method(m, place, err));
  TRY(name_method(m, own, place, err));
  if (eval_spec_find_method(spec, m->name) != m)
    return error_set(err, STATUS_USAGE, "%s: another method is called '%s' too", place, m->name);
  return STATUS_OK;
}

Status eval_read_methods(EvalSpec *spec, Error *err) {
  const json_t *list = json_object_get(spec->doc.root, "methods");
  if (!json_is_array(list) || json_array_size(list) == 0) {
    return error_set(err, STATUS_USAGE, "%s: methods: want a list of methods, not %s",
                     spec->doc.file, json_is_array(list) ? "an empty one" : json_kind(list));
  }
  for (size_t i = 0; i < json_array_size(list); i++)
    TRY(read_method(spec, i, json_array_get(list, i), err));
  return STATUS_OK;
}
