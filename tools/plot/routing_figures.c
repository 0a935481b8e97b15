#include "tools/plot/routing_figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/plot/plot.h"

static const char *statistic_words(Statistic what) {
  static const char *const words[] = {"weight (mean softmax before selection)",
                                      "share of (token, expert) pairs", "top1 (share of tokens)"};
  return words[what];
}

/* The lines above a figure; without a task `method` is in words. */
static void write_title(FILE *out, const char *heading, const char *task, const char *method,
                        const char *pool, const char *rest) {
  fputs("heading = ", out);
  plot_quote(out, heading);
  fputs("\nsubtitle = ", out);
  if (task) fputs("'task '.", out), plot_quote_short(out, task, 60), fputs(".', '.", out);
  fputs(task ? "'method '." : "", out);
  plot_quote_short(out, method, 132);
  fputs(".', pool '.", out);
  plot_quote_short(out, pool, 60);
  fputc('.', out);
  plot_quote(out, rest);
  fputc('\n', out);
}

static void write_experts(FILE *out, const RoutingFile *f) {
  fprintf(out, "experts = %d\n", f->experts);
  plot_labels(out, "expert", f->expert, f->experts);
}

static void write_statistic(FILE *out, Statistic what) {
  fputs("statistic = ", out);
  plot_quote(out, statistic_name(what));
  fputc('\n', out);
}

/* What a figure of one task is of. */
typedef struct OneTask {
  const RoutingFile *f;
  Statistic what;
} OneTask;

static bool in_decoder(const RoutingModule *m) {
  return m->group >= DECODER_SELF;
}

static bool same_block(const RoutingModule *a, const RoutingModule *b) {
  return in_decoder(a) == in_decoder(b) && a->block == b->block;
}

static const char *stack_name(const RoutingModule *m) {
  return in_decoder(m) ? "decoder" : "encoder";
}

/* Module x expert. */

static void modules_data(FILE *out, const void *arg) {
  const OneTask *one = arg;
  fputs("row\tmodule\tstack\tblock\tgroup\trole\ttokens\tcolumn\texpert\tvalue\n", out);
  for (int i = 0; i < one->f->modules; i++) {
    const RoutingModule *m = &one->f->module[i];
    for (int e = 0; e < one->f->experts; e++) {
      fprintf(out, "%d\t%s\t%s\t%d\t%s\t%s\t%.0f\t%d\t", i, m->name, stack_name(m), m->block,
              MODULE_GROUP[m->group], m->role, m->tokens, e);
      plot_field(out, one->f->expert[e]);
      fputc('\t', out);
      plot_number(out, m->value[one->what][e]);
      fputc('\n', out);
    }
  }
}

/* "self q": the group without its stack, then the role. */
static void write_roles(FILE *out, const RoutingFile *f) {
  fprintf(out, "rows = %d\narray role[rows] = [", f->modules);
  for (int i = 0; i < f->modules; i++) {
    const RoutingModule *m = &f->module[i];
    fprintf(out, "%s'%s %s'", i ? ", " : "", strchr(MODULE_GROUP[m->group], ' ') + 1, m->role);
  }
  fputs("]\n", out);
}

/* The rows at which blocks begin, and behind them the number of rows. */
static void write_bands(FILE *out, const RoutingFile *f) {
  int bands = 0, stack_first = -1;
  for (int i = 0; i < f->modules; i++) {
    bool begins = i == 0 || !same_block(&f->module[i - 1], &f->module[i]);
    bands += begins;
    if (begins && i && !in_decoder(&f->module[i - 1]) && in_decoder(&f->module[i])) stack_first = i;
  }
  fprintf(out, "stack_first = %d\nbands = %d\narray band[bands] = [", stack_first, bands);
  for (int i = 0; i < f->modules; i++) {
    const RoutingModule *m = &f->module[i];
    if (i && same_block(m - 1, m)) continue;
    fprintf(out, "%s'%s %d'", i ? ", " : "", stack_name(m), m->block);
  }
  fputs("]\narray band_first[bands + 1] = [", out);
  for (int i = 0; i < f->modules; i++)
    if (i == 0 || !same_block(&f->module[i - 1], &f->module[i])) fprintf(out, "%d, ", i);
  fprintf(out, "%d]\n", f->modules);
}

static void modules_settings(FILE *out, const void *arg) {
  const OneTask *one = arg;
  char heading[96];
  snprintf(heading, sizeof heading, "Routing by module and expert: %s", statistic_words(one->what));
  write_title(out, heading, one->f->task, one->f->method, one->f->pool, "");
  write_statistic(out, one->what);
  write_experts(out, one->f);
  write_roles(out, one->f);
  write_bands(out, one->f);
}

