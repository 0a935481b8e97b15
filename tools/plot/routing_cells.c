#include "tools/plot/routing_cells.h"

#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "data/file/file.h"
#include "data/file/path.h"
#include "tools/shell/console.h"

#define SUFFIX ".routing.json"

static bool is_wanted(const char *only, const char *name) {
  return !only || strcmp(only, name) == 0;
}

static Status make_room(Cells *cells, const char *path, Error *err) {
  RoutingFile *grown = array_grow(cells->file, (size_t)cells->count, 1, sizeof *grown);
  if (!grown) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  cells->file = grown;
  return STATUS_OK;
}

/* A file that was `named` must have something to draw; an evaluation has methods that route
 * nothing. */
static Status add_file(Cells *cells, const RoutingRequest *r, const char *path, bool named,
                       Error *err) {
  TRY(make_room(cells, path, err));
  RoutingFile *f = &cells->file[cells->count];
  TRY(routing_file_read(f, path, err));
  routing_file_largest(f, r->what, &cells->largest);
  Status status = STATUS_OK;
  if (named && f->modules == 0) {
    status = error_set(err, STATUS_INPUT, "%s: routing.modules: is empty: method %s routed nothing",
                       path, f->method);
  }
  if (f->modules > 0 && is_wanted(r->only_task, f->task) && is_wanted(r->only_method, f->method)) {
    cells->count++;
  } else {
    routing_file_free(f);
  }
  return status;
}

static Status add_cell(Cells *cells, const RoutingRequest *r, const char *path, Error *err) {
  return add_file(cells, r, path, false, err);
}

static bool is_shown(const char *name) {
  return name[0] != '.';
}

static bool is_cell(const char *name) {
  size_t length = strlen(name), suffix = strlen(SUFFIX);
  return is_shown(name) && length > suffix && strcmp(name + length - suffix, SUFFIX) == 0;
}

typedef Status AddPath(Cells *cells, const RoutingRequest *r, const char *path, Error *err);

/* Adds each name of the folder that passes, in alphabetical order. */
static Status add_names(Cells *cells, const RoutingRequest *r, const char *dir,
                        bool (*pass)(const char *name), AddPath *add, Error *err) {
  DirNames names;
  TRY(dir_names(&names, dir, err));
  Status status = STATUS_OK;
  for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
    if (!pass(names.name[i])) continue;
    char *path = path_join(dir, names.name[i]);
    status = path ? add(cells, r, path, err) : error_set(err, STATUS_RUN, "out of memory");
    free(path);
  }
  dir_names_free(&names);
  return status;
}

static Status add_method(Cells *cells, const RoutingRequest *r, const char *dir, Error *err) {
  return dir_exists(dir) ? add_names(cells, r, dir, is_cell, add_cell, err) : STATUS_OK;
}

static Status add_cells(Cells *cells, const RoutingRequest *r, const char *path, Error *err) {
  char *dir = path_below(path, "cells");
  if (!dir) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  Status status = dir_exists(dir) ? add_names(cells, r, dir, is_shown, add_method, err)
                                  : error_set(err, STATUS_INPUT,
                                              "%s: has no folder 'cells'; want the output of "
                                              "skein eval, or files of routing statistics",
                                              path);
  free(dir);
  return status;
}

/* The tables of the evaluation in a folder; *table NULL: it has none (yet). */
static Status read_table(Cells *cells, const char *dir, const Results **table, Error *err) {
  char *path = path_below(dir, "table.json");
  if (!path) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  bool there = file_exists(path);
  free(path);
  *table = NULL;
  if (!there) return STATUS_OK;
  Results *grown = array_grow(cells->table, (size_t)cells->tables, 1, sizeof *grown);
  if (!grown) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  cells->table = grown;
  TRY(results_read(&grown[cells->tables], dir, err));
  *table = &grown[cells->tables++];
  return STATUS_OK;
}

