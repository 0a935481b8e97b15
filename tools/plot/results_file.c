#include "tools/plot/results_file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/path.h"

enum {
  FILE_MOST = 1 << 28,
  TASKS_MOST = 1 << 16,
  METHODS_MOST = 1 << 12,
  GROUPS_MOST = 1 << 6,
  CELLS_MOST = 1 << 20, /* tasks by methods */
};

/* Where each name of a list stands in what was read of it: -1 where it is in none. */
typedef struct Places {
  json_t *method, *group;
} Places;

static int find_place(const json_t *places, const char *name) {
  const json_t *place = json_object_get(places, name);
  return place ? (int)json_integer_value(place) : -1;
}

static Status no_memory(const Results *r, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", r->path);
}

static Status add_place(const Results *r, json_t *places, const char *name, int at, Error *err) {
  return json_object_set_new(places, name, json_integer(at)) == 0 ? STATUS_OK : no_memory(r, err);
}

/* A list of the file, of which there is one entry at least. */
static Status get_list(const Results *r, const char *key, size_t most, json_t **list, Error *err) {
  TRY(json_get_array(&r->doc, key, list, err));
  size_t count = json_array_size(*list);
  if (count > 0 && count <= most) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: %s: %zu entries, want 1 to %zu", r->path, key, count,
                   most);
}

/* An entry of a list, whose messages name it. */
typedef struct Entry {
  JsonDoc doc;
  char where[PATH_MAX + 64];
} Entry;

static const JsonDoc *entry_of(Entry *entry, const Results *r, const char *key, json_t *list,
                               size_t at) {
  snprintf(entry->where, sizeof entry->where, "%s: %s: [%zu]", r->path, key, at);
  entry->doc = (JsonDoc){.root = json_array_get(list, at), .file = entry->where};
  return &entry->doc;
}

static Status get_optional(const JsonDoc *doc, const char *key, const char **text, Error *err) {
  *text = NULL;
  return json_has(doc, key) ? json_get_string(doc, key, text, err) : STATUS_OK;
}

/* ---- tasks ---- */

static Status read_group(Results *r, const Places *places, const char *name, int *group,
                         Error *err) {
  *group = find_place(places->group, name);
  if (*group >= 0) return STATUS_OK;
  if (r->groups == GROUPS_MOST)
    return error_set(err, STATUS_INPUT, "%s: tasks: more than %d groups", r->path, GROUPS_MOST);
  *group = r->groups;
  r->group[r->groups++] = name;
  return add_place(r, places->group, name, *group, err);
}

static Status read_task(Results *r, const Places *places, const JsonDoc *doc, Error *err) {
  ResultTask *task = &r->task[r->tasks];
  json_t *metrics;
  const char *group;
  TRY(json_get_string(doc, "name", &task->name, err));
  TRY(json_get_string(doc, "group", &group, err));
  TRY(get_optional(doc, "expert", &task->own, err));
  TRY(json_get_array(doc, "metrics", &metrics, err));
  task->metric = json_string_value(json_array_get(metrics, 0));
  if (!task->metric)
    return error_set(err, STATUS_INPUT, "%s: metrics: want one at least", doc->file);
  if (results_find_task(r, task->name) >= 0)
    return error_set(err, STATUS_INPUT, "%s: name: two tasks have it", doc->file);
  TRY(add_place(r, r->place, task->name, r->tasks++, err));
  return read_group(r, places, group, &task->group, err);
}

/* Puts the tasks of a group together, in their order, as the tables have them. */
static Status order_tasks(Results *r, Error *err) {
  ResultTask *ordered = calloc((size_t)r->tasks, sizeof *ordered);
  if (!ordered) return no_memory(r, err);
  int count = 0;
  for (int g = 0; g < r->groups; g++) {
    for (int t = 0; t < r->tasks; t++)
      if (r->task[t].group == g) ordered[count++] = r->task[t];
  }
  free(r->task);
  r->task = ordered;
  for (int t = 0; t < r->tasks; t++) TRY(add_place(r, r->place, ordered[t].name, t, err));
  return STATUS_OK;
}