Status figure_modules(const char *dir, const char *name, const RoutingFile *f, Statistic what,
                      Error *err) {
  OneTask one = {f, what};
  Figure figure = {name, modules_data, modules_settings, &one, plot_modules_script};
  return plot_figure(dir, &figure, err);
}

/* A bar an expert. */

static void experts_data(FILE *out, const void *arg) {
  const OneTask *one = arg;
  int own = routing_own_expert(one->f);
  fputs("column\texpert\tmean\tdeviation\town\n", out);
  for (int e = 0; e < one->f->experts; e++) {
    Spread spread = routing_file_spread(one->f, one->what, e);
    fprintf(out, "%d\t", e);
    plot_field(out, one->f->expert[e]);
    fputc('\t', out), plot_number(out, spread.mean);
    fputc('\t', out), plot_number(out, spread.deviation);
    fprintf(out, "\t%d\n", e == own);
  }
}

static void experts_settings(FILE *out, const void *arg) {
  const OneTask *one = arg;
  char heading[96], rest[96];
  snprintf(heading, sizeof heading, "Routing by expert: %s", statistic_words(one->what));
  snprintf(rest, sizeof rest, "; mean and standard deviation over %d modules", one->f->modules);
  write_title(out, heading, one->f->task, one->f->method, one->f->pool, rest);
  write_statistic(out, one->what);
  write_experts(out, one->f);
}

Status figure_experts(const char *dir, const char *name, const RoutingFile *f, Statistic what,
                      Error *err) {
  OneTask one = {f, what};
  Figure figure = {name, experts_data, experts_settings, &one, plot_experts_script};
  return plot_figure(dir, &figure, err);
}

/* Entropy against depth. */

/* The mean and deviation of the entropy over the modules [first, end) that are of `group`. */
static Spread entropy_spread(const RoutingModule *m, int first, int end, ModuleGroup group,
                             int *count) {
  double sum = 0, squares = 0;
  *count = 0;
  for (int i = first; i < end; i++)
    if (m[i].group == group) sum += m[i].entropy, ++*count;
  double mean = *count ? sum / *count : NAN;
  for (int i = first; i < end; i++)
    if (m[i].group == group) squares += (m[i].entropy - mean) * (m[i].entropy - mean);
  return (Spread){mean, *count ? sqrt(squares / *count) : NAN};
}

/* One past the last module of the block that `first` is in. */
static int block_end(const RoutingFile *f, int first) {
  int end = first + 1;
  while (end < f->modules && same_block(&f->module[first], &f->module[end])) end++;
  return end;
}

static bool has_group(const RoutingFile *f, ModuleGroup group) {
  for (int i = 0; i < f->modules; i++)
    if (f->module[i].group == group) return true;
  return false;
}

/* Groups are blocks of lines with two blank lines between them, which is what gnuplot's `index`
 * counts. */
static void entropy_data(FILE *out, const void *arg) {
  const RoutingFile *f = ((const OneTask *)arg)->f;
  bool some = false;
  fputs("position\tstack\tblock\tgroup\tmodules\tmean\tdeviation\n", out);
  for (ModuleGroup g = 0; g < MODULE_GROUPS; g++) {
    if (!has_group(f, g)) continue;
    if (some) fputs("\n\n", out);
    some = true;
    for (int first = 0, end, position = 0; first < f->modules; first = end, position++) {
      int count;
      end = block_end(f, first);
      Spread spread = entropy_spread(f->module, first, end, g, &count);
      if (count == 0) continue;
      fprintf(out, "%d\t%s\t%d\t%s\t%d\t", position, stack_name(&f->module[first]),
              f->module[first].block, MODULE_GROUP[g], count);
      plot_number(out, spread.mean);
      fputc('\t', out), plot_number(out, spread.deviation);
      fputc('\n', out);
    }
  }
}

static void write_positions(FILE *out, const RoutingFile *f) {
  int positions = 0, encoder = 0;
  for (int first = 0; first < f->modules; first = block_end(f, first), positions++)
    encoder += !in_decoder(&f->module[first]);
  fprintf(out, "positions = %d\nencoder_blocks = %d\narray block[positions] = [", positions,
          encoder);
  for (int first = 0; first < f->modules; first = block_end(f, first))
    fprintf(out, "%s'%d'", first ? ", " : "", f->module[first].block);
  fputs("]\n", out);
}

