#include "infer/eval/eval_valid.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json_put.h"
#include "data/text/jsonl.h"
#include "infer/eval/eval_lines.h"
#include "infer/eval/eval_lists.h"
#include "infer/eval/eval_run.h"
#include "infer/eval/eval_threshold.h"
#include "infer/route/route_global.h"

#define KEY "global.threshold"

enum { CURVE_MOST = 200 };

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: validation items");
}

static bool is_chosen(const EvalMethod *m) {
  return m->choose && m->shown && eval_method_uses(m, KEY);
}

bool eval_valid_wanted(const EvalSpec *spec) {
  for (int m = 0; m < spec->methods; m++)
    if (is_chosen(spec->method[m])) return true;
  return false;
}

/* ---- the evaluation ---- */

typedef char FileHash[HASH_HEX];

/* Of what a file of the task says, compressed or not. */
static Status hash_text(const EvalTask *task, const char *path, FileHash hex, Error *err) {
  Jsonl *lines;
  if (task->format != ITEMS_LINES) return hash_file(path, hex, err);
  TRY(jsonl_open(&lines, path, err));
  memcpy(hex, jsonl_hash(lines), HASH_HEX);
  jsonl_close(lines);
  return STATUS_OK;
}

/* Nothing is chosen on what any task scores. */
static Status check_file(const EvalSpec *spec, const EvalTask *task, const FileHash *scored,
                         Error *err) {
  FileHash valid;
  TRY(hash_text(task, task->valid, valid, err));
  for (int t = 0; t < spec->tasks; t++) {
    if (strcmp(valid, scored[t]) != 0) continue;
    return error_set(err, STATUS_USAGE,
                     "%s: valid: %s holds what is scored (file: %s); nothing is chosen on it",
                     eval_task_place(spec, task).text, task->valid, spec->task[t].file);
  }
  return STATUS_OK;
}

static Status check_files(const EvalSpec *spec, Error *err) {
  FileHash *scored = calloc((size_t)spec->tasks, sizeof *scored);
  Status status = scored ? STATUS_OK : no_memory(err);
  for (int t = 0; t < spec->tasks && status == STATUS_OK; t++)
    status = hash_text(&spec->task[t], spec->task[t].file, scored[t], err);
  for (int t = 0; t < spec->tasks && status == STATUS_OK; t++)
    if (spec->task[t].valid) status = check_file(spec, &spec->task[t], scored, err);
  free(scored);
  return status;
}

/* Leaves the tasks with validation items, which are the items now. */
static Status take_valid(EvalSpec *valid, Error *err) {
  int kept = 0;
  for (int t = 0; t < valid->tasks; t++) {
    EvalTask *task = &valid->task[t], *to = &valid->task[kept];
    if (!task->valid) {
      eval_task_free(task);
      continue;
    }
    if (to != task) *to = *task;
    to->set.settings = to;
    kept++;
  }
  valid->tasks = kept;
  for (int t = 0; t < kept; t++) {
    EvalTask *task = &valid->task[t];
    TRY(options_command(&task->set, "file", task->valid, "valid", err));
  }
  return STATUS_OK;
}

/* The shortest text that reads back to the number. */
static void spell_number(char text[40], double x) {
  double back;
  int digits = 15;
  do {
    snprintf(text, 40, "%.*g", digits, x);
    back = strtod(text, NULL);
  } while (digits++ < 17 && (back < x || back > x));
}

/* A method that weighs instructions always alike. */
static Status add_constant(EvalSpec *valid, EvalMethod *like, double scale, Error *err) {
  char text[40], name[700];
  EvalMethod *m;
  spell_number(text, scale);
  snprintf(name, sizeof name, "%s+global.scale=%s", like->name, text);
  TRY(eval_spec_add_method(valid, name, like, &m, err));
  m->choose = false;
  TRY(options_put(&m->set, "global.rule", "constant", name, err));
  return options_put(&m->set, "global.scale", text, name, err);
}

static double number_of(const EvalMethod *m, const char *key) {
  char *text = options_text(&m->set, key);
  double number = text ? strtod(text, NULL) : 0;
  free(text);
  return number;
}

static bool is_given(const EvalMethod *m, const char *key) {
  size_t i = 0;
  while (strcmp(m->set.table[i].key, key) != 0) i++;
  return m->set.source[i].origin != ORIGIN_DEFAULT;
}

/* The two weights of a method, beta first. */
static Status add_pair(EvalSpec *valid, const EvalSpec *spec, EvalMethod *m, Error *err) {
  const TextPlace place = eval_method_place(spec, m);
  double beta = number_of(m, "global.beta"), gamma = number_of(m, "global.gamma");
  if (is_given(m, KEY))
    return error_set(err, STATUS_USAGE,
                     "%s: method %.200s: choose: its " KEY " is said already; leave one out",
                     place.text, m->name);
  if (beta + gamma <= beta && beta + gamma >= beta)
    return error_set(err, STATUS_USAGE,
                     "%s: method %.200s: choose: global.gamma is 0, so that every " KEY
                     " is the same",
                     place.text, m->name);
  TRY(add_constant(valid, m, beta, err));
  return add_constant(valid, m, beta + gamma, err);
}

