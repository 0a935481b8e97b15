/* eval_grid: a table of scores with named rows and columns, as text, Markdown and LaTeX.
 *
 * A score is a percentage with one decimal, and behind it half of its interval, "34.2 ±2.1"; none
 * where the interval is one point. A cell without a score is "failed" or "-"; the best ones are
 * bold, in text marked with a star. A table too wide to be read is turned on its side, and as
 * text cut into blocks of columns. */
#ifndef SKEIN_EVAL_GRID_H
#define SKEIN_EVAL_GRID_H

#include <stdbool.h>
#include <stdio.h>

#include "infer/eval/eval_cell.h"

typedef struct GridValue {
  CellState state; /* only CELL_DONE has a score */
  double score;
  Interval interval; /* of two equal ends: not shown */
  bool best;
} GridValue;

typedef struct Grid {
  char title[320];
  int rows, cols;
  bool signs;              /* scores are differences: "+1.0" */
  bool chances;            /* scores are p: "0.0310" */
  const char **row, **col; /* names, borrowed */
  GridValue *value;        /* [rows, cols] */
} Grid;

enum { GRID_WIDTH = 100, GRID_COLUMNS = 12 }; /* the widest text, the most columns elsewhere */

/* How a p is printed: "0.0310", "<0.0001". */
enum { P_TEXT = 16 };
const char *p_text(double p, char text[P_TEXT]);

/* Values are CELL_UNWANTED and names NULL until they are set. Free with grid_free. */
Status grid_new(Grid *g, int rows, int cols, Error *err);
void grid_free(Grid *g); /* a zeroed Grid is allowed */
GridValue *grid_at(const Grid *g, int row, int col);
/* The rows of g with in[row], with its title. Values are copied. */
Status grid_rows(Grid *out, const Grid *g, const bool *in, Error *err);
Status grid_transpose(Grid *out, const Grid *g, Error *err);

/* `name` heads the row names. */
Status grid_text(const Grid *g, const char *name, FILE *out, Error *err);
Status grid_markdown(const Grid *g, const char *name, FILE *out, Error *err);
Status grid_latex(const Grid *g, const char *name, FILE *out, Error *err);

#endif
