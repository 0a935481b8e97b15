#include "infer/eval/eval_form.h"

#include "autograd/ground/visible.h"
#include "infer/eval/eval_spell.h"

const TableForm form_text = {
    .columns = columns_text, .grid = grid_text, .put = visible_put, "", "\n", "", ""};
const TableForm form_markdown = {.columns = columns_markdown,
                                 .grid = grid_markdown,
                                 .put = markdown_put,
                                 "**",
                                 "**\n\n",
                                 "",
                                 "\n"};
const TableForm form_latex = {.columns = columns_latex,
                              .grid = grid_latex,
                              .put = latex_put,
                              "\\begin{table}\n\\centering\n\\caption{",
                              "}\n",
                              "\\end{table}\n",
                              "% "};

void form_table(const TableForm *form, const char *title, const Columns *columns, FILE *out) {
  fputs(form->title, out);
  form->put(out, title);
  fputs(form->title_end, out);
  form->columns(columns, out);
  fputs(form->end, out);
}