static Status read_tasks(Results *r, const Places *places, Error *err) {
  json_t *list;
  Entry entry;
  TRY(get_list(r, "tasks", TASKS_MOST, &list, err));
  r->task = calloc(json_array_size(list), sizeof *r->task);
  r->group = calloc(GROUPS_MOST, sizeof *r->group);
  if (!r->task || !r->group) return no_memory(r, err);
  for (size_t i = 0; i < json_array_size(list); i++)
    TRY(read_task(r, places, entry_of(&entry, r, "tasks", list, i), err));
  return order_tasks(r, err);
}

/* ---- methods ---- */

static Status read_method(Results *r, const Places *places, const JsonDoc *doc, Error *err) {
  ResultMethod method;
  const char *rule;
  bool shown;
  TRY(json_get_string(doc, "name", &method.name, err));
  TRY(json_get_string(doc, "rule", &rule, err));
  TRY(json_get_bool(doc, "shown", &shown, err));
  method.sees_labels = strcmp(rule, "routed") != 0;
  method.oracle = strcmp(rule, "oracle") == 0;
  if (!shown) return STATUS_OK;
  if (find_place(places->method, method.name) >= 0)
    return error_set(err, STATUS_INPUT, "%s: name: two methods have it", doc->file);
  r->method[r->methods] = method;
  return add_place(r, places->method, method.name, r->methods++, err);
}

static Status read_methods(Results *r, const Places *places, Error *err) {
  json_t *list;
  Entry entry;
  TRY(get_list(r, "methods", METHODS_MOST, &list, err));
  r->method = calloc(json_array_size(list), sizeof *r->method);
  if (!r->method) return no_memory(r, err);
  for (size_t i = 0; i < json_array_size(list); i++)
    TRY(read_method(r, places, entry_of(&entry, r, "methods", list, i), err));
  return STATUS_OK;
}

/* ---- means and cells ---- */

/* The mean of a method that the tables show, in one group, else NULL. */
static ResultMean *find_mean(const Results *r, const Places *places, const char *method,
                             int group) {
  int m = find_place(places->method, method);
  return m < 0 || group < 0 ? NULL : &r->mean[group * r->methods + m];
}

/* Of "score", "low" and "high", in an entry of either list. */
static Status read_interval(const JsonDoc *doc, double *score, double *low, double *high,
                            Error *err) {
  TRY(json_get_real(doc, "score", -1e9, 1e9, score, err));
  TRY(json_get_real(doc, "low", -1e9, *score, low, err));
  return json_get_real(doc, "high", *score, 1e9, high, err);
}

static Status read_costs(ResultMean *mean, const JsonDoc *doc, Error *err) {
  TRY(json_get_real(doc, "added_per_token", 0, 1e18, &mean->added, err));
  return json_get_real(doc, "read_bytes", 0, 1e18, &mean->bytes, err);
}

/* Without a group it is of all tasks. */
static Status read_mean(const Results *r, const Places *places, const JsonDoc *doc, Error *err) {
  const char *method, *group;
  TRY(json_get_string(doc, "method", &method, err));
  TRY(get_optional(doc, "group", &group, err));
  ResultMean *mean =
      find_mean(r, places, method, group ? find_place(places->group, group) : r->groups);
  if (!mean) return STATUS_OK;
  mean->counted = json_has(doc, "added_per_token");
  if (mean->counted) TRY(read_costs(mean, doc, err));
  mean->scored = json_has(doc, "score");
  if (!mean->scored) return STATUS_OK;
  return read_interval(doc, &mean->score, &mean->low, &mean->high, err);
}

/* The first of a cell's scores, where it has some. */
static Status read_score(ResultCell *cell, const JsonDoc *doc, Error *err) {
  char where[PATH_MAX + 96];
  json_t *scores;
  if (!json_has(doc, "scores")) return STATUS_OK;
  TRY(json_get_array(doc, "scores", &scores, err));
  if (json_array_size(scores) == 0) return STATUS_OK;
  snprintf(where, sizeof where, "%s: scores: [0]", doc->file);
  const JsonDoc first = {.root = json_array_get(scores, 0), .file = where};
  TRY(read_interval(&first, &cell->score, &cell->low, &cell->high, err));
  if (json_has(doc, "items")) TRY(json_get_int(doc, "items", 0, INT64_MAX, &cell->items, err));
  cell->scored = true;
  return STATUS_OK;
}

