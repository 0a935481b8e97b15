#include "infer/eval/eval_compared.h"

#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "data/file/file.h"
#include "data/file/path.h"

enum { TABLE_MOST = 1 << 28, CELL_MOST = 1 << 20 }; /* bytes of table.json, of a cell's file */

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: evaluations to compare");
}

/* One run that is read. */
typedef struct Reading {
  Compared *c;
  const JsonDoc *doc;
  char *dir;
  char *wanted;       /* "METHOD,METHOD" of the argument; NULL: all that are shown */
  const char *prefix; /* of the methods' names */
} Reading;

/* ---- the table ---- */

/* An entry of a list of table.json whose member is `name`; its root is NULL where there is none. */
static JsonDoc find_entry(const JsonDoc *doc, const char *list, const char *name) {
  JsonDoc entry = {.file = doc->file};
  const json_t *all = json_object_get(doc->root, list);
  for (size_t i = 0; i < json_array_size(all); i++) {
    json_t *value = json_array_get(all, i);
    const char *its = json_string_value(json_object_get(value, "name"));
    if (its && strcmp(its, name) == 0) entry.root = value;
  }
  return entry;
}

static Status check_format(const JsonDoc *doc, Error *err) {
  const char *format;
  TRY(json_get_string(doc, "format", &format, err));
  if (strcmp(format, "skein-eval") == 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: format: is no table of skein eval", doc->file);
}

static Status open_table(Reading *x, Error *err) {
  char *path = path_below(x->dir, "table.json");
  if (!path) return no_memory(err);
  ComparedRun *grown = array_grow(x->c->run, (size_t)x->c->runs, 1, sizeof *grown);
  if (!grown) free(path);
  if (!grown) return no_memory(err);
  x->c->run = grown;
  ComparedRun *run = &grown[x->c->runs++];
  *run = (ComparedRun){.path = path};
  x->doc = &run->doc;
  if (!file_exists(path)) {
    return error_set(err, STATUS_INPUT,
                     "%s: there is none; RUN is the output of a skein eval that has finished",
                     path);
  }
  TRY(json_parse_file(&run->doc, path, TABLE_MOST, err));
  return check_format(&run->doc, err);
}

/* ---- cells ---- */

static Status read_names(const JsonDoc *entry, ComparedCell *cell, const char **answers,
                         Error *err) {
  TRY(json_get_string(entry, "task", &cell->task, err));
  TRY(json_get_string(entry, "group", &cell->group, err));
  if (!json_has(entry, "answers") || !json_has(entry, "identity")) {
    return error_set(err, STATUS_INPUT,
                     "%s: does not say whose predictions its cells are, as tables of an earlier "
                     "skein; run skein eval again",
                     entry->file);
  }
  TRY(json_get_string(entry, "answers", answers, err));
  TRY(json_get_string(entry, "identity", &cell->identity, err));
  if (path_name_valid(cell->task) && path_name_valid(*answers)) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   "%s: cells: a task or method has a name that no file may have", entry->file);
}

static Status read_task(const Reading *x, ComparedCell *cell, Error *err) {
  const JsonDoc task = find_entry(x->doc, "tasks", cell->task);
  json_t *metrics;
  if (!task.root) {
    return error_set(err, STATUS_INPUT, "%s: tasks: '%.80s' is none of them", x->doc->file,
                     cell->task);
  }
  TRY(json_get_string(&task, "sha256", &cell->items, err));
  TRY(json_get_array(&task, "metrics", &metrics, err));
  const char *name = json_string_value(json_array_get(metrics, 0));
  const int metric = name ? metric_find(name) : -1;
  if (metric < 0) return error_set(err, STATUS_INPUT, "%s: tasks: unknown metric", x->doc->file);
  cell->metric = (Metric)metric;
  return STATUS_OK;
}

static Status add_cell(const Reading *x, ComparedMethod *m, const JsonDoc *entry, Error *err) {
  const char *answers;
  ComparedCell *grown = array_grow(m->cell, (size_t)m->cells, 1, sizeof *grown);
  if (!grown) return no_memory(err);
  m->cell = grown;
  ComparedCell *cell = &grown[m->cells];
  *cell = (ComparedCell){0};
  TRY(read_names(entry, cell, &answers, err));
  if (compared_cell(m, cell->task)) {
    return error_set(err, STATUS_INPUT, "%s: cells: %s is there twice", x->doc->file, cell->task);
  }
  m->cells++;
  TRY(read_task(x, cell, err));
  cell->file = eval_cell_path(x->dir, answers, cell->task, NULL, CELL_JSON);
  cell->predictions = eval_cell_path(x->dir, answers, cell->task, NULL, CELL_PREDICTIONS);
  return cell->file && cell->predictions ? STATUS_OK : no_memory(err);
}

