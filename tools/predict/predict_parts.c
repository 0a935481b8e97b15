#include "tools/predict/predict_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/text_stream.h"
#include "infer/route/route_global.h"
#include "infer/route/router_options.h"
#include "tools/predict/predict_items.h"
#include "tools/shell/console.h"

/* ---- the base, and what the router is to be ---- */

/* An option that says a setting, and -s that says it, too: which was meant is not ours to choose. */
static Status check_said_once(const PredictOptions *o, Error *err) {
  const struct {
    const char *option, *given, *key;
  } row[] = {{"--router", o->router, "router="},
             {"--embedder", o->embedder, "embedder="},
             {"--embedder", o->embedder, "embedder.kind="},
             {"--embedder", o->embedder, "embedder.model="}};
  for (int i = 0; i < o->assignment.count; i++) {
    for (size_t k = 0; k < sizeof row / sizeof *row; k++) {
      if (!row[k].given || strncmp(o->assignment.text[i], row[k].key, strlen(row[k].key)) != 0)
        continue;
      return error_set(err, STATUS_USAGE, "%s: -s %s says it, too; give one of them", row[k].option,
                       o->assignment.text[i]);
    }
  }
  return STATUS_OK;
}

static Status read_router(PredictParts *p, const PredictOptions *o, Error *err) {
  TRY(check_said_once(o, err));
  TRY(router_settings_init(&p->router_set, &p->router_settings, err));
  for (int i = 0; i < o->assignment.count; i++) {
    TRY(options_assign(&p->router_set, o->assignment.text[i], err));
  }
  if (o->embedder) TRY(router_settings_embedder(&p->router_set, o->embedder, false, err));
  if (!o->router) return STATUS_OK;
  return options_command(&p->router_set, "router", o->router, "--router", err);
}

/* Whether a setting is read: by the method, or by one of those that suggest asks. */
static bool is_read(const PredictParts *p, const PredictOptions *o, const char *key) {
  static const char *const ASKED[] = {"phatgoose", "retrieval", "arrow", "norm"};
  RouterSettings s = p->router_settings;
  bool read = !o->compared && router_uses(&s, key);
  for (int i = 0; o->compared && i < 4 && !read; i++) {
    s.method = route_method_find(ASKED[i]);
    read = router_uses(&s, key);
  }
  return read;
}

/* --instruction is read where inputs are compared by what somebody wrote of their task. */
static void say_unread_instruction(const PredictParts *p, const PredictOptions *o) {
  const GlobalSettings *s = router_own(&p->router_settings, &global_settings);
  const char *method = route_method(p->router_settings.method)->name;
  if (!is_read(p, o, "embedder")) {
    console_note(NULL, "skein: --instruction: router %s compares no instructions", method);
  } else if (s->embedder == EMBEDDER_PRECOMPUTED) {
    console_note(NULL, "skein: --instruction: embedder precomputed goes by --task, not by texts");
  } else if (s->query.source != QUERY_INSTRUCTION && s->query.source != QUERY_TASK) {
    char *query = options_text(&p->router_set, "query");
    console_note(NULL, "skein: --instruction: is not read with query: %s", query ? query : "...");
    free(query);
  }
}

/* What a method does not read changes nothing, which who has set it should know. */
static void say_unread(const PredictParts *p, const PredictOptions *o) {
  const RouteMethod *method = route_method(p->router_settings.method);
  if (o->embedder && !is_read(p, o, "embedder"))
    console_note(NULL, "skein: --embedder: router %s compares no instructions", method->name);
  if (o->instruction) say_unread_instruction(p, o);
  for (int i = 0; i < o->assignment.count; i++) {
    const char *text = o->assignment.text[i];
    char *key = strndup(text, strcspn(text, "="));
    if (key && !is_read(p, o, key))
      console_note(NULL, "skein: -s %s: router %s does not read it with these settings", key,
                   method->name);
    free(key);
  }
}

/* --base, else what the pool says. */
static Status open_base(PredictParts *p, const PredictOptions *o, Error *err) {
  PoolManifest manifest = {0};
  const char *dir;
  if (!o->base) TRY(manifest_read(&manifest, o->pool, err));
  Status status = manifest_base(&manifest, o->base, &dir, err);
  if (status == STATUS_OK) status = base_open(&p->base, dir, err);
  manifest_free(&manifest);
  return status;
}

