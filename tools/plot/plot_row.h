/* plot_row: values in a row, with what stands between them: a line of a data file, or an array of a
 * script. */
#ifndef SKEIN_PLOT_ROW_H
#define SKEIN_PLOT_ROW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct PlotRow {
  FILE *out;
  const char *between, *end;
  bool begun; /* a value was written since the last end */
} PlotRow;

/* A line of a data file, tabs between its values. After row_end it serves for the next line. */
PlotRow plot_row(FILE *out);
/* Begins "array HEAD = [", where HEAD is a name and its size: "label[3]". */
PlotRow plot_array(FILE *out, const char *head, ...) __attribute__((format(printf, 2, 3)));

void row_text(PlotRow *row, const char *text);             /* as plot_field */
void row_quoted(PlotRow *row, const char *text, int most); /* as plot_quote_short */
void row_tic(PlotRow *row, const char *text, int most);    /* as plot_quote_tic, in the middle */
void row_tic_cut(PlotRow *row, const char *text, int most, int head);
void row_int(PlotRow *row, int64_t value);
void row_number(PlotRow *row, double value); /* as plot_number */
void row_end(PlotRow *row);

#endif
