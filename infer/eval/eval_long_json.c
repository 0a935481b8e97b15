/* Everything that was evaluated, as JSON. */
#include <stdlib.h>

#include "autograd/ground/version.h"
#include "data/text/json_put.h"
#include "infer/eval/eval_cost.h"
#include "infer/eval/eval_json.h"
#include "infer/eval/eval_long.h"
#include "infer/eval/eval_mean.h"
#include "infer/route/route_labels.h"

enum { VERSION = 1 };

static void put_work(json_t **json, const EvalCell *cell) {
  json_put(json, "items", json_integer(cell->items));
  json_put(json, "cost", cell_cost_json(&cell->cost));
}

/* Whose predictions a cell is scored by, and which cell of theirs it is. */
static void put_answers(json_t **json, const Evaluation *e, int task, const EvalCell *cell) {
  const EvalCell *from = evaluation_cell(e, cell->answers, task);
  json_put(json, "answers", json_string(e->spec->method[cell->answers]->name));
  json_put(json, "identity", json_string(from->identity));
}

static json_t *cell_json(const Evaluation *e, int t, int m) {
  const EvalTask *task = &e->spec->task[t];
  const EvalMethod *method = e->spec->method[m];
  const EvalCell *cell = evaluation_cell(e, m, t);
  static const char *const STATE[] = {"unwanted", "open", "done", "failed"};
  bool done = cell->state == CELL_DONE;
  json_t *json = json_object();
  json_put(&json, "task", json_string(task->name));
  json_put(&json, "group", json_string(task->group));
  json_put(&json, "method", json_string(method->name));
  json_put(&json, "state", json_string(STATE[cell->state]));
  json_put(&json, "scores", done ? eval_scores_json(cell) : json_array());
  if (cell->expert[0]) json_put(&json, "expert", json_string(cell->expert));
  if (cell->state == CELL_FAILED) json_put(&json, "error", json_string(cell->error));
  if (done) put_work(&json, cell);
  if (done) put_answers(&json, e, t, cell);
  return json;
}

static json_t *cells_json(const Evaluation *e) {
  json_t *list = json_array();
  for (int t = 0; t < e->spec->tasks; t++) {
    for (int m = 0; m < e->spec->methods; m++) {
      if (evaluation_cell(e, m, t)->state != CELL_UNWANTED) json_push(&list, cell_json(e, t, m));
    }
  }
  return list;
}

static json_t *metrics_json(const EvalTask *task) {
  json_t *list = json_array();
  for (int i = 0; i < task->metric_count; i++)
    json_push(&list, json_string(metric_name(task->metric[i])));
  return list;
}

/* Which items of a task are left out, and why: texts. */
static json_t *odd_json(const Evaluation *e, int t) {
  json_t *list = json_array();
  for (int64_t k = 0; k < evaluation_left_out(e, t); k++) {
    char *why = NULL;
    bool read = items_why_left_out(e->items[t], k, &why, NULL) == STATUS_OK;
    json_push(&list, read ? json_string(why) : NULL);
    free(why);
  }
  return list;
}

static json_t *overlap_json(ItemOverlap overlap) {
  json_t *json = json_object();
  json_put(&json, "count", json_integer(overlap.count));
  json_put(&json, "first", eval_text_json(overlap.first));
  return json;
}

static void put_items(json_t **json, const Evaluation *e, int t) {
  json_put(json, "items", json_integer(evaluation_asked(e, t)));
  json_put(json, "left_out", json_integer(evaluation_left_out(e, t)));
  json_put(json, "left_out_items", odd_json(e, t));
  json_put(json, "same_choices", overlap_json(items_same(e->items[t])));
  json_put(json, "alike_choices", overlap_json(items_alike(e->items[t])));
  json_put(json, "items_offered", json_integer(evaluation_offered(e, t)));
  json_put(json, "sample_seed",
           e->sample[t] ? json_integer(e->spec->settings.sample_seed) : json_null());
}

static json_t *task_json(const Evaluation *e, int t) {
  const EvalTask *task = &e->spec->task[t];
  const char *kind = task->kind == TASK_CHOICES ? "choices" : "generation";
  json_t *json = json_object();
  json_put(&json, "name", json_string(task->name));
  json_put(&json, "group", json_string(task->group));
  json_put(&json, "file", json_string(task->file));
  json_put(&json, "sha256", json_string(items_hash(e->items[t])));
  json_put(&json, "kind", json_string(kind));
  json_put(&json, "metrics", metrics_json(task));
  json_put(&json, "expert", eval_text_json(task->expert));
  json_put(&json, "instruction", eval_text_json(task->instruction));
  put_items(&json, e, t);
  return json;
}

static json_t *tasks_json(const Evaluation *e) {
  json_t *list = json_array();
  for (int t = 0; t < e->spec->tasks; t++) json_push(&list, task_json(e, t));
  return list;
}

