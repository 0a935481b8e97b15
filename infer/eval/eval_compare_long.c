/* Comparisons as CSV and as JSON. */
#include <inttypes.h>
#include <stdlib.h>

#include "autograd/ground/version.h"
#include "data/text/csv.h"
#include "data/text/json_put.h"
#include "infer/eval/eval_compare.h"
#include "infer/eval/eval_json.h"

static const char *const SCOPE[] = {
    [COMPARE_TASK] = "task", [COMPARE_GROUP] = "group", [COMPARE_ALL] = "all"};

static const char *method_name(const EvalComparison *c, int m) {
  return c->of->method[m].name;
}

/* ---- CSV ---- */

static void put_texts(const char *const *text, int n, FILE *out) {
  for (int i = 0; i < n; i++) {
    csv_put(out, text[i]);
    fputc(',', out);
  }
}

static void put_paired(const Paired *p, double holm, FILE *out) {
  fprintf(out, ",%.6g,%.6g,%.6g,%.6g", p->interval.low, p->interval.high, p->p, holm);
}

static void csv_rows(const EvalComparison *c, FILE *out) {
  fputs(
      "a,b,scope,name,metric,tasks,items,score_a,score_b,won,lost,difference,low,high,p,p_holm,"
      "tasks_low,tasks_high,tasks_p,tasks_p_holm\n",
      out);
  for (int i = 0; i < c->rows; i++) {
    const CompareRow *r = &c->row[i];
    const char *const text[] = {method_name(c, r->a), method_name(c, r->b), SCOPE[r->scope],
                                r->name, r->metric ? r->metric : ""};
    put_texts(text, 5, out);
    fprintf(out, "%d,%" PRId64 ",%.6g,%.6g,%" PRId64 ",%" PRId64 ",%.6g", r->tasks, r->items,
            r->score_a, r->score_b, r->won, r->lost, r->by_item.difference);
    put_paired(&r->by_item, r->item_holm, out);
    if (r->tasks > 1) {
      put_paired(&r->by_task, r->task_holm, out);
      fputc('\n', out);
    } else {
      fputs(",,,,\n", out);
    }
  }
}

static void csv_items(const EvalComparison *c, FILE *out) {
  fputs("a,b,task,id,score_a,score_b,winner\n", out);
  for (int i = 0; i < c->items; i++) {
    const CompareItem *item = &c->item[i];
    const char *const text[] = {method_name(c, item->a), method_name(c, item->b), item->task,
                                item->id};
    put_texts(text, 4, out);
    fprintf(out, "%.6g,%.6g,%s\n", item->score_a, item->score_b,
            item->score_a > item->score_b ? "a" : "b");
  }
}

Status eval_comparison_csv(const EvalComparison *c, FILE *out, Error *err) {
  (void)err;
  if (c->settings.items) {
    csv_items(c, out);
  } else {
    csv_rows(c, out);
  }
  return STATUS_OK;
}

/* ---- JSON ---- */

static json_t *paired_json(const Paired *p, double holm) {
  json_t *json = json_object();
  json_put(&json, "low", json_real(p->interval.low));
  json_put(&json, "high", json_real(p->interval.high));
  json_put(&json, "p", json_real(p->p));
  json_put(&json, "p_holm", json_real(holm));
  return json;
}

static json_t *row_json(const EvalComparison *c, const CompareRow *r) {
  json_t *json = json_object();
  json_put(&json, "a", json_string(method_name(c, r->a)));
  json_put(&json, "b", json_string(method_name(c, r->b)));
  json_put(&json, "scope", json_string(SCOPE[r->scope]));
  json_put(&json, "name", json_string(r->name));
  json_put(&json, "metric", eval_text_json(r->metric));
  json_put(&json, "tasks", json_integer(r->tasks));
  json_put(&json, "items", json_integer(r->items));
  json_put(&json, "score_a", json_real(r->score_a));
  json_put(&json, "score_b", json_real(r->score_b));
  json_put(&json, "won", json_integer(r->won));
  json_put(&json, "lost", json_integer(r->lost));
  json_put(&json, "difference", json_real(r->by_item.difference));
  json_put(&json, "by_item", paired_json(&r->by_item, r->item_holm));
  if (r->tasks > 1) json_put(&json, "by_task", paired_json(&r->by_task, r->task_holm));
  return json;
}

static json_t *item_json(const EvalComparison *c, const CompareItem *item) {
  json_t *json = json_object();
  json_put(&json, "a", json_string(method_name(c, item->a)));
  json_put(&json, "b", json_string(method_name(c, item->b)));
  json_put(&json, "task", json_string(item->task));
  json_put(&json, "id", json_string(item->id));
  json_put(&json, "score_a", json_real(item->score_a));
  json_put(&json, "score_b", json_real(item->score_b));
  return json;
}

static void put_lists(json_t **root, const EvalComparison *c) {
  json_t *rows = json_array(), *items = json_array(), *notes = json_array();
  for (int i = 0; i < c->rows; i++) json_push(&rows, row_json(c, &c->row[i]));
  for (int i = 0; i < c->items; i++) json_push(&items, item_json(c, &c->item[i]));
  for (int i = 0; i < c->notes; i++) json_push(&notes, json_string(c->note[i]));
  json_put(root, "rows", rows);
  json_put(root, "notes", notes);
  if (c->settings.items) {
    json_put(root, "items", items);
  } else {
    json_decref(items);
  }
}

Status eval_comparison_json(const EvalComparison *c, FILE *out, Error *err) {
  json_t *root = json_object();
  json_put(&root, "format", json_string("skein-comparison"));
  json_put(&root, "version", json_integer(1));
  json_put(&root, "skein", json_string(version_text()));
  json_put(&root, "samples", json_integer(c->settings.samples));
  json_put(&root, "seed", json_integer(c->settings.seed));
  put_lists(&root, c);
  bool whole = root && json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) == 0;
  fputc('\n', out);
  json_decref(root);
  return whole ? STATUS_OK : error_set(err, STATUS_RUN, "the comparison cannot be written as JSON");
}
