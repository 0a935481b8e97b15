/* plot_text: single values as gnuplot reads them: the one place where text that somebody else chose
 * enters a script or a data file of a figure.
 *
 * In a script a text is a string in double quotes in which whatever gnuplot, or the shell behind
 * it, could take for more than a character (quotes, backslashes, backquotes, @ of its macros, which
 * it replaces inside of strings, too) is written as an octal escape. Terminals are set to
 * `noenhanced`, so that {}, _ and ^ are characters. What may not be shown (visible.h) is replaced. */
#ifndef SKEIN_PLOT_TEXT_H
#define SKEIN_PLOT_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "autograd/ground/visible.h"

/* `text` as a gnuplot string expression. */
void plot_quote(FILE *out, const char *text);

enum { PLOT_LABEL = 32 }; /* characters of a name beside an axis */
#define PLOT_MIDDLE(most) ((most) / 2)
/* The characters of `text`, at most `most`. */
int plot_characters(const char *text, int most);
/* At most `most` characters of `text` as plot_quote, with an ellipsis for its middle where it is
 * longer. */
void plot_quote_short(FILE *out, const char *text, int most);
/* The same for the label of a tic, where gnuplot reads formats of numbers: 100% is 100%%. Of a text
 * that is longer, `head` characters (PLOT_MIDDLE) stand before the ellipsis. */
void plot_quote_tic(FILE *out, const char *text, int most, int head);
/* The same for whatever else shows names, which spells them in its way (visible_spell). */
void plot_spell_cut(FILE *out, const char *text, int most, int head,
                    const char *const special[VISIBLE_ASCII]);
/* Whether two texts differ, but would look alike so. */
bool plot_cut_alike(const char *a, const char *b, int most, int head);

/* `text` as a field of a .tsv, in quotes and with its own doubled, as in CSV (RFC 4180), where
 * gnuplot would take it for a quoted one or for a comment. */
void plot_field(FILE *out, const char *text);
/* A number, or NaN, with the digits to read it back exactly as f32. */
void plot_number(FILE *out, double x);

#endif
