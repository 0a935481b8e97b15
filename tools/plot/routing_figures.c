#include "tools/plot/routing_figures.h"

#include <string.h>

#include "infer/t5/t5_group.h"
#include "tools/plot/figure_parts.h"
#include "tools/plot/plot.h"
#include "tools/plot/plot_row.h"

/* What a figure of one task is of. */
typedef struct OneTask {
  const RoutingFile *f;
  const RoutingLook *look;
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
      row_number(&row, m->value[one->look->what][e]);
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
  snprintf(heading, sizeof heading, "Routing by module and expert: %s",
           statistic_words(one->look->what));
  figure_title(out, heading, one->f, "");
  figure_scale(out, one->look->what, one->look->largest.cell);
  figure_expert_names(out, one->f);
  write_roles(out, one->f);
  write_bands(out, one->f);
}

Status figure_modules(const RoutingLook *look, const char *name, const RoutingFile *f, Error *err) {
  OneTask one = {f, look};
  Figure figure = {name, modules_data, modules_settings, &one, plot_modules_script};
  return plot_figure(look->made, &figure, err);
}

/* A bar an expert. */

static void experts_data(FILE *out, const void *arg) {
  const OneTask *one = arg;
  PlotRow row = plot_row(out);
  fputs("column\texpert\tmean\tdeviation\tmark\n", out);
  for (int e = 0; e < one->f->experts; e++) {
    Spread spread = routing_file_spread(one->f, one->look->what, e);
    row_int(&row, e);
    row_text(&row, one->f->expert[e]);
    row_number(&row, spread.mean);
    row_number(&row, spread.deviation);
    row_text(&row, figure_mark(one->f, e));
    row_end(&row);
  }
}

static void experts_settings(FILE *out, const void *arg) {
  const OneTask *one = arg;
  char heading[96], rest[96];
  snprintf(heading, sizeof heading, "Routing by expert: %s", statistic_words(one->look->what));
  snprintf(rest, sizeof rest, "; mean and standard deviation over %d modules%s", one->f->modules,
           one->f->own >= 0      ? "; orange: the task's own expert"
           : one->f->oracle >= 0 ? "; orange: the oracle's expert"
                                 : "");
  figure_title(out, heading, one->f, rest);
  figure_scale(out, one->look->what, one->look->largest.bar);
  figure_expert_names(out, one->f);
}

Status figure_experts(const RoutingLook *look, const char *name, const RoutingFile *f, Error *err) {
  OneTask one = {f, look};
  Figure figure = {name, experts_data, experts_settings, &one, plot_experts_script};
  return plot_figure(look->made, &figure, err);
}
