/* Everything that was evaluated, as JSON. */
#include <stdlib.h>

#include "autograd/ground/version.h"
#include "infer/eval/eval_json.h"
#include "infer/eval/eval_long.h"
#include "infer/eval/eval_mean.h"

enum { VERSION = 1 };

static json_t *scores_json(const EvalCell *cell) {
  json_t *list = json_array();
  bool whole = true;
  for (int i = 0; i < cell->scores && cell->state == CELL_DONE; i++)
    whole = whole && eval_append(list, eval_score_json(&cell->score[i]));
  return eval_whole(list, whole);
}

static bool put_work(json_t *json, const EvalCell *cell) {
  return eval_put(json, "items", json_integer(cell->items)) &&
         eval_put(json, "seconds", json_real(cell->seconds)) &&
         eval_put(json, "examples_per_second", json_real(eval_cell_rate(cell)));
}

static json_t *cell_json(const EvalTask *task, const EvalMethod *method, const EvalCell *cell) {
  static const char *const STATE[] = {"unwanted", "open", "done", "failed"};
  json_t *json = json_object();
  bool whole = eval_put(json, "task", json_string(task->name)) &&
               eval_put(json, "group", json_string(task->group)) &&
               eval_put(json, "method", json_string(method->name)) &&
               eval_put(json, "state", json_string(STATE[cell->state])) &&
               eval_put(json, "scores", scores_json(cell));
  if (cell->expert[0]) whole = whole && eval_put(json, "expert", json_string(cell->expert));
  if (cell->state == CELL_FAILED)
    whole = whole && eval_put(json, "error", json_string(cell->error));
  if (cell->state == CELL_DONE) whole = whole && put_work(json, cell);
  return eval_whole(json, whole);
}

static json_t *cells_json(const Evaluation *e) {
  json_t *list = json_array();
  bool whole = true;
  for (int t = 0; t < e->spec->tasks; t++) {
    for (int m = 0; m < e->spec->methods; m++) {
      const EvalCell *cell = evaluation_cell(e, m, t);
      if (cell->state == CELL_UNWANTED) continue;
      whole = whole && eval_append(list, cell_json(&e->spec->task[t], e->spec->method[m], cell));
    }
  }
  return eval_whole(list, whole);
}

static json_t *metrics_json(const EvalTask *task) {
  json_t *list = json_array();
  bool whole = true;
  for (int i = 0; i < task->metric_count; i++)
    whole = whole && eval_append(list, json_string(metric_name(task->metric[i])));
  return eval_whole(list, whole);
}

static json_t *task_json(const Evaluation *e, int t) {
  const EvalTask *task = &e->spec->task[t];
  const char *kind = task->kind == TASK_CHOICES ? "choices" : "generation";
  int64_t items = eval_task_limit(e->spec, task, items_count(e->items[t]));
  json_t *json = json_object();
  bool whole = eval_put(json, "name", json_string(task->name)) &&
               eval_put(json, "group", json_string(task->group)) &&
               eval_put(json, "file", json_string(task->file)) &&
               eval_put(json, "sha256", json_string(items_hash(e->items[t]))) &&
               eval_put(json, "kind", json_string(kind)) &&
               eval_put(json, "metrics", metrics_json(task)) &&
               eval_put(json, "expert", eval_text_json(task->expert)) &&
               eval_put(json, "instruction", eval_text_json(task->instruction)) &&
               eval_put(json, "items", json_integer(items));
  return eval_whole(json, whole);
}

static json_t *tasks_json(const Evaluation *e) {
  json_t *list = json_array();
  bool whole = true;
  for (int t = 0; t < e->spec->tasks; t++) whole = whole && eval_append(list, task_json(e, t));
  return eval_whole(list, whole);
}

