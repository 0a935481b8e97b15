/* eval_columns: a table of texts, in aligned columns, as Markdown or as LaTeX. The first column is names,
 * the others are numbers as somebody has printed them. */
#ifndef SKEIN_EVAL_COLUMNS_H
#define SKEIN_EVAL_COLUMNS_H

#include <stdio.h>

#include "autograd/ground/status.h"

enum { COLUMNS_MOST = 12 };

typedef struct Columns {
  int cols;    /* COLUMNS_MOST at most */
  char **text; /* [rows, cols] owned; the first row is the head */
  int rows;
} Columns;

/* Adds a row of copies; NULL is "". Free with columns_free whatever is returned. */
Status columns_add(Columns *c, const char *const *text, Error *err);
void columns_free(Columns *c); /* zeroed Columns are allowed */

void columns_text(const Columns *c, FILE *out);
void columns_markdown(const Columns *c, FILE *out);
void columns_latex(const Columns *c, FILE *out); /* a tabular of booktabs */

#endif
