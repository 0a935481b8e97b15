/* The long forms of an evaluation: every cell with all it has, as CSV and as JSON. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/version.h"
#include "infer/eval/eval_internal.h"
#include "infer/eval/eval_table.h"

/* ---- CSV ---- */

void eval_csv_field(const char *text, FILE *out) {
  if (!strpbrk(text, ",\"\n")) {
    fputs(text, out);
    return;
  }
  fputc('"', out);
  for (; *text; text++) {
    if (*text == '"') fputc('"', out);
    fputc(*text, out);
  }
  fputc('"', out);
}

static void put_names(const EvalTask *task, const EvalMethod *method, const char *metric,
                      FILE *out) {
  const char *field[] = {task->name, task->group, method->name, metric};
  for (int i = 0; i < 4; i++) {
    eval_csv_field(field[i], out);
    fputc(',', out);
  }
}

static void put_cell(const EvalTask *task, const EvalMethod *method, const EvalCell *cell,
                     FILE *out) {
  if (cell->state != CELL_DONE) {
    put_names(task, method, metric_name(task->metric[0]), out);
    fputs(cell->state == CELL_FAILED ? ",,,,,,failed\n" : ",,,,,,open\n", out);
    return;
  }
  for (int i = 0; i < cell->scores; i++) {
    const CellScore *s = &cell->score[i];
    put_names(task, method, metric_name(s->metric), out);
    fprintf(out, "%.6g,%.6g,%.6g,%" PRId64 ",%.6g,", s->score, s->interval.low, s->interval.high,
            cell->items, eval_cell_rate(cell));
    eval_csv_field(cell->expert, out);
    fputs(",done\n", out);
  }
}

Status eval_long_csv(const Evaluation *e, FILE *out, Error *err) {
  (void)err;
  fputs("task,group,method,metric,score,low,high,n,examples_per_second,expert,state\n", out);
  for (int t = 0; t < e->spec->tasks; t++) {
    for (int m = 0; m < e->spec->methods; m++) {
      const EvalCell *cell = evaluation_cell(e, m, t);
      if (cell->state == CELL_UNWANTED) continue;
      put_cell(&e->spec->task[t], e->spec->method[m], cell, out);
    }
  }
  return STATUS_OK;
}

/* ---- JSON ---- */

static json_t *cell_json(const EvalTask *task, const EvalMethod *method, const EvalCell *cell) {
  static const char *const STATE[] = {"unwanted", "open", "done", "failed"};
  json_t *scores = json_array();
  for (int i = 0; i < cell->scores && cell->state == CELL_DONE; i++) {
    const CellScore *s = &cell->score[i];
    json_array_append_new(
        scores, json_pack("{s:s, s:f, s:f, s:f}", "metric", metric_name(s->metric), "score",
                          s->score, "low", s->interval.low, "high", s->interval.high));
  }
  json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:o}", "task", task->name, "group", task->group,
                           "method", method->name, "state", STATE[cell->state], "scores", scores);
  if (cell->expert[0]) json_object_set_new(json, "expert", json_string(cell->expert));
  if (cell->state == CELL_FAILED) json_object_set_new(json, "error", json_string(cell->error));
  if (cell->state != CELL_DONE) return json;
  json_object_set_new(json, "items", json_integer(cell->items));
  json_object_set_new(json, "seconds", json_real(cell->seconds));
  json_object_set_new(json, "examples_per_second", json_real(eval_cell_rate(cell)));
  return json;
}

static json_t *cells_json(const Evaluation *e) {
  json_t *list = json_array();
  for (int t = 0; t < e->spec->tasks; t++) {
    for (int m = 0; m < e->spec->methods; m++) {
      const EvalCell *cell = evaluation_cell(e, m, t);
      if (cell->state == CELL_UNWANTED) continue;
      json_array_append_new(list, cell_json(&e->spec->task[t], e->spec->method[m], cell));
    }
  }
  return list;
}