/* What a cell says beside its score: that it has none, or whom an oracle chose. */
static void note_cell(Results *r, int task, int method, const ResultCell *cell) {
  if (strcmp(cell->state, "done") != 0) {
    r->mean[r->task[task].group * r->methods + method].open++;
    r->mean[r->groups * r->methods + method].open++;
  }
  if (cell->expert && !r->task[task].oracle && r->method[method].oracle)
    r->task[task].oracle = cell->expert;
}

static Status read_cell(Results *r, const Places *places, const JsonDoc *doc, Error *err) {
  const char *task, *method;
  ResultCell cell = {0};
  TRY(json_get_string(doc, "task", &task, err));
  TRY(json_get_string(doc, "method", &method, err));
  TRY(json_get_string(doc, "state", &cell.state, err));
  TRY(get_optional(doc, "expert", &cell.expert, err));
  TRY(get_optional(doc, "error", &cell.error, err));
  TRY(read_score(&cell, doc, err));
  int t = results_find_task(r, task), m = find_place(places->method, method);
  if (t < 0) return error_set(err, STATUS_INPUT, "%s: task: is none of `tasks`", doc->file);
  if (m < 0) return STATUS_OK;
  r->cell[t * r->methods + m] = cell;
  note_cell(r, t, m, &cell);
  return STATUS_OK;
}

static Status make_scores(Results *r, Error *err) {
  size_t cells = (size_t)r->tasks * (size_t)r->methods;
  if (cells > CELLS_MOST)
    return error_set(err, STATUS_INPUT, "%s: tasks: %d of them by %d methods are over %d cells",
                     r->path, r->tasks, r->methods, CELLS_MOST);
  r->mean = calloc(((size_t)r->groups + 1) * (size_t)r->methods + 1, sizeof *r->mean);
  r->cell = calloc(cells + 1, sizeof *r->cell);
  return r->mean && r->cell ? STATUS_OK : no_memory(r, err);
}

static Status read_scores(Results *r, const Places *places, Error *err) {
  json_t *means, *cells;
  Entry entry;
  TRY(json_get_array(&r->doc, "means", &means, err));
  TRY(json_get_array(&r->doc, "cells", &cells, err));
  TRY(make_scores(r, err));
  for (size_t i = 0; i < json_array_size(means); i++)
    TRY(read_mean(r, places, entry_of(&entry, r, "means", means, i), err));
  for (size_t i = 0; i < json_array_size(cells); i++)
    TRY(read_cell(r, places, entry_of(&entry, r, "cells", cells, i), err));
  return STATUS_OK;
}

/* ---- the file ---- */

static Status read_all(Results *r, const Places *places, Error *err) {
  const char *format = NULL;
  TRY(json_parse_file(&r->doc, r->path, FILE_MOST, err));
  TRY(json_get_string(&r->doc, "format", &format, err));
  if (strcmp(format, "skein-eval") != 0)
    return error_set(err, STATUS_INPUT, "%s: format: got '%.80s', want skein-eval", r->path,
                     format);
  TRY(get_optional(&r->doc, "pool", &r->pool, err));
  TRY(read_tasks(r, places, err));
  TRY(read_methods(r, places, err));
  return read_scores(r, places, err);
}

Status results_read(Results *r, const char *dir, Error *err) {
  Places places = {json_object(), json_object()};
  *r = (Results){.path = path_below(dir, "table.json"), .place = json_object()};
  bool ready = r->path && r->place && places.method && places.group;
  Status status = ready ? read_all(r, &places, err)
                        : error_set(err, STATUS_RUN, "%s: out of memory: its table", dir);
  json_decref(places.method);
  json_decref(places.group);
  if (status != STATUS_OK) results_free(r);
  return status;
}

void results_free(Results *r) {
  json_decref(r->place);
  json_free(&r->doc);
  free(r->task);
  free(r->method);
  free(r->group);
  free(r->mean);
  free(r->cell);
  free(r->path);
  *r = (Results){0};
}

int results_find_task(const Results *r, const char *name) {
  return find_place(r->place, name);
}