static json_t *method_json(const EvalMethod *method) {
  static const char *const RULE[] = {"routed", "oracle", "best-individual"};
  const char *only = method->router.only;
  json_t *json = json_object();
  bool whole = eval_put(json, "name", json_string(method->name)) &&
               eval_put(json, "rule", json_string(RULE[method->rule])) &&
               eval_put(json, "shown", json_boolean(method->shown)) &&
               eval_put(json, "settings", eval_method_json(method)) &&
               (!only || eval_put(json, "only", json_string(only)));
  return eval_whole(json, whole);
}

static json_t *methods_json(const EvalSpec *spec) {
  json_t *list = json_array();
  bool whole = true;
  for (int m = 0; m < spec->methods; m++)
    whole = whole && eval_append(list, method_json(spec->method[m]));
  return eval_whole(list, whole);
}

static json_t *mean_json(const Evaluation *e, int method, const char *group) {
  EvalMean mean = eval_mean(e, method, group);
  json_t *json = json_object();
  bool whole = eval_put(json, "method", json_string(e->spec->method[method]->name)) &&
               eval_put(json, "group", eval_text_json(group));
  if (mean.state == CELL_DONE) {
    whole = whole && eval_put(json, "score", json_real(mean.score)) &&
            eval_put(json, "low", json_real(mean.interval.low)) &&
            eval_put(json, "high", json_real(mean.interval.high)) &&
            eval_put(json, "tasks", json_integer(mean.tasks));
  }
  return eval_whole(json, whole);
}

/* By group; "group": null is all tasks. */
static json_t *means_json(const Evaluation *e) {
  const char **group = calloc((size_t)e->spec->tasks + 1, sizeof *group);
  if (!group) return NULL;
  int groups = eval_spec_groups(e->spec, group);
  group[groups] = NULL;
  json_t *list = json_array();
  bool whole = true;
  for (int g = 0; g <= groups; g++) {
    for (int m = 0; m < e->spec->methods; m++) {
      if (e->spec->method[m]->shown) whole = whole && eval_append(list, mean_json(e, m, group[g]));
    }
  }
  free(group);
  return eval_whole(list, whole);
}

static bool put_head(json_t *root, const Evaluation *e, const char *pool_fingerprint) {
  const EvalSettings *s = &e->spec->settings;
  return eval_put(root, "format", json_string("skein-eval")) &&
         eval_put(root, "version", json_integer(VERSION)) &&
         eval_put(root, "skein", json_string(skein_version())) &&
         eval_put(root, "base", eval_text_json(s->base)) &&
         eval_put(root, "base_identity", json_string(e->base_identity)) &&
         eval_put(root, "pool", eval_text_json(s->pool)) &&
         eval_put(root, "pool_fingerprint", json_string(pool_fingerprint)) &&
         eval_put(root, "bootstrap_samples", json_integer(s->bootstrap_samples)) &&
         eval_put(root, "bootstrap_seed", json_integer(s->bootstrap_seed));
}

static bool put_lists(json_t *root, const Evaluation *e) {
  return eval_put(root, "tasks", tasks_json(e)) &&
         eval_put(root, "methods", methods_json(e->spec)) &&
         eval_put(root, "means", means_json(e)) && eval_put(root, "cells", cells_json(e));
}

Status eval_long_json(const Evaluation *e, FILE *out, Error *err) {
  char pool[HASH_HEX] = "";
  if (e->pool) TRY(pool_fingerprint(e->pool, pool, err));
  json_t *root = json_object();
  bool whole = put_head(root, e, pool) && put_lists(root, e) &&
               json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0;
  fputc('\n', out);
  json_decref(root);
  return whole ? STATUS_OK : error_set(err, STATUS_RUN, "table.json cannot be written");
}

/* ---- what failed ---- */

static Status put_failure(const char *task, const char *method, const char *error, FILE *out,
                          Error *err) {
  json_t *line = json_object();
  bool whole =
      eval_put(line, "task", json_string(task)) && eval_put(line, "method", json_string(method)) &&
      eval_put(line, "error", json_string(error)) && json_dumpf(line, out, JSON_COMPACT) == 0;
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
