#include "tools/plot/plot_row.h"

#include <inttypes.h>
#include <stdarg.h>

#include "tools/plot/plot_text.h"

PlotRow plot_row(FILE *out) {
  return (PlotRow){.out = out, .between = "\t", .end = "\n"};
}

PlotRow plot_array(FILE *out, const char *head, ...) {
  va_list args;
  va_start(args, head);
  fputs("array ", out);
  vfprintf(out, head, args);
  fputs(" = [", out);
  va_end(args);
  return (PlotRow){.out = out, .between = ", ", .end = "]\n"};
}

static FILE *next_value(PlotRow *row) {
  if (row->begun) fputs(row->between, row->out);
  row->begun = true;
  return row->out;
}

void row_text(PlotRow *row, const char *text) {
  plot_field(next_value(row), text);
}

void row_quoted(PlotRow *row, const char *text, int most) {
  plot_quote_short(next_value(row), text, most);
}

void row_tic(PlotRow *row, const char *text, int most) {
  row_tic_cut(row, text, most, PLOT_MIDDLE(most));
}

void row_tic_cut(PlotRow *row, const char *text, int most, int head) {
  plot_quote_tic(next_value(row), text, most, head);
}

void row_int(PlotRow *row, int64_t value) {
  fprintf(next_value(row), "%" PRId64, value);
}

void row_number(PlotRow *row, double value) {
  plot_number(next_value(row), value);
}

void row_end(PlotRow *row) {
  fputs(row->end, row->out);
  row->begun = false;
}
