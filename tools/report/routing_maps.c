#include "tools/report/routing_maps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/report/heat_map.h"
#include "tools/report/html.h"

enum {
  EXPERTS_MOST = 48,      /* that are shown of a method */
  EXPERTS_LEAST = 8,      /* however many modules there are */
  CELLS_MOST = 8192,      /* experts by modules of a map */
  NUMBERS_MOST = 1 << 21, /* of single tasks, in a page */
  PER_UNIT = 1000,        /* those are written as whole numbers of thousandths */
};

/* ---- which experts ---- */

static int most_shown(const MethodRouting *m) {
  int fit = CELLS_MOST / (m->widest->modules ? m->widest->modules : 1);
  return fit < EXPERTS_LEAST ? EXPERTS_LEAST : fit > EXPERTS_MOST ? EXPERTS_MOST : fit;
}

/* Keeps the experts with the largest sums, of equal ones the earlier. */
static void choose_experts(MethodRouting *m, const double *sum) {
  int experts = m->file->experts, most = most_shown(m);
  for (int e = 0; e < experts; e++) {
    int before = 0;
    for (int k = 0; k < experts && before < most; k++)
      before += sum[k] > sum[e] || (k < e && !(sum[k] < sum[e]));
    if (before < most) m->expert[m->shown++] = e;
  }
  m->rest = m->shown < experts;
}

static Status make_method(MethodRouting *m, Error *err) {
  int experts = m->file->experts;
  double *sum = calloc((size_t)experts, sizeof *sum);
  m->expert = calloc((size_t)experts, sizeof *m->expert);
  m->widest = m->file;
  for (int t = 0; sum && t < m->tasks; t++) {
    const RoutingFile *f = &m->file[t];
    for (int e = 0; e < experts; e++) sum[e] += routing_file_spread(f, STATISTIC_WEIGHT, e).mean;
    if (f->modules > m->widest->modules) m->widest = f;
  }
  if (sum && m->expert) choose_experts(m, sum);
  free(sum);
  return m->shown ? STATUS_OK : error_set(err, STATUS_RUN, "%s: out of memory", m->file->path);
}

static void count_numbers(RoutingMaps *maps) {
  double numbers = 0;
  for (int i = 0; i < maps->methods; i++) {
    const MethodRouting *m = &maps->method[i];
    numbers += (double)m->tasks * (m->shown + m->rest) * m->widest->modules;
  }
  maps->each_task = numbers <= NUMBERS_MOST;
}

Status routing_maps_make(RoutingMaps *maps, const RoutingFile *file, int count, Error *err) {
  *maps = (RoutingMaps){.method = calloc((size_t)count + 1, sizeof *maps->method)};
  if (!maps->method) return error_set(err, STATUS_RUN, "out of memory: routing");
  for (int i = 0; i < count; i++) {
    bool same = i > 0 && strcmp(file[i].method, file[i - 1].method) == 0;
    if (!same) maps->method[maps->methods++].file = &file[i];
    maps->method[maps->methods - 1].tasks++;
    routing_file_largest(&file[i], STATISTIC_WEIGHT, &maps->largest);
  }
  for (int i = 0; i < maps->methods; i++) TRY(make_method(&maps->method[i], err));
  count_numbers(maps);
  return STATUS_OK;
}

void routing_maps_free(RoutingMaps *maps) {
  for (int i = 0; i < maps->methods; i++) free(maps->method[i].expert);
  free(maps->method);
  *maps = (RoutingMaps){0};
}

/* ---- names and numbers ---- */

static const char *expert_name(const void *arg, int i) {
  const MethodRouting *m = arg;
  return i < m->shown ? m->file->expert[m->expert[i]] : "others";
}

static const char *task_name(const void *arg, int task) {
  const MethodRouting *m = arg;
  return m->file[task].task;
}

static const char *module_name(const void *arg, int module) {
  const MethodRouting *m = arg;
  return m->widest->module[module].name;
}

