/* Entropy of routing against depth. */
#include <math.h>

#include "infer/t5/t5_group.h"
#include "tools/plot/figure_parts.h"
#include "tools/plot/plot.h"
#include "tools/plot/plot_row.h"
#include "tools/plot/routing_figures.h"

/* The mean and deviation of the entropy over the modules [first, end) that are of `group`. */
static Spread entropy_spread(const RoutingModule *m, int first, int end, int group, int *count) {
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
  while (end < f->modules && routing_same_block(&f->module[first], &f->module[end])) end++;
  return end;
}

static bool has_group(const RoutingFile *f, int group) {
  for (int i = 0; i < f->modules; i++)
    if (f->module[i].group == group) return true;
  return false;
}

/* A line a block that has modules of the group. */
static void put_group(FILE *out, const RoutingFile *f, int group) {
  char text[32];
  PlotRow row = plot_row(out);
  for (int first = 0, end, position = 0; first < f->modules; first = end, position++) {
    int count;
    end = block_end(f, first);
    Spread spread = entropy_spread(f->module, first, end, group, &count);
    if (count == 0) continue;
    row_int(&row, position);
    row_text(&row, routing_stack(&f->module[first]));
    row_int(&row, f->module[first].block);
    row_text(&row, routing_group_words(group, text));
    row_int(&row, count);
    row_number(&row, spread.mean);
    row_number(&row, spread.deviation);
    row_end(&row);
  }
}

/* Groups are blocks of lines with two blank lines between them, which is what gnuplot's `index`
 * counts. */
static void entropy_data(FILE *out, const void *arg) {
  const RoutingFile *f = arg;
  bool some = false;
  fputs("position\tstack\tblock\tgroup\tmodules\tmean\tdeviation\n", out);
  for (int g = 0; g < T5_GROUPS; g++) {
    if (!has_group(f, g)) continue;
    if (some) fputs("\n\n", out);
    some = true;
    put_group(out, f, g);
  }
}

static void write_positions(FILE *out, const RoutingFile *f) {
  int positions = 0, encoder = 0;
  for (int first = 0; first < f->modules; first = block_end(f, first), positions++)
    encoder += !f->module[first].in_decoder;
  fprintf(out, "positions = %d\nencoder_blocks = %d\n", positions, encoder);
  PlotRow row = plot_array(out, "block[positions]");
  for (int first = 0; first < f->modules; first = block_end(f, first)) {
    char text[16];
    snprintf(text, sizeof text, "%d", f->module[first].block);
    row_tic(&row, text, PLOT_LABEL);
  }
  row_end(&row);
}

static void write_groups(FILE *out, const RoutingFile *f) {
  int groups = 0;
  char text[32];
  for (int g = 0; g < T5_GROUPS; g++) groups += has_group(f, g);
  fprintf(out, "groups = %d\n", groups);
  PlotRow row = plot_array(out, "group[%d]", groups);
  for (int g = 0; g < T5_GROUPS; g++) {
    if (has_group(f, g)) row_quoted(&row, routing_group_words(g, text), PLOT_LABEL);
  }
  row_end(&row);
  row = plot_array(out, "group_number[groups]");
  for (int g = 0; g < T5_GROUPS; g++) {
    if (has_group(f, g)) row_int(&row, g + 1);
  }
  row_end(&row);
}

static void entropy_settings(FILE *out, const void *arg) {
  const RoutingFile *f = arg;
  figure_title(out, "Routing entropy by depth", f, "; mean and standard deviation over modules");
  fprintf(out, "experts = %d\n", f->experts);
  write_positions(out, f);
  write_groups(out, f);
}

Status figure_entropy(const RoutingLook *look, const char *name, const RoutingFile *f, Error *err) {
  Figure figure = {name, entropy_data, entropy_settings, f, plot_entropy_script};
  return plot_figure(look->made, &figure, err);
}