static Status replace_methods(EvalSpec *valid, const EvalSpec *spec, Error *err) {
  while (valid->methods > 0) eval_method_free(valid->method[--valid->methods]);
  for (int m = 0; m < spec->methods; m++)
    if (is_chosen(spec->method[m])) TRY(add_pair(valid, spec, spec->method[m], err));
  return STATUS_OK;
}

static Status no_file(const EvalSpec *spec, Error *err) {
  int m = 0;
  while (!is_chosen(spec->method[m])) m++;
  return error_set(err, STATUS_USAGE,
                   "%s: method %.200s: choose: no task has a file `valid` to choose " KEY
                   " on, and what is scored is not looked at; give tasks one, or say the number",
                   eval_method_place(spec, spec->method[m]).text, spec->method[m]->name);
}

Status eval_valid_spec(EvalSpec *valid, const EvalSpec *spec, const char *const *assignment,
                       int assignments, Error *err) {
  TRY(eval_spec_read(valid, spec->tree.file, assignment, assignments, true, err));
  TRY(take_valid(valid, err));
  if (valid->tasks == 0) return no_file(spec, err);
  TRY(check_files(spec, err));
  TRY(replace_methods(valid, spec, err));
  valid->settings.strict = spec->settings.strict;
  char *output = path_join(spec->settings.output, "validation");
  if (!output) return no_memory(err);
  Status status = options_command(&valid->set, "output", output, "valid", err);
  free(output);
  return status == STATUS_OK ? options_command(&valid->set, "statistics", "false", "valid", err)
                             : status;
}

/* ---- what the items of a method's tasks scored ---- */

typedef struct Scored {
  int tasks;
  ThresholdTask *task;
  double **cosine;          /* [tasks][items] */
  EvalLines *below, *above; /* [tasks] */
} Scored;

static void scored_free(Scored *s) {
  for (int t = 0; t < s->tasks; t++) {
    if (s->cosine) free(s->cosine[t]);
    if (s->below) eval_lines_free(&s->below[t]);
    if (s->above) eval_lines_free(&s->above[t]);
  }
  free(s->cosine);
  free(s->below);
  free(s->above);
  free(s->task);
}

static Status scored_new(Scored *s, int tasks, Error *err) {
  size_t n = (size_t)tasks;
  *s = (Scored){tasks, calloc(n, sizeof *s->task), calloc(n, sizeof *s->cosine),
                calloc(n, sizeof *s->below), calloc(n, sizeof *s->above)};
  return s->task && s->cosine && s->below && s->above ? STATUS_OK : no_memory(err);
}

/* The largest cosine of each item of a task that is asked. */
static Status fill_cosines(const Evaluation *e, int t, GlobalRouter *g, int experts, double *out,
                           Error *err) {
  const EvalTask *task = &e->spec->task[t];
  const Asking asking = {task->name, task->instruction};
  for (int64_t i = 0; i < evaluation_asked(e, t); i++) {
    Item item;
    const double *cosine;
    TRY(items_get(e->items[t], e->sample[t] ? e->sample[t][i] : i, &item, err));
    RouteQuery query = asking_query(&asking, &item);
    Status status = global_cosines(g, &query, &cosine, err);
    if (status == STATUS_OK) out[i] = cosine[global_nearest(cosine, experts)];
    item_free(&item);
    TRY(status);
  }
  return STATUS_OK;
}

/* From where the cell is: one that is kept has a cell of other settings in its place. */
static Status read_cell(const Evaluation *e, int method, int t, EvalLines *lines, Error *err) {
  const EvalTask *task = &e->spec->task[t];
  const EvalCell *cell = evaluation_cell(e, method, t);
  char *path = eval_cell_path(e->spec->settings.output, e->spec->method[method]->name, task->name,
                              cell->kept ? cell->identity : NULL, CELL_PREDICTIONS);
  if (!path) return no_memory(err);
  Status status = eval_lines_read(lines, path, task->metric[0], false, err);
  if (status == STATUS_OK && lines->count != evaluation_asked(e, t))
    status = error_set(err, STATUS_INPUT, "%s: has %" PRId64 " lines, of %" PRId64 " items", path,
                       lines->count, evaluation_asked(e, t));
  free(path);
  return status;
}

