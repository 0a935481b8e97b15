#include "tools/plot/routing_file.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/module/modules.h"
#include "infer/t5/t5_group.h"

enum { FILE_MAX = 1 << 28, EXPERTS_MAX = 1 << 16 };

/* The place of a role in its group, -1: there is no such role. */
static int role_order(const char *role) {
  static const char *const known[] = {"q", "k", "v", "o", "wi", "wi_0", "wi_1", "wo"};
  for (int i = 0; i < 8; i++)
    if (strcmp(role, known[i]) == 0) return i;
  return -1;
}

/* Whether a module's name begins with the stack of its group. t5_group_index takes for
 * self-attention what it does not know. */
static bool is_of_group(const char *name, int group) {
  size_t stack = strcspn(T5_GROUP[group], ".");
  bool self = strcmp(T5_GROUP[group] + stack, ".self") == 0;
  return strncmp(name, T5_GROUP[group], stack + 1) == 0 &&
         (!self || strstr(name, ".SelfAttention."));
}

/* "decoder.block.3.layer.1.EncDecAttention.q" */
static Status read_name(const RoutingFile *f, RoutingModule *m, Error *err) {
  static const char BLOCK[] = ".block.";
  const char *at = m->name + strcspn(m->name, ".");
  const char *number = strncmp(at, BLOCK, strlen(BLOCK)) == 0 ? at + strlen(BLOCK) : "";
  char *end;
  long block = strtol(number, &end, 10);
  m->group = t5_group_index(m->name);
  m->in_decoder = strncmp(m->name, "decoder.", strlen("decoder.")) == 0;
  m->block = (int)block;
  m->role = module_last_part(m->name);
  bool numbered = end != number && *end == '.' && block >= 0 && block <= INT_MAX;
  if (numbered && is_of_group(m->name, m->group) && role_order(m->role) >= 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: routing.modules: '%s' is not the name of a T5 module",
                   f->path, m->name);
}

/* One number an expert, each in [0, 1]. */
static Status read_values(const RoutingFile *f, const JsonDoc *doc, const RoutingModule *m,
                          const char *key, double *out, Error *err) {
  json_t *array;
  TRY(json_get_array(doc, key, &array, err));
  if (json_array_size(array) != (size_t)f->experts)
    return error_set(err, STATUS_INPUT, "%s: %s: %s: %zu numbers, want %d, one an expert", f->path,
                     m->name, key, json_array_size(array), f->experts);
  for (int e = 0; e < f->experts; e++) {
    const json_t *number = json_array_get(array, (size_t)e);
    out[e] = json_is_number(number) ? json_number_value(number) : NAN;
    if (!(out[e] >= 0 && out[e] <= 1 + 1e-6))
      return error_set(err, STATUS_INPUT, "%s: %s: %s: [%d]: want a number in [0, 1]", f->path,
                       m->name, key, e);
  }
  return STATUS_OK;
}

static Status read_module(const RoutingFile *f, json_t *modules, size_t at, RoutingModule *m,
                          double *numbers, Error *err) {
  char where[PATH_MAX + 64];
  snprintf(where, sizeof where, "%s: routing.modules: [%zu]", f->path, at);
  JsonDoc doc = {.root = json_array_get(modules, at), .file = where};
  TRY(json_get_string(&doc, "name", &m->name, err));
  TRY(read_name(f, m, err));
  TRY(json_get_real(&doc, "tokens", 1, 1e18, &m->tokens, err));
  TRY(json_get_real(&doc, "entropy", 0, 64, &m->entropy, err));
  for (int what = 0; what < ROUTING_STATISTICS; what++) {
    m->value[what] = numbers + what * f->experts;
    TRY(read_values(f, &doc, m, statistic_name((Statistic)what), m->value[what], err));
  }
  return STATUS_OK;
}

static int by_place(const void *a, const void *b) {
  const RoutingModule *x = a, *y = b;
  if (x->in_decoder != y->in_decoder) return x->in_decoder - y->in_decoder;
  if (x->block != y->block) return x->block < y->block ? -1 : 1;
  if (x->group != y->group) return x->group < y->group ? -1 : 1;
  return role_order(x->role) - role_order(y->role);
}

