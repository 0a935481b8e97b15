/* chart: lines over an axis as an SVG. Every point has a title with its numbers, which a pointer
 * shows. */
#ifndef SKEIN_CHART_H
#define SKEIN_CHART_H

#include <stdbool.h>
#include <stdio.h>

typedef struct ChartPoint {
  double x, y;      /* y NaN: there is none, and the line breaks */
  double low, high; /* NaN: no interval */
} ChartPoint;

typedef struct ChartLine {
  const char *name;
  int colour; /* of the palette, from 0 on; used again behind the last */
  bool dashed;
  const ChartPoint *point; /* [points] by x */
  int points;
} ChartLine;

enum { CHART_COLOURS = 8 };

typedef struct Chart {
  const char *label;           /* what it shows, for who cannot see it */
  const char *x_name, *y_name; /* of the axes */
  const ChartLine *line;       /* [lines] */
  int lines;
  /* Marks of the x axis: `ticks` places with their texts; 0: round numbers. */
  const double *tick;
  const char *const *tick_text;
  int ticks;
  double from, to; /* of the y axis; from < to */
  bool log;        /* the y axis is logarithmic; then from > 0 */
} Chart;

void chart_put(FILE *out, const Chart *chart);
/* The names of the lines beside their colours. */
void chart_put_legend(FILE *out, const Chart *chart);

#endif