Status predict_parts_base(PredictParts *p, const PredictOptions *o, Error *err) {
  if (o->pool) TRY(read_router(p, o, err));
  if (o->pool) say_unread(p, o);
  if (!o->pool && o->instruction)
    console_note(NULL, "skein: --instruction: the plain base compares no instructions");
  return open_base(p, o, err);
}

Status predict_parts_check(const PredictParts *p, const PredictOptions *o, Error *err) {
  const PredictInputs read = {p->base.dir, o->pool ? &p->router_set : NULL};
  return predict_check_outputs(o, &read, err);
}

/* ---- items ---- */

Status predict_parts_items(PredictParts *p, const PredictOptions *o, Error *err) {
  ItemKeys keys = o->keys;
  keys.no_query = !o->pool || !(o->compared || router_uses(&p->router_settings, "embedder"));
  keys.tokens = (ChoiceTokens){p->base.tokenizer, o->max_target};
  return items_open(&p->items, o->input, o->bbh ? ITEMS_BBH : ITEMS_LINES, &keys, err);
}

/* ---- what the base asks of generation ---- */

/* "num_beams 4, min_length 10" of {"num_beams": 4, "min_length": 10}; NULL when out of memory. */
static char *list_keys(json_t *keys) {
  TextStream text;
  const char *key, *before = "";
  json_t *value;
  if (!text_stream_open(&text)) return NULL;
  json_object_foreach(keys, key, value) {
    char *dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
    const char *shown = json_is_string(value) ? json_string_value(value) : dumped;
    fprintf(text.out, "%s%s %s", before, key, shown ? shown : "...");
    free(dumped);
    before = ", ";
  }
  return text_stream_close(&text);
}

static void say_keys(const char *path, const char *what, json_t *keys) {
  char *text = json_object_size(keys) > 0 ? list_keys(keys) : NULL;
  if (text) console_note(NULL, "skein: %s: %s: %s", path, what, text);
  free(text);
}

Status predict_parts_generation(PredictParts *p, const PredictOptions *o, Error *err) {
  p->settings = predict_options_settings(o);
  if (!o->generates || o->no_generation_config) return STATUS_OK;
  GenerationConfig *g = &p->generation;
  TRY(generation_config_read(g, p->base.dir, &p->base.model->config, err));
  generation_settle(&p->settings, o->given, g);
  say_keys(g->path, "taken", g->taken);
  say_keys(g->path, "passed over", g->unused);
  return STATUS_OK;
}

/* ---- the pool ---- */

Status predict_parts_pool(PredictParts *p, const PredictOptions *o, Error *err) {
  TRY(base_sample(&p->base, err));
  TRY((o->no_verify ? pool_open_as_is : pool_open)(&p->pool, o->pool, &p->base.model->modules,
                                                   p->base.sample, p->router_settings.only, err));
  if (o->no_verify) console_note(NULL, "%s: its files are not compared with pool.yaml", o->pool);
  return o->require_provenance ? pool_require_provenance(p->pool, err) : STATUS_OK;
}

/* The default top_k is for a pool of some size. */
static Status fit_router(PredictParts *p, Error *err) {
  bool lowered;
  TRY(router_settings_fit(&p->router_set, &p->router_settings, pool_count(p->pool), &lowered, err));
  if (lowered)
    console_note(NULL, "skein: top_k: is %" PRId64 ", for no more experts take part",
                 p->router_settings.top_k);
  return STATUS_OK;
}

static void say_note(void *arg, const char *line) {
  (void)arg;
  console_note(NULL, "skein: %s", line);
}

Status predict_parts_router(PredictParts *p, const PredictOptions *o, Error *err) {
  TRY(fit_router(p, err));
  TRY(router_open(&p->router, &p->router_settings, p->pool, &p->base, (int)o->threads, err));
  router_tell(p->router, false, say_note, NULL);
  return STATUS_OK;
}

void predict_parts_tell(const PredictParts *p) {
  if (p->router) router_tell(p->router, true, say_note, NULL);
}

void predict_parts_close(PredictParts *p) {
  router_close(p->router);
  options_free(&p->router_set);
  pool_close(p->pool);
  generation_config_free(&p->generation);
  base_close(&p->base);
  items_close(p->items);
}
