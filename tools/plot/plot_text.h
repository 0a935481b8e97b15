/* plot_text: single values as gnuplot reads them. */
#ifndef SKEIN_PLOT_TEXT_H
#define SKEIN_PLOT_TEXT_H

#include <stdio.h>

/* `text` as a gnuplot string expression; control characters become blanks. */
void plot_quote(FILE *out, const char *text);

enum { PLOT_LABEL = 32 }; /* characters of a name beside an axis */
/* At most `most` characters of `text` as plot_quote, with an ellipsis where it is longer. */
void plot_quote_short(FILE *out, const char *text, int most);

/* `text` as a field of a .tsv: control characters become blanks. */
void plot_field(FILE *out, const char *text);
/* A number, or NaN, with the digits to read it back exactly as f32. */
void plot_number(FILE *out, double x);

#endif
