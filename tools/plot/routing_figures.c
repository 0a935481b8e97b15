#include "tools/plot/routing_figures.h"

#include <string.h>

#include "infer/t5/t5_group.h"
#include "tools/plot/figure_parts.h"
#include "tools/plot/plot.h"
#include "tools/plot/plot_row.h"

/* What a figure of one task is of. */
typedef struct OneTask {
  const RoutingFile *f;
  Statistic what;
} OneTask;

/* Module x expert. */

static void put_module(PlotRow *row, const RoutingModule *m) {
  char text[32];
  row_text(row, m->name);
  row_text(row, routing_stack(m));
  row_int(row, m->block);
  row_text(row, routing_group_words(m->group, text));
  row_text(row, m->role);
  snprintf(text, sizeof text, "%.0f", m->tokens);
  row_text(row, text);
}

static void modules_data(FILE *out, const void *arg) {
  const OneTask *one = arg;
  PlotRow row = plot_row(out);
  fputs("row\tmodule\tstack\tblock\tgroup\trole\ttokens\tcolumn\texpert\tvalue\n", out);
  for (int i = 0; i < one->f->modules; i++) {
    const RoutingModule *m = &one->f->module[i];
    for (int e = 0; e < one->f->experts; e++) {
      row_int(&row, i);
      put_module(&row, m);
      row_int(&row, e);
      row_text(&row, one->f->expert[e]);
      row_number(&row, m->value[one->what][e]);
      row_end(&row);
    }
  }
}

/* "self q": the group without its stack, then the role. */
static void write_roles(FILE *out, const RoutingFile *f) {
  fprintf(out, "rows = %d\n", f->modules);
  PlotRow row = plot_array(out, "role[rows]");
  for (int i = 0; i < f->modules; i++) {
    char text[64];
    const RoutingModule *m = &f->module[i];
    snprintf(text, sizeof text, "%s %s", strchr(T5_GROUP[m->group], '.') + 1, m->role);
    row_tic(&row, text, PLOT_LABEL);
  }
  row_end(&row);
}

/* The rows at which blocks begin, and behind them the number of rows. */
static void write_bands(FILE *out, const RoutingFile *f) {
  int bands = 0, stack_first = -1;
  for (int i = 0; i < f->modules; i++) {
    bool begins = i == 0 || !routing_same_block(&f->module[i - 1], &f->module[i]);
    bands += begins;
    if (begins && i && !f->module[i - 1].in_decoder && f->module[i].in_decoder) stack_first = i;
  }
  fprintf(out, "stack_first = %d\nbands = %d\n", stack_first, bands);
  PlotRow row = plot_array(out, "band[bands]");
  for (int i = 0; i < f->modules; i++) {
    char text[32];
    const RoutingModule *m = &f->module[i];
    if (i && routing_same_block(m - 1, m)) continue;
    snprintf(text, sizeof text, "%s %d", routing_stack(m), m->block);
    row_quoted(&row, text, PLOT_LABEL);
  }
  row_end(&row);
  row = plot_array(out, "band_first[bands + 1]");
  for (int i = 0; i < f->modules; i++) {
    if (i == 0 || !routing_same_block(&f->module[i - 1], &f->module[i])) row_int(&row, i);
  }
  row_int(&row, f->modules);
  row_end(&row);
}

static void modules_settings(FILE *out, const void *arg) {
  const OneTask *one = arg;
  char heading[96];
  snprintf(heading, sizeof heading, "Routing by module and expert: %s", statistic_words(one->what));
  figure_title(out, heading, one->f->task, one->f->method, one->f->pool, "");
  figure_statistic(out, one->what);
  figure_expert_names(out, one->f);
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
  PlotRow row = plot_row(out);
  fputs("column\texpert\tmean\tdeviation\town\n", out);
  for (int e = 0; e < one->f->experts; e++) {
    Spread spread = routing_file_spread(one->f, one->what, e);
    row_int(&row, e);
    row_text(&row, one->f->expert[e]);
    row_number(&row, spread.mean);
    row_number(&row, spread.deviation);
    row_int(&row, e == own);
    row_end(&row);
  }
}

static void experts_settings(FILE *out, const void *arg) {
  const OneTask *one = arg;
  char heading[96], rest[96];
  snprintf(heading, sizeof heading, "Routing by expert: %s", statistic_words(one->what));
  snprintf(rest, sizeof rest, "; mean and standard deviation over %d modules", one->f->modules);
  figure_title(out, heading, one->f->task, one->f->method, one->f->pool, rest);
  figure_statistic(out, one->what);
  figure_expert_names(out, one->f);
}

Status figure_experts(const char *dir, const char *name, const RoutingFile *f, Statistic what,
                      Error *err) {
  OneTask one = {f, what};
  Figure figure = {name, experts_data, experts_settings, &one, plot_experts_script};
  return plot_figure(dir, &figure, err);
}
