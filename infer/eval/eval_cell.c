#include "infer/eval/eval_cell.h"

#include <stdlib.h>
#include <string.h>

#include "autograd/ground/version.h"
#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json.h"
#include "data/text/json_put.h"
#include "infer/eval/eval_cost.h"
#include "infer/eval/eval_json.h"
#include "infer/route/route_labels.h"

#define FORMAT "skein-cell"
enum { VERSION = 1 };

char *eval_cell_path(const char *output, const char *method, const char *task, const char *identity,
                     CellFile file) {
  static const char *const END[] = {".json", ".jsonl", EVAL_ROUTING_END ".json", ".json"};
  static const char *const KEPT[] = {".json", ".jsonl", EVAL_ROUTING_END ".json", ".timing.json"};
  const char *dir = file == CELL_TIMING ? "timings" : "cells";
  char *path;
  int n = identity
              ? asprintf(&path, "%s" PATH_MARK "kept/%s/%s.%.*s%s", output, method, task, KEPT_ID,
                         identity, KEPT[file])
              : asprintf(&path, "%s" PATH_MARK "%s/%s/%s%s", output, dir, method, task, END[file]);
  return n < 0 ? NULL : path;
}

static Status cell_path(const CellParts *p, const char *identity, CellFile file, char **path,
                        Error *err) {
  *path = eval_cell_path(p->spec->settings.output, p->method->name, p->task->name, identity, file);
  if (*path) return STATUS_OK;
  return error_set(err, STATUS_RUN, "%s: out of memory", p->task->name);
}

/* ---- reading ---- */

static Status read_score(const JsonDoc *doc, json_t *entry, CellScore *score, Error *err) {
  JsonDoc field = {.root = entry, .file = doc->file};
  const char *name;
  Interval *interval = &score->interval;
  TRY(json_get_string(&field, "metric", &name, err));
  if (strcmp(name, metric_name(score->metric)) != 0)
    return error_set(err, STATUS_INPUT, "%s: metric '%.40s'", doc->file, name);
  TRY(json_get_real(&field, "score", 0, 100, &score->score, err));
  TRY(json_get_real(&field, "low", 0, 100, &interval->low, err));
  return json_get_real(&field, "high", interval->low, 100, &interval->high, err);
}

/* A score of every metric of the task, in its order. */
static Status read_scores(const JsonDoc *doc, const EvalTask *task, EvalCell *cell, Error *err) {
  json_t *list;
  TRY(json_get_array(doc, "scores", &list, err));
  cell->scores = task->metric_count;
  if (json_array_size(list) != (size_t)cell->scores)
    return error_set(err, STATUS_INPUT, "%s: scores", doc->file);
  for (int i = 0; i < cell->scores; i++) {
    cell->score[i].metric = task->metric[i];
    TRY(read_score(doc, json_array_get(list, (size_t)i), &cell->score[i], err));
  }
  return STATUS_OK;
}

