/* heat_map: a matrix of values from 0 on as an SVG: a cell's colour is as strong as the square root
 * of its value, so that small ones can be told apart, and its title, which a pointer shows, says
 * row, column and number. */
#ifndef SKEIN_HEAT_MAP_H
#define SKEIN_HEAT_MAP_H

#include <stdbool.h>
#include <stdio.h>

#include "tools/plot/plot_labels.h"

typedef enum HeatMark { HEAT_PLAIN, HEAT_FRAME, HEAT_DASHED } HeatMark;

/* A block of columns, which belongs to a stack of blocks. */
typedef struct ColumnBlock {
  const char *stack; /* "encoder" */
  int number;
} ColumnBlock;

typedef struct HeatMap {
  const char *label; /* what it shows, for who cannot see it */
  int rows, columns;
  double largest; /* the value of the strongest colour; above 0 */
  LabelAt *row, *column;
  double (*value)(const void *arg, int row, int column);  /* NaN: there is none */
  HeatMark (*mark)(const void *arg, int row, int column); /* NULL: none is marked */
  /* Whether a row begins a group: a gap parts it from the one before. NULL: none does. */
  bool (*row_begins)(const void *arg, int row);
  /* Of columns too many for names: the block that a column is of. Blocks are apart, and over each
   * stands its number. NULL: over every column stands its name. */
  ColumnBlock (*block)(const void *arg, int column);
  const void *arg;
} HeatMap;

void heat_map_put(FILE *out, const HeatMap *map);

#endif