/* The finished cells of a method. */
static Status read_cells(const Reading *x, ComparedMethod *m, const char *method, Error *err) {
  json_t *list, *value;
  size_t i;
  TRY(json_get_array(x->doc, "cells", &list, err));
  json_array_foreach(list, i, value) {
    const JsonDoc entry = {.root = value, .file = x->doc->file};
    const char *its, *state;
    TRY(json_get_string(&entry, "method", &its, err));
    TRY(json_get_string(&entry, "state", &state, err));
    if (strcmp(its, method) == 0 && strcmp(state, "done") == 0) TRY(add_cell(x, m, &entry, err));
  }
  return STATUS_OK;
}

/* ---- methods ---- */

static Status check_twice(const Compared *c, Error *err) {
  const char *name = c->method[c->methods - 1].name;
  for (int i = 0; i < c->methods - 1; i++) {
    if (strcmp(c->method[i].name, name) == 0)
      return error_set(err, STATUS_USAGE, "%s: is named twice", name);
  }
  return STATUS_OK;
}

static Status add_method(const Reading *x, const char *method, Error *err) {
  ComparedMethod *grown = array_grow(x->c->method, (size_t)x->c->methods, 1, sizeof *grown);
  if (!grown) return no_memory(err);
  x->c->method = grown;
  ComparedMethod *m = &grown[x->c->methods++];
  *m = (ComparedMethod){0};
  if (asprintf(&m->name, "%s%s%s", x->prefix, *x->prefix ? ":" : "", method) < 0) {
    m->name = NULL;
    return no_memory(err);
  }
  TRY(check_twice(x->c, err));
  return read_cells(x, m, method, err);
}

static Status add_shown(const Reading *x, Error *err) {
  json_t *list, *value;
  size_t i;
  TRY(json_get_array(x->doc, "methods", &list, err));
  json_array_foreach(list, i, value) {
    const JsonDoc entry = {.root = value, .file = x->doc->file};
    const char *name;
    bool shown;
    TRY(json_get_string(&entry, "name", &name, err));
    TRY(json_get_bool(&entry, "shown", &shown, err));
    if (shown) TRY(add_method(x, name, err));
  }
  return STATUS_OK;
}

static Status add_wanted(const Reading *x, Error *err) {
  char *rest = x->wanted;
  for (char *name; (name = strsep(&rest, ","));) {
    if (!find_entry(x->doc, "methods", name).root) {
      return error_set(err, STATUS_USAGE, "%s: has no method '%.80s'", x->dir, name);
    }
    TRY(add_method(x, name, err));
  }
  return STATUS_OK;
}

static Status read_run(Reading *x, Error *err) {
  TRY(open_table(x, err));
  return x->wanted ? add_wanted(x, err) : add_shown(x, err);
}

Status compared_read(Compared *c, const char *const *run, int runs, Error *err) {
  *c = (Compared){0};
  Status status = STATUS_OK;
  for (int i = 0; i < runs && status == STATUS_OK; i++) {
    Reading x = {.c = c, .dir = strdup(run[i])};
    if (!x.dir) return no_memory(err);
    char *colon = dir_exists(x.dir) ? NULL : strrchr(x.dir, ':');
    if (colon) *colon = '\0', x.wanted = colon + 1;
    x.prefix = runs > 1 ? x.dir : "";
    status = read_run(&x, err);
    free(x.dir);
  }
  return status;
}

static void free_method(ComparedMethod *m) {
  for (int i = 0; i < m->cells; i++) {
    eval_lines_free(&m->cell[i].lines);
    free(m->cell[i].file);
    free(m->cell[i].predictions);
  }
  free(m->cell);
  free(m->name);
}

void compared_free(Compared *c) {
  for (int i = 0; i < c->methods; i++) free_method(&c->method[i]);
  for (int i = 0; i < c->runs; i++) {
    json_free(&c->run[i].doc);
    free(c->run[i].path);
  }
  free(c->method);
  free(c->run);
  *c = (Compared){0};
}

/* ---- items ---- */

ComparedCell *compared_cell(const ComparedMethod *m, const char *task) {
  for (int i = 0; i < m->cells; i++) {
    if (strcmp(m->cell[i].task, task) == 0) return &m->cell[i];
  }
  return NULL;
}

static Status check_identity(const ComparedCell *cell, Error *err) {
  JsonDoc doc;
  const char *identity;
  TRY(json_parse_file(&doc, cell->file, CELL_MOST, err));
  Status status = json_get_string(&doc, "identity", &identity, err);
  if (status == STATUS_OK && strcmp(identity, cell->identity) != 0) {
    status = error_set(err, STATUS_INPUT,
                       "%s: is another cell than the one in table.json; run skein eval again to "
                       "its end",
                       cell->file);
  }
  json_free(&doc);
  return status;
}

Status compared_lines(ComparedCell *cell, const EvalLines **lines, Error *err) {
  *lines = &cell->lines;
  if (cell->lines.sums) return STATUS_OK;
  TRY(check_identity(cell, err));
  return eval_lines_read(&cell->lines, cell->predictions, cell->metric, true, err);
}