static Status read_modules(RoutingFile *f, const JsonDoc *routing, Error *err) {
  json_t *modules;
  TRY(json_get_array(routing, "modules", &modules, err));
  size_t count = json_array_size(modules), each = ROUTING_STATISTICS * (size_t)f->experts;
  f->module = calloc(count + 1, sizeof *f->module);
  f->numbers = calloc(count * each + 1, sizeof *f->numbers);
  if (!f->module || !f->numbers) return error_set(err, STATUS_RUN, "%s: out of memory", f->path);
  for (size_t i = 0; i < count; i++)
    TRY(read_module(f, modules, i, &f->module[i], f->numbers + i * each, err));
  f->modules = (int)count;
  qsort(f->module, count, sizeof *f->module, by_place);
  return STATUS_OK;
}

static Status read_experts(RoutingFile *f, const JsonDoc *routing, Error *err) {
  json_t *experts;
  TRY(json_get_array(routing, "experts", &experts, err));
  size_t count = json_array_size(experts);
  if (count == 0 || count > EXPERTS_MAX)
    return error_set(err, STATUS_INPUT, "%s: routing.experts: %zu names, want 1 to %d", f->path,
                     count, EXPERTS_MAX);
  f->expert = calloc(count, sizeof *f->expert);
  if (!f->expert) return error_set(err, STATUS_RUN, "%s: out of memory", f->path);
  for (size_t e = 0; e < count; e++) {
    f->expert[e] = json_string_value(json_array_get(experts, e));
    if (!f->expert[e])
      return error_set(err, STATUS_INPUT, "%s: routing.experts: [%zu]: want a string", f->path, e);
  }
  f->experts = (int)count;
  return STATUS_OK;
}

/* NULL has no expert. */
static int find_expert(const RoutingFile *f, const char *name) {
  for (int e = 0; name && e < f->experts; e++)
    if (strcmp(f->expert[e], name) == 0) return e;
  return -1;
}

static Status read_file(RoutingFile *f, const char *path, Error *err) {
  f->path = strdup(path);
  if (!f->path) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  TRY(json_parse_file(&f->doc, f->path, FILE_MAX, err));
  JsonDoc routing = {.file = f->path};
  TRY(json_get_string(&f->doc, "task", &f->task, err));
  TRY(json_get_string(&f->doc, "method", &f->method, err));
  TRY(json_get_string(&f->doc, "pool", &f->pool, err));
  TRY(json_get_object(&f->doc, "routing", &routing.root, err));
  TRY(read_experts(f, &routing, err));
  f->own = find_expert(f, f->task);
  return read_modules(f, &routing, err);
}

Status routing_file_read(RoutingFile *f, const char *path, Error *err) {
  *f = (RoutingFile){.own = -1, .oracle = -1, .place = INT_MAX};
  Status status = read_file(f, path, err);
  if (status != STATUS_OK) routing_file_free(f);
  return status;
}

void routing_file_free(RoutingFile *f) {
  free(f->numbers);
  free(f->module);
  free(f->expert);
  json_free(&f->doc);
  free(f->path);
  *f = (RoutingFile){0};
}

Spread routing_file_spread(const RoutingFile *f, Statistic what, int expert) {
  double sum = 0, squares = 0;
  for (int i = 0; i < f->modules; i++) sum += f->module[i].value[what][expert];
  double mean = sum / f->modules;
  for (int i = 0; i < f->modules; i++) {
    double off = f->module[i].value[what][expert] - mean;
    squares += off * off;
  }
  return (Spread){mean, sqrt(squares / f->modules)};
}

void routing_file_largest(const RoutingFile *f, Statistic what, Largest *largest) {
  for (int e = 0; e < f->experts && f->modules > 0; e++) {
    Spread spread = routing_file_spread(f, what, e);
    largest->mean = fmax(largest->mean, spread.mean);
    largest->bar = fmax(largest->bar, spread.mean + spread.deviation);
    for (int i = 0; i < f->modules; i++)
      largest->cell = fmax(largest->cell, f->module[i].value[what][e]);
  }
}

bool routing_file_place(RoutingFile *f, const Results *r) {
  int place = results_find_task(r, f->task);
  if (place < 0) return false;
  const ResultTask *task = &r->task[place];
  f->place = place;
  f->group = r->group[task->group];
  f->own = find_expert(f, task->own);
  f->oracle = find_expert(f, task->oracle);
  if (f->oracle == f->own) f->oracle = -1;
  return true;
}