/* Puts the files from `first` on where the table of their evaluation has them. */
static void place_files(Cells *cells, int first, const Results *table, const char *dir) {
  int strangers = 0;
  for (int i = first; i < cells->count; i++) {
    RoutingFile *f = &cells->file[i];
    if (!table || !routing_file_place(f, table)) {
      strangers++;
    } else {
      f->place += cells->placed;
    }
  }
  cells->placed += table ? table->tasks : 0;
  if (strangers && table)
    console_note(NULL,
                 "skein: %s: %d cell%s of tasks that its table.json does not have; they stand last",
                 dir, strangers, strangers == 1 ? "" : "s");
  if (strangers && !table)
    console_note(NULL,
                 "skein: %s: has no table.json, is it unfinished? tasks stand without groups, and "
                 "their own experts are those of their names",
                 dir);
}

static Status add_input(Cells *cells, const RoutingRequest *r, const char *path, Error *err) {
  const Results *table;
  int first = cells->count;
  if (!dir_exists(path)) return add_file(cells, r, path, true, err);
  TRY(add_cells(cells, r, path, err));
  TRY(read_table(cells, path, &table, err));
  place_files(cells, first, table, path);
  return STATUS_OK;
}

static int by_method_and_task(const void *a, const void *b) {
  const RoutingFile *x = a, *y = b;
  int order = strcmp(x->method, y->method);
  return order ? order : strcmp(x->task, y->task);
}

static int by_method_and_place(const void *a, const void *b) {
  const RoutingFile *x = a, *y = b;
  int order = strcmp(x->method, y->method);
  if (order) return order;
  if (x->place != y->place) return x->place < y->place ? -1 : 1;
  if (x->own != y->own) return x->own < 0 ? 1 : y->own < 0 ? -1 : x->own - y->own;
  return strcmp(x->task, y->task);
}

bool cells_same_experts(const RoutingFile *a, const RoutingFile *b) {
  bool same = a->experts == b->experts;
  for (int e = 0; same && e < a->experts; e++) same = strcmp(a->expert[e], b->expert[e]) == 0;
  return same;
}

Status cells_refuse_experts(const RoutingFile *a, const RoutingFile *b, Error *err) {
  return error_set(err, STATUS_MISMATCH,
                   "%s: its experts are not those of %s; one figure cannot show both", b->path,
                   a->path);
}

/* A figure puts the tasks of a method beside each other, so they must be of the same experts; two
 * methods may each have their own part of the pool. */
static Status check_cells(const Cells *cells, Error *err) {
  for (int i = 1; i < cells->count; i++) {
    const RoutingFile *f = &cells->file[i];
    if (strcmp(f[-1].method, f->method) == 0 && !cells_same_experts(f - 1, f))
      return cells_refuse_experts(f - 1, f, err);
    if (by_method_and_task(f - 1, f) == 0)
      return error_set(err, STATUS_USAGE, "%s and %s: both are of method %s on task %s", f[-1].path,
                       f->path, f->method, f->task);
  }
  return STATUS_OK;
}

static Status read_inputs(Cells *cells, const RoutingRequest *r, Error *err) {
  for (int i = 0; i < r->inputs; i++) TRY(add_input(cells, r, r->input[i], err));
  if (cells->count == 0) return STATUS_OK;
  qsort(cells->file, (size_t)cells->count, sizeof *cells->file, by_method_and_task);
  TRY(check_cells(cells, err));
  qsort(cells->file, (size_t)cells->count, sizeof *cells->file, by_method_and_place);
  return STATUS_OK;
}

Status cells_read(Cells *cells, const RoutingRequest *r, Error *err) {
  *cells = (Cells){0};
  Status status = read_inputs(cells, r, err);
  if (status != STATUS_OK) cells_free(cells);
  return status;
}

void cells_free(Cells *cells) {
  for (int i = 0; i < cells->count; i++) routing_file_free(&cells->file[i]);
  for (int i = 0; i < cells->tables; i++) results_free(&cells->table[i]);
  free(cells->file);
  free(cells->table);
  *cells = (Cells){0};
}