static json_t *tasks_json(const Evaluation *e) {
  json_t *list = json_array();
  for (int t = 0; t < e->spec->tasks; t++) {
    const EvalTask *task = &e->spec->task[t];
    json_t *metrics = json_array();
    for (int i = 0; i < task->metric_count; i++)
      json_array_append_new(metrics, json_string(metric_name(task->metric[i])));
    json_array_append_new(
        list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s?, s:s?, s:I}", "name", task->name,
                        "group", task->group, "file", task->file, "sha256", items_hash(e->items[t]),
                        "kind", task->kind == TASK_CHOICES ? "choices" : "generation", "metrics",
                        metrics, "expert", task->expert, "instruction", task->instruction, "items",
                        (json_int_t)eval_task_limit(e->spec, task, items_count(e->items[t]))));
  }
  return list;
}

static json_t *methods_json(const EvalSpec *spec) {
  static const char *const RULE[] = {"routed", "oracle", "best-individual"};
  json_t *list = json_array();
  for (int m = 0; m < spec->methods; m++) {
    const EvalMethod *method = spec->method[m];
    json_t *json =
        json_pack("{s:s, s:s, s:b, s:o}", "name", method->name, "rule", RULE[method->rule], "shown",
                  method->shown, "settings", eval_method_json(method));
    if (method->router.only) json_object_set_new(json, "only", json_string(method->router.only));
    json_array_append_new(list, json);
  }
  return list;
}

static json_t *mean_json(const Evaluation *e, int method, const char *group) {
  EvalMean mean = eval_mean(e, method, group);
  json_t *json = json_pack("{s:s, s:s?}", "method", e->spec->method[method]->name, "group", group);
  if (mean.state != CELL_DONE) return json;
  json_object_set_new(json, "score", json_real(mean.score));
  json_object_set_new(json, "low", json_real(mean.interval.low));
  json_object_set_new(json, "high", json_real(mean.interval.high));
  json_object_set_new(json, "tasks", json_integer(mean.tasks));
  return json;
}

/* By group; "group": null is all tasks. */
static json_t *means_json(const Evaluation *e) {
  json_t *list = json_array();
  const char **group = calloc((size_t)e->spec->tasks + 1, sizeof *group);
  if (!group) return list;
  int groups = eval_spec_groups(e->spec, group);
  group[groups] = NULL;
  for (int g = 0; g <= groups; g++) {
    for (int m = 0; m < e->spec->methods; m++) {
      if (e->spec->method[m]->shown) json_array_append_new(list, mean_json(e, m, group[g]));
    }
  }
  free(group);
  return list;
}

Status eval_long_json(const Evaluation *e, FILE *out, Error *err) {
  const EvalSettings *s = &e->spec->settings;
  char pool[HASH_HEX] = "";
  if (e->pool) TRY(pool_fingerprint(e->pool, pool, err));
  json_t *root =
      json_pack("{s:s, s:i, s:s, s:s?, s:s, s:s?, s:s, s:I, s:I, s:o, s:o, s:o, s:o}", "format",
                "skein-eval", "version", 1, "skein", skein_version(), "base", s->base,
                "base_identity", e->base_identity, "pool", s->pool, "pool_fingerprint", pool,
                "bootstrap_samples", (json_int_t)s->bootstrap_samples, "bootstrap_seed",
                (json_int_t)s->bootstrap_seed, "tasks", tasks_json(e), "methods",
                methods_json(e->spec), "means", means_json(e), "cells", cells_json(e));
  bool whole = root && json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0;
  fputc('\n', out);
  json_decref(root);
  return whole ? STATUS_OK : error_set(err, STATUS_RUN, "table.json cannot be written");
}

Status eval_failures_jsonl(const Evaluation *e, FILE *out, Error *err) {
  for (int m = 0; m < e->spec->methods; m++) {
    for (int t = 0; t < e->spec->tasks; t++) {
      const EvalCell *cell = evaluation_cell(e, m, t);
      if (cell->state != CELL_FAILED || e->spec->method[m]->rule != EVAL_ROUTED) continue;
      json_t *line = json_pack("{s:s, s:s, s:s}", "task", e->spec->task[t].name, "method",
                               e->spec->method[m]->name, "error", cell->error);
      bool whole = line && json_dumpf(line, out, JSON_COMPACT) == 0;
      fputc('\n', out);
      json_decref(line);
      if (!whole) return error_set(err, STATUS_RUN, "failures.jsonl cannot be written");
    }
  }
  return STATUS_OK;
}
