/* eval_form: how tables are put as text, as Markdown and as LaTeX. */
#ifndef SKEIN_EVAL_FORM_H
#define SKEIN_EVAL_FORM_H

#include "infer/eval/eval_columns.h"
#include "infer/eval/eval_grid.h"

typedef struct TableForm {
  void (*columns)(const Columns *c, FILE *out);
  Status (*grid)(const Grid *g, const char *name, FILE *out, Error *err); /* with its title */
  void (*put)(FILE *out, const char *text);
  const char *title, *title_end; /* around the title of columns */
  const char *end;               /* behind columns */
  const char *line;              /* before a line of its own */
} TableForm;

extern const TableForm form_text, form_markdown, form_latex;

/* Columns with a title. */
void form_table(const TableForm *form, const char *title, const Columns *columns, FILE *out);

#endif