static void write_groups(FILE *out, const RoutingFile *f) {
  const char *name[MODULE_GROUPS];
  int number[MODULE_GROUPS], groups = 0;
  for (ModuleGroup g = 0; g < MODULE_GROUPS; g++) {
    if (!has_group(f, g)) continue;
    name[groups] = MODULE_GROUP[g];
    number[groups++] = (int)g + 1;
  }
  fprintf(out, "groups = %d\n", groups);
  plot_texts(out, "group", name, groups, PLOT_LABEL);
  fputs("array group_number[groups] = [", out);
  for (int i = 0; i < groups; i++) fprintf(out, "%s%d", i ? ", " : "", number[i]);
  fputs("]\n", out);
}

static void entropy_settings(FILE *out, const void *arg) {
  const RoutingFile *f = ((const OneTask *)arg)->f;
  write_title(out, "Routing entropy by depth", f->task, f->method, f->pool,
              "; mean and standard deviation over modules");
  fprintf(out, "experts = %d\n", f->experts);
  write_positions(out, f);
  write_groups(out, f);
}

Status figure_entropy(const char *dir, const char *name, const RoutingFile *f, Error *err) {
  OneTask one = {f, STATISTIC_WEIGHT};
  Figure figure = {name, entropy_data, entropy_settings, &one, plot_entropy_script};
  return plot_figure(dir, &figure, err);
}

/* Task x expert. */

typedef struct Tasks {
  const RoutingFile *const *first, *const *second;
  int tasks;
  Statistic what;
} Tasks;

int routing_own_expert(const RoutingFile *f) {
  for (int e = 0; e < f->experts; e++)
    if (strcmp(f->expert[e], f->task) == 0) return e;
  return -1;
}

static void tasks_data(FILE *out, const void *arg) {
  const Tasks *t = arg;
  fputs("row\ttask\tcolumn\texpert\t", out);
  plot_field(out, t->first[0]->method);
  if (t->second) {
    fputc('\t', out), plot_field(out, t->second[0]->method);
    fputs("\tdifference", out);
  }
  fputc('\n', out);
  for (int i = 0; i < t->tasks; i++) {
    for (int e = 0; e < t->first[i]->experts; e++) {
      double a = routing_file_spread(t->first[i], t->what, e).mean;
      fprintf(out, "%d\t", i), plot_field(out, t->first[i]->task);
      fprintf(out, "\t%d\t", e), plot_field(out, t->first[i]->expert[e]);
      fputc('\t', out), plot_number(out, a);
      if (t->second) {
        double b = routing_file_spread(t->second[i], t->what, e).mean;
        fputc('\t', out), plot_number(out, b);
        fputc('\t', out), plot_number(out, a - b);
      }
      fputc('\n', out);
    }
  }
}

static void write_tasks(FILE *out, const Tasks *t) {
  size_t most = 0;
  int held_in = 0;
  fprintf(out, "rows = %d\narray task[rows] = [", t->tasks);
  for (int i = 0; i < t->tasks; i++) {
    if (i) fputs(", ", out);
    plot_quote_short(out, t->first[i]->task, PLOT_LABEL);
    if (strlen(t->first[i]->task) > most) most = strlen(t->first[i]->task);
    held_in += routing_own_expert(t->first[i]) >= 0;
  }
  fputs("]\narray own[rows] = [", out);
  for (int i = 0; i < t->tasks; i++)
    fprintf(out, "%s%d", i ? ", " : "", routing_own_expert(t->first[i]));
  fprintf(out, "]\nheld_in = %d\ntask_longest = %d\n", held_in,
          most > PLOT_LABEL ? PLOT_LABEL : (int)most);
}

static void tasks_settings(FILE *out, const void *arg) {
  const Tasks *t = arg;
  char heading[96], method[256];
  const char *a = t->first[0]->method, *b = t->second ? t->second[0]->method : NULL;
  snprintf(heading, sizeof heading, "Routing by task and expert: %s", statistic_words(t->what));
  snprintf(method, sizeof method, b ? "methods %.60s and %.60s" : "method %.60s", a, b ? b : "");
  write_title(out, heading, NULL, method, t->first[0]->pool,
              "; mean over modules; frame: the task's own expert");
  write_statistic(out, t->what);
  write_experts(out, t->first[0]);
  write_tasks(out, t);
  if (b) snprintf(method, sizeof method, "%.60s minus %.60s", a, b);
  const char *const panel[] = {a, b ? b : "", method};
  fprintf(out, "panels = %d\n", b ? 3 : 1);
  plot_texts(out, "panel", panel, 3, 48);
}

Status figure_tasks(const char *dir, const char *name, const RoutingFile *const *first,
                    const RoutingFile *const *second, int tasks, Statistic what, Error *err) {
  Tasks t = {first, second, tasks, what};
  Figure figure = {name, tasks_data, tasks_settings, &t, plot_tasks_script};
  return plot_figure(dir, &figure, err);
}