/* Of the methods `below`, with beta, and the one after it. */
static Status score_task(Scored *s, const Evaluation *e, int below, int t, GlobalRouter *g,
                         int experts, Error *err) {
  int64_t count = evaluation_asked(e, t);
  s->cosine[t] = calloc((size_t)count + 1, sizeof *s->cosine[t]);
  if (!s->cosine[t]) return no_memory(err);
  TRY(fill_cosines(e, t, g, experts, s->cosine[t], err));
  TRY(read_cell(e, below, t, &s->below[t], err));
  TRY(read_cell(e, below + 1, t, &s->above[t], err));
  s->task[t] = (ThresholdTask){e->spec->task[t].metric[0], count, s->cosine[t], s->below[t].sums,
                               s->above[t].sums};
  return STATUS_OK;
}

static Status score_tasks(Scored *s, Evaluation *e, int below, Error *err) {
  const RouterSettings *router = &e->spec->method[below]->router;
  GlobalRouter *g;
  Pool *pool;
  TRY(evaluation_pool(e, e->spec->method[below], &pool, err));
  TRY(global_router_open(&g, router_own(router, &global_settings), GLOBAL_BY_INSTRUCTION, pool,
                         &e->base, (int)e->spec->settings.threads, err));
  Status status = STATUS_OK;
  for (int t = 0; t < s->tasks && status == STATUS_OK; t++)
    status = score_task(s, e, below, t, g, pool_count(pool), err);
  global_router_close(g);
  return status;
}

/* ---- the choice ---- */

static json_t *curve_json(const ThresholdCurve *c) {
  json_t *list = json_array();
  int64_t step = c->points / CURVE_MOST + 1;
  for (int64_t i = 0; i < c->points; i++) {
    if (i % step != 0 && i != c->best && i != c->points - 1) continue;
    json_push(&list, json_pack("[f, f]", c->point[i].threshold, c->point[i].score));
  }
  return list;
}

static json_t *chosen_json(const ThresholdCurve *c, const Scored *s, const EvalSpec *valid) {
  json_t *json = json_object(), *tasks = json_array();
  int64_t items = 0;
  for (int t = 0; t < s->tasks; t++) {
    json_push(&tasks, json_string(valid->task[t].name));
    items += s->task[t].count;
  }
  json_put(&json, "setting", json_string(KEY));
  json_put(&json, "value", json_real(c->point[c->best].threshold));
  json_put(&json, "score", json_real(c->point[c->best].score));
  json_put(&json, "tasks", tasks);
  json_put(&json, "items", json_integer(items));
  json_put(&json, "candidates", json_integer(c->points));
  json_put(&json, "curve", curve_json(c));
  return json;
}

static Status set_choice(EvalMethod *m, const ThresholdCurve *c, const Scored *s,
                         const EvalSpec *valid, Error *err) {
  char text[40];
  spell_number(text, c->point[c->best].threshold);
  m->chosen = chosen_json(c, s, valid);
  return m->chosen ? options_put(&m->set, KEY, text, m->name, err) : no_memory(err);
}

static Status choose_one(Evaluation *valid, int below, EvalMethod *m, Error *err) {
  Scored s;
  ThresholdCurve curve = {0};
  Status status = scored_new(&s, valid->spec->tasks, err);
  if (status == STATUS_OK) status = score_tasks(&s, valid, below, err);
  if (status == STATUS_OK) status = threshold_curve(&curve, s.task, s.tasks, err);
  if (status == STATUS_OK) status = set_choice(m, &curve, &s, valid->spec, err);
  threshold_curve_free(&curve);
  scored_free(&s);
  return status;
}

Status eval_valid_choose(Evaluation *valid, EvalSpec *spec, Error *err) {
  int below = 0;
  for (int m = 0; m < spec->methods; m++) {
    if (!is_chosen(spec->method[m])) continue;
    TRY(choose_one(valid, below, spec->method[m], err));
    below += 2;
  }
  return STATUS_OK;
}

/* ---- telling ---- */

static double point_at(const json_t *curve, size_t i, size_t column) {
  return json_number_value(json_array_get(json_array_get(curve, i), column));
}

void eval_valid_put(const json_t *chosen, void (*put)(FILE *out, const char *text), FILE *out) {
  const json_t *tasks = json_object_get(chosen, "tasks"), *curve = json_object_get(chosen, "curve");
  const size_t last = json_array_size(curve) - 1;
  fprintf(out, "%s %.6g, chosen on %" JSON_INTEGER_FORMAT " validation items of ",
          json_string_value(json_object_get(chosen, "setting")),
          json_number_value(json_object_get(chosen, "value")),
          json_integer_value(json_object_get(chosen, "items")));
  for (size_t i = 0; i < json_array_size(tasks); i++) {
    if (i) fputs(", ", out);
    put(out, json_string_value(json_array_get(tasks, i)));
  }
  fprintf(out, ": %.1f (at %.6g: %.1f, at %.6g: %.1f; %" JSON_INTEGER_FORMAT " candidates)",
          json_number_value(json_object_get(chosen, "score")), point_at(curve, 0, 0),
          point_at(curve, 0, 1), point_at(curve, last, 0), point_at(curve, last, 1),
          json_integer_value(json_object_get(chosen, "candidates")));
}