/* The sum over the experts that are not shown, of what `of` says of one. */
static double sum_rest(const MethodRouting *m,
                       double (*of)(const MethodRouting *m, int expert, int a, int b), int a,
                       int b) {
  double sum = 0;
  for (int e = 0, shown = 0; e < m->file->experts; e++) {
    if (shown < m->shown && m->expert[shown] == e) {
      shown++;
    } else {
      sum += of(m, e, a, b);
    }
  }
  return sum;
}

static double task_weight(const MethodRouting *m, int expert, int task, int unused) {
  (void)unused;
  return routing_file_spread(&m->file[task], STATISTIC_WEIGHT, expert).mean;
}

static double task_value(const void *arg, int task, int i) {
  const MethodRouting *m = arg;
  return i < m->shown ? task_weight(m, m->expert[i], task, 0) : sum_rest(m, task_weight, task, 0);
}

/* The module of a file that has the name of column `at`, NULL: the task had no token there. Most
 * have it at the same place. */
static const RoutingModule *find_module(const MethodRouting *m, int task, int at) {
  const RoutingFile *f = &m->file[task];
  const char *name = m->widest->module[at].name;
  if (at < f->modules && strcmp(f->module[at].name, name) == 0) return &f->module[at];
  for (int i = 0; i < f->modules; i++)
    if (strcmp(f->module[i].name, name) == 0) return &f->module[i];
  return NULL;
}

static double cell_weight(const MethodRouting *m, int expert, int task, int module) {
  const RoutingModule *found = find_module(m, task, module);
  return found ? found->value[STATISTIC_WEIGHT][expert] : NAN;
}

static double cell_value(const MethodRouting *m, int i, int task, int module) {
  return i < m->shown ? cell_weight(m, m->expert[i], task, module)
                      : sum_rest(m, cell_weight, task, module);
}

/* The mean over the tasks that have the module. */
static double module_value(const void *arg, int i, int module) {
  const MethodRouting *m = arg;
  double sum = 0;
  int tasks = 0;
  for (int t = 0; t < m->tasks; t++) {
    double value = cell_value(m, i, t, module);
    if (isnan(value)) continue;
    sum += value;
    tasks++;
  }
  return tasks ? sum / tasks : NAN;
}

/* ---- groups and marks ---- */

static bool task_begins(const void *arg, int task) {
  const MethodRouting *m = arg;
  const char *group = m->file[task].group, *before = m->file[task - 1].group;
  return group && before ? strcmp(group, before) != 0 : group != before;
}

static HeatMark task_mark(const void *arg, int task, int i) {
  const MethodRouting *m = arg;
  const RoutingFile *f = &m->file[task];
  if (i >= m->shown) return HEAT_PLAIN;
  if (m->expert[i] == f->own) return HEAT_FRAME;
  return m->expert[i] == f->oracle ? HEAT_DASHED : HEAT_PLAIN;
}

static ColumnBlock module_block(const void *arg, int at) {
  const MethodRouting *m = arg;
  const RoutingModule *module = &m->widest->module[at];
  return (ColumnBlock){module->in_decoder ? "decoder" : "encoder", module->block};
}

/* ---- the page ---- */

static void put_tasks(FILE *out, const RoutingMaps *maps, const MethodRouting *m) {
  const HeatMap map = {.label = "weight of experts by task",
                       .rows = m->tasks,
                       .columns = m->shown + m->rest,
                       .largest = maps->largest.mean > 0 ? maps->largest.mean : 1,
                       .row = task_name,
                       .column = expert_name,
                       .value = task_value,
                       .mark = task_mark,
                       .row_begins = task_begins,
                       .arg = m};
  fputs("<figure><figcaption><b>", out);
  html_text(out, m->file->method);
  fputs("</b></figcaption><div class=\"scroll\">\n", out);
  heat_map_put(out, &map);
  fputs("</div></figure>\n", out);
}