static json_t *method_json(const EvalMethod *method) {
  static const char *const RULE[] = {"routed", "oracle", "best-individual"};
  const char *only = method->router.only;
  json_t *json = json_object();
  json_put(&json, "name", json_string(method->name));
  json_put(&json, "rule", json_string(RULE[method->rule]));
  json_put(&json, "shown", json_boolean(method->shown));
  json_put(&json, "settings", eval_method_json(method));
  if (method->rule == EVAL_ROUTED)
    json_put(&json, "labels", route_labels_json(router_method(&method->router)));
  if (method->chosen) json_put(&json, "chosen", json_incref(method->chosen));
  if (only) json_put(&json, "only", json_string(only));
  return json;
}

static json_t *methods_json(const EvalSpec *spec) {
  json_t *list = json_array();
  for (int m = 0; m < spec->methods; m++) json_push(&list, method_json(spec->method[m]));
  return list;
}

static void put_cost(json_t **json, const MethodCost *cost) {
  json_put(json, "added_per_token", json_real(cost->a_token));
  json_put(json, "added_percent", json_real(cost->of_base));
  json_put(json, "read_bytes", json_integer(cost->bytes));
}

static json_t *mean_json(const Evaluation *e, int method, const char *group) {
  EvalMean mean = eval_mean(e, method, group);
  const MethodCost cost = eval_cost(e, method, group);
  json_t *json = json_object();
  json_put(&json, "method", json_string(e->spec->method[method]->name));
  json_put(&json, "group", eval_text_json(group));
  if (mean.state == CELL_DONE) {
    json_put(&json, "score", json_real(mean.score));
    json_put(&json, "low", json_real(mean.interval.low));
    json_put(&json, "high", json_real(mean.interval.high));
    json_put(&json, "tasks", json_integer(mean.tasks));
  }
  if (cost.known) put_cost(&json, &cost);
  return json;
}

/* By group; "group": null is all tasks. */
static json_t *means_json(const Evaluation *e) {
  const char **group = calloc((size_t)e->spec->tasks + 1, sizeof *group);
  if (!group) return NULL;
  int groups = eval_spec_groups(e->spec, group);
  group[groups] = NULL;
  json_t *list = json_array();
  for (int g = 0; g <= groups; g++) {
    for (int m = 0; m < e->spec->methods; m++) {
      if (e->spec->method[m]->shown) json_push(&list, mean_json(e, m, group[g]));
    }
  }
  free(group);
  return list;
}

static json_t *unverified_json(const Pool *pool) {
  json_t *list = json_array();
  for (int i = 0; pool && i < pool_count(pool); i++) {
    if (pool_is_unverified(pool, i)) json_push(&list, json_string(pool_entry(pool, i)->name));
  }
  return list;
}

static void put_head(json_t **root, const Evaluation *e, const char *pool_fingerprint) {
  const EvalSettings *s = &e->spec->settings;
  json_put(root, "format", json_string("skein-eval"));
  json_put(root, "version", json_integer(VERSION));
  json_put(root, "skein", json_string(version_text()));
  json_put(root, "base", eval_text_json(s->base));
  json_put(root, "base_identity", json_string(e->base_identity));
  json_put(root, "pool", eval_text_json(s->pool));
  json_put(root, "pool_fingerprint", json_string(pool_fingerprint));
  json_put(root, "unverified_gates", unverified_json(e->pool));
  json_put(root, "pool_files_verified", e->pool ? json_boolean(s->verify) : json_null());
  json_put(root, "bootstrap_samples", json_integer(s->bootstrap_samples));
  json_put(root, "bootstrap_seed", json_integer(s->bootstrap_seed));
}

static void put_lists(json_t **root, const Evaluation *e) {
  json_put(root, "tasks", tasks_json(e));
  json_put(root, "methods", methods_json(e->spec));
  json_put(root, "means", means_json(e));
  json_put(root, "cells", cells_json(e));
}

Status eval_long_json(const Evaluation *e, FILE *out, Error *err) {
  char pool[HASH_HEX] = "";
  if (e->pool) TRY(pool_fingerprint(e->pool, pool, err));
  json_t *root = json_object();
  put_head(&root, e, pool);
  put_lists(&root, e);
  bool whole = root && json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0;
  fputc('\n', out);
  json_decref(root);
  return whole ? STATUS_OK : error_set(err, STATUS_RUN, "table.json cannot be written");
}

/* ---- what failed ---- */

static Status put_failure(const char *task, const char *method, const char *error, FILE *out,
                          Error *err) {
  json_t *line = json_object();
  json_put(&line, "task", json_string(task));
  json_put(&line, "method", json_string(method));
  json_put(&line, "error", json_string(error));
  bool whole = line && json_dumpf(line, out, JSON_COMPACT) == 0;
  fputc('\n', out);
  json_decref(line);
  return whole ? STATUS_OK : error_set(err, STATUS_RUN, "failures.jsonl cannot be written");
}

Status eval_failures_jsonl(const Evaluation *e, FILE *out, Error *err) {
  for (int m = 0; m < e->spec->methods; m++) {
    const EvalMethod *method = e->spec->method[m];
    for (int t = 0; t < e->spec->tasks; t++) {
      const EvalCell *cell = evaluation_cell(e, m, t);
      if (cell->state != CELL_FAILED || method->rule != EVAL_ROUTED) continue;
      TRY(put_failure(e->spec->task[t].name, method->name, cell->error, out, err));
    }
  }
  return STATUS_OK;
}
