#include "infer/eval/eval_columns.h"

#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "autograd/ground/visible.h"
#include "infer/eval/eval_spell.h"

static char *text_at(const Columns *c, int row, int col) {
  return c->text[(size_t)row * (size_t)c->cols + (size_t)col];
}

Status columns_add(Columns *c, const char *const *text, Error *err) {
  const size_t count = (size_t)c->rows * (size_t)c->cols;
  char **grown = array_grow(c->text, count, (size_t)c->cols, sizeof *grown);
  bool whole = grown != NULL;
  if (grown) c->text = grown, c->rows++;
  for (int i = 0; grown && i < c->cols; i++) {
    grown[count + (size_t)i] = strdup(text[i] ? text[i] : "");
    whole = whole && grown[count + (size_t)i];
  }
  return whole ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: a table");
}

void columns_free(Columns *c) {
  for (int i = 0; i < c->rows * c->cols; i++) free(c->text[i]);
  free(c->text);
  *c = (Columns){0};
}

void columns_text(const Columns *c, FILE *out) {
  size_t width[COLUMNS_MOST] = {0};
  for (int r = 0; r < c->rows; r++) {
    for (int i = 0; i < c->cols; i++) {
      const size_t columns = visible_columns(text_at(c, r, i));
      if (columns > width[i]) width[i] = columns;
    }
  }
  for (int r = 0; r < c->rows; r++) {
    int last = c->cols - 1; /* that is not empty: no blanks at the end of a line */
    while (last > 0 && !*text_at(c, r, last)) last--;
    for (int i = 0; i <= last; i++) {
      if (i) fputs("  ", out);
      visible_pad(out, text_at(c, r, i), width[i], i > 0);
    }
    fputc('\n', out);
  }
}

void columns_markdown(const Columns *c, FILE *out) {
  for (int r = 0; r < c->rows; r++) {
    for (int i = 0; i < c->cols; i++) {
      fputs(i ? " | " : "| ", out);
      markdown_put(out, text_at(c, r, i));
    }
    fputs(" |\n", out);
    for (int i = 0; i < c->cols && r == 0; i++) fputs(i ? "--:|" : "|---|", out);
    if (r == 0) fputc('\n', out);
  }
}

void columns_latex(const Columns *c, FILE *out) {
  fputs("\\begin{tabular}{l", out);
  for (int i = 1; i < c->cols; i++) fputc('r', out);
  fputs("}\n\\toprule\n", out);
  for (int r = 0; r < c->rows; r++) {
    for (int i = 0; i < c->cols; i++) {
      if (i) fputs(" & ", out);
      latex_put(out, text_at(c, r, i));
    }
    fputs(r ? " \\\\\n" : " \\\\\n\\midrule\n", out);
  }
  fputs("\\bottomrule\n\\end{tabular}\n", out);
}
