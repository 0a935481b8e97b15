#include "infer/eval/eval_experts.h"

#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "infer/eval/eval_identity.h"
#include "infer/route/router.h"
#include "infer/route/router_options.h"

/* ---- names ---- */

static Status find_expert(const Evaluation *e, const char *name, const char *place, Error *err) {
  Error why = {0};
  int expert;
  if (pool_require(e->pool, name, &expert, &why) == STATUS_OK) return STATUS_OK;
  return error_set(err, why.status, "%s: %s", place, why.text);
}

static Status check_only(const Evaluation *e, const char *only, const char *place, Error *err) {
  Error why = {0};
  if (manifest_require_list(pool_manifest(e->pool), only, &why) == STATUS_OK) return STATUS_OK;
  return error_set(err, why.status, "%s: only: %s", place, why.text);
}

static Status check_method(const Evaluation *e, EvalMethod *m, Error *err) {
  const RouterSettings *s = &m->router;
  char place[1300];
  snprintf(place, sizeof place, "%s: method %.200s", eval_method_place(e->spec, m).text, m->name);
  if (m->rule == EVAL_ROUTED && !router_reads_pool(s)) return STATUS_OK;
  if (!e->pool)
    return error_set(err, STATUS_USAGE, "%s: needs experts; give the evaluation a `pool`", place);
  if (m->rule != EVAL_ROUTED) return STATUS_OK;
  if (router_one_expert(s)) return find_expert(e, s->expert, place, err);
  if (s->only) TRY(check_only(e, s->only, place, err));
  int experts = 0;
  for (int i = 0; i < pool_count(e->pool); i++)
    experts += manifest_listed(s->only, pool_entry(e->pool, i)->name);
  TRY(router_settings_fit(&m->set, s, experts, &m->lowered, err));
  Error why = {0};
  if (router_check(s, pool_dir(e->pool), experts, &why) != STATUS_OK)
    return error_set(err, why.status, "%s: %s", place, why.text);
  return STATUS_OK;
}

Status eval_check_methods(const Evaluation *e, Error *err) {
  for (int i = 0; i < e->spec->tasks; i++) {
    const EvalTask *t = &e->spec->task[i];
    char place[1300];
    snprintf(place, sizeof place, "%s: task %.200s: expert", eval_task_place(e->spec, t).text,
             t->name);
    if (t->expert && e->pool) TRY(find_expert(e, t->expert, place, err));
  }
  for (int i = 0; i < e->spec->methods; i++) TRY(check_method(e, e->spec->method[i], err));
  return STATUS_OK;
}

/* ---- the experts that rules choose from ---- */

static bool has_rule(const EvalSpec *spec, EvalRule rule) {
  for (int i = 0; i < spec->methods; i++) {
    if (spec->method[i]->rule == rule) return true;
  }
  return false;
}

/* Whether a rule needs the cells of this expert on this task. */
static bool rule_wants(const EvalSpec *spec, const EvalTask *task, const char *expert) {
  if (has_rule(spec, EVAL_BEST_INDIVIDUAL)) return true;
  if (!has_rule(spec, EVAL_ORACLE)) return false;
  return !task->expert || strcmp(task->expert, expert) == 0;
}

static Status add_expert(EvalSpec *spec, const char *expert, Error *err) {
  char name[300];
  snprintf(name, sizeof name, "expert-%s", expert);
  EvalMethod *m = eval_spec_find_method(spec, name);
  if (m) {
    if (m->rule == EVAL_ROUTED && router_one_expert(&m->router) &&
        strcmp(m->router.expert, expert) == 0)
      return STATUS_OK;
    return error_set(err, STATUS_USAGE,
                     "method %s: oracle and best-individual need this name for the expert '%s'; "
                     "choose another",
                     name, expert);
  }
  TRY(eval_spec_add_method(spec, name, NULL, &m, err));
  m->shown = false;
  TRY(options_put(&m->set, "router", route_expert.name, name, err));
  return options_put(&m->set, "expert", expert, name, err);
}

Status eval_add_experts(Evaluation *e, Error *err) {
  EvalSpec *spec = e->spec;
  int experts = e->pool ? pool_count(e->pool) : 0;
  for (int x = 0; x < experts; x++) {
    const char *expert = pool_entry(e->pool, x)->name;
    bool wanted = false;
    for (int i = 0; i < spec->tasks; i++)
      wanted = wanted || rule_wants(spec, &spec->task[i], expert);
    if (wanted) TRY(add_expert(spec, expert, err));
  }
  return STATUS_OK;
}

void eval_want_choices(Evaluation *e) {
  const EvalSpec *spec = e->spec;
  for (int m = 0; m < spec->methods; m++) {
    const EvalMethod *method = spec->method[m];
    if (method->rule != EVAL_ROUTED || !router_one_expert(&method->router)) continue;
    for (int t = 0; t < spec->tasks; t++) {
      EvalCell *cell = evaluation_cell(e, m, t);
      if (cell->state == CELL_UNWANTED && rule_wants(spec, &spec->task[t], method->router.expert))
        cell->state = CELL_OPEN;
    }
  }
}

/* ---- identity ---- */

Status eval_experts_identity(const Evaluation *e, const EvalMethod *m, char hex[HASH_HEX],
                             Error *err) {
  const RouterSettings *s = &m->router;
  bool texts = router_method(s)->reads & READS_INSTRUCTIONS;
  Hash *hash = hash_new();
  if (!hash) return error_set(err, STATUS_RUN, "%s: out of memory", m->name);
  int experts = e->pool && router_reads_pool(s) ? pool_count(e->pool) : 0;
  for (int i = 0; i < experts; i++) {
    const PoolEntry *entry = pool_entry(e->pool, i);
    bool used = router_one_expert(s) ? strcmp(entry->name, s->expert) == 0
                                     : manifest_listed(s->only, entry->name);
    if (used) eval_hash_expert(hash, entry, texts);
  }
  const GlobalSettings *global = texts ? router_own(s, &global_settings) : NULL;
  Status status = texts ? eval_hash_embedder(hash, e->pool, global, err) : STATUS_OK;
  if (status == STATUS_OK) status = eval_hash_calibration(hash, s, err);
  hash_finish(hash, hex);
  return status;
}