/* The numbers of one task, by expert and module, as whole thousandths; -1: there is none. */
static void put_option(FILE *out, const MethodRouting *m, int task) {
  fputs("<option value=\"", out);
  for (int i = 0; i < m->shown + m->rest; i++) {
    for (int k = 0; k < m->widest->modules; k++) {
      double value = cell_value(m, i, task, k);
      fprintf(out, "%s%d", i || k ? " " : "", isnan(value) ? -1 : (int)lround(PER_UNIT * value));
    }
  }
  fputs("\">", out);
  html_text(out, m->file[task].task);
  fputs("</option>\n", out);
}

static void put_choice(FILE *out, const RoutingMaps *maps, const MethodRouting *m) {
  if (!maps->each_task || m->tasks < 2) return;
  fprintf(
      out,
      "<label>task <select data-largest=\"%.6g\"><option value=\"\">mean of %d tasks</option>\n",
      maps->largest.cell, m->tasks);
  for (int t = 0; t < m->tasks; t++) put_option(out, m, t);
  fputs("</select></label>\n", out);
}

static void put_modules(FILE *out, const RoutingMaps *maps, const MethodRouting *m) {
  const HeatMap map = {.label = "weight of experts by module",
                       .rows = m->shown + m->rest,
                       .columns = m->widest->modules,
                       .largest = maps->largest.cell > 0 ? maps->largest.cell : 1,
                       .row = expert_name,
                       .column = module_name,
                       .value = module_value,
                       .block = module_block,
                       .arg = m};
  fputs("<figure class=\"modules\"><figcaption><b>", out);
  html_text(out, m->file->method);
  fputs("</b> ", out);
  put_choice(out, maps, m);
  fputs("</figcaption><div class=\"scroll\">\n", out);
  heat_map_put(out, &map);
  fputs("</div></figure>\n", out);
}

/* Strengths of colours are square roots: a quarter is in the middle. */
static void put_scale(FILE *out, double largest) {
  fputs("<p class=\"scale\"><i></i><span>0</span><span>", out);
  html_number(out, largest / 4);
  fputs("</span><span>", out);
  html_number(out, largest);
  fputs("</span></p>\n", out);
}

static void put_left_out(FILE *out, const RoutingMaps *maps) {
  for (int i = 0; i < maps->methods; i++) {
    const MethodRouting *m = &maps->method[i];
    if (!m->rest) continue;
    fputs("<p class=\"note\">", out);
    html_text(out, m->file->method);
    fprintf(out,
            ": shown are the %d of %d experts with the largest weights; the others stand together "
            "as <i>others</i>.</p>\n",
            m->shown, m->file->experts);
  }
  if (!maps->each_task)
    fputs(
        "<p class=\"note\">The modules of single tasks are too many numbers for a page; "
        "<code>skein plot routing</code> draws them.</p>\n",
        out);
}

void routing_maps_put(FILE *out, const RoutingMaps *maps) {
  fputs(
      "<h3>Routing by task</h3>\n<p class=\"note\">Mean weight of every expert (softmax over the "
      "experts before any are selected), mean over the modules; numbers are percent. A frame is "
      "around the task's own expert, a dashed one around the expert that an oracle chose.</p>\n",
      out);
  put_left_out(out, maps);
  put_scale(out, maps->largest.mean);
  fputs("<div class=\"maps\">\n", out);
  for (int i = 0; i < maps->methods; i++) put_tasks(out, maps, &maps->method[i]);
  fputs(
      "</div>\n<h3>Routing by module</h3>\n<p class=\"note\">The same weights module by module, in "
      "the order of the forward; numbers over the columns are blocks.</p>\n",
      out);
  put_scale(out, maps->largest.cell);
  for (int i = 0; i < maps->methods; i++) put_modules(out, maps, &maps->method[i]);
}
