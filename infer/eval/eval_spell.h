/* eval_spell: text that somebody else chose (names, groups) in the tables' Markdown and LaTeX. What
 * means something there is spelt so that it does not; what may not be shown (visible.h) is replaced.
 * In CSV it is data/text/csv.h, in plain text visible.h that does so. */
#ifndef SKEIN_EVAL_SPELL_H
#define SKEIN_EVAL_SPELL_H

#include <stdio.h>

/* Within a line: no mark-up, no link, no end of a table's cell, no HTML. */
void markdown_put(FILE *out, const char *text);
/* Within a paragraph, a caption or a table: no command, no comment, nothing that a line end before
 * it would take for its argument ([ and *). */
void latex_put(FILE *out, const char *text);

#endif