static Status check_format(const JsonDoc *doc, Error *err) {
  const char *format;
  int64_t version;
  TRY(json_get_int(doc, "version", VERSION, VERSION, &version, err));
  TRY(json_get_string(doc, "format", &format, err));
  if (strcmp(format, FORMAT) == 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: format", doc->file);
}

static Status read_fields(const JsonDoc *doc, const CellParts *p, EvalCell *cell, Error *err) {
  const int64_t asked = eval_task_limit(p->spec, p->task, items_count(p->items));
  TRY(check_format(doc, err));
  TRY(json_get_int(doc, "items", asked, asked, &cell->items, err));
  TRY(cell_cost_get(doc, &cell->cost, err));
  return read_scores(doc, p->task, cell, err);
}

static bool file_is_there(const CellParts *p, const char *identity, CellFile file) {
  char *path =
      eval_cell_path(p->spec->settings.output, p->method->name, p->task->name, identity, file);
  bool there = path && file_exists(path);
  free(path);
  return there;
}

/* The files that a cell is whole with. */
static bool files_are_there(const CellParts *p, const char *identity, bool statistics) {
  return file_is_there(p, identity, CELL_PREDICTIONS) &&
         (!statistics || file_is_there(p, identity, CELL_ROUTING));
}

/* The text of a cell's file; *text stays NULL where there is no such file. What is there and cannot
 * be read is an error: the cell could not be written over it either, after all the work. */
static Status read_file_text(const char *path, char **text, size_t *size, Error *err) {
  enum { LARGEST = 1 << 20 };
  *text = NULL;
  return file_exists(path) ? file_read(path, LARGEST, text, size, err) : STATUS_OK;
}

/* Whether the text is a whole cell of this identity, with what is asked, which then becomes *cell.
 * Another program, an interrupted copy or an older version may have left anything there: that is no
 * error, it is computed again. */
static bool parse_cell(const char *path, const char *text, size_t size, const CellParts *p,
                       EvalCell *cell) {
  JsonDoc doc = {.file = path};
  EvalCell read = *cell;
  const char *identity;
  bool whole = json_parse(&doc, text, size, NULL) == STATUS_OK &&
               json_get_string(&doc, "identity", &identity, NULL) == STATUS_OK &&
               strcmp(identity, cell->identity) == 0 &&
               read_fields(&doc, p, &read, NULL) == STATUS_OK;
  json_free(&doc);
  if (whole) *cell = read;
  return whole;
}

/* From one of the places where it may be. */
static Status read_at(EvalCell *cell, const CellParts *p, const char *identity, bool statistics,
                      Error *err) {
  char *path, *text = NULL;
  size_t size;
  TRY(cell_path(p, identity, CELL_JSON, &path, err));
  Status status = read_file_text(path, &text, &size, err);
  if (text && files_are_there(p, identity, statistics) && parse_cell(path, text, size, p, cell))
    cell->state = CELL_DONE;
  free(text);
  free(path);
  return status;
}

Status eval_cell_read(EvalCell *cell, const CellParts *p, bool statistics, Error *err) {
  TRY(read_at(cell, p, NULL, statistics, err));
  if (cell->state == CELL_DONE) return STATUS_OK;
  TRY(read_at(cell, p, cell->identity, statistics, err));
  cell->kept = cell->state == CELL_DONE;
  return STATUS_OK;
}

/* ---- writing ---- */

static void put_question(json_t **root, const CellParts *p) {
  json_put(root, "format", json_string(FORMAT));
  json_put(root, "version", json_integer(VERSION));
  json_put(root, "skein", json_string(version_text()));
  json_put(root, "task", json_string(p->task->name));
  json_put(root, "group", json_string(p->task->group));
  json_put(root, "method", json_string(p->method->name));
  json_put(root, "settings", eval_method_json(p->method));
  json_put(root, "labels", route_labels_json(router_method(&p->method->router)));
  if (p->method->chosen) json_put(root, "chosen", json_incref(p->method->chosen));
}

static void put_result(json_t **root, const EvalCell *cell) {
  json_put(root, "scores", eval_scores_json(cell));
  json_put(root, "items", json_integer(cell->items));
  json_put(root, "cost", cell_cost_json(&cell->cost));
}

static void put_identity(json_t **root, const EvalCell *cell, const CellParts *p) {
  json_put(root, "items_sha256", json_string(items_hash(p->items)));
  json_put(root, "sample_seed",
           p->sample ? json_integer(p->spec->settings.sample_seed) : json_null());
  json_put(root, "verified", json_boolean(p->spec->settings.verify));
  json_put(root, "identity", json_string(cell->identity));
}

Status eval_cell_write(const EvalCell *cell, const CellParts *p, Error *err) {
  char *path;
  TRY(cell_path(p, NULL, CELL_JSON, &path, err));
  json_t *root = json_object();
  put_question(&root, p);
  put_result(&root, cell);
  put_identity(&root, cell, p);
  Status status = root ? json_write_file(root, path, err)
                       : error_set(err, STATUS_RUN, "%s: the cell cannot be written as JSON", path);
  json_decref(root);
  free(path);
  return status;
}
