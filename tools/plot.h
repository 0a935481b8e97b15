/* plot: what the figures share. A figure NAME is three kinds of files in one folder: NAME.tsv (the
 * data), NAME.gp (a gnuplot script, to restyle it by hand) and the images that gnuplot makes. */
#ifndef SKEIN_TOOLS_PLOT_H
#define SKEIN_TOOLS_PLOT_H

#include <stdio.h>

#include "autograd/status.h"

/* `text` as a gnuplot string constant in single quotes; control characters become blanks. */
void plot_quote(FILE *out, const char *text);
/* A number, or NaN, with the digits to read it back exactly as f32. */
void plot_number(FILE *out, double x);

/* Runs DIR/NAME.gp, which writes NAME.png and NAME.svg. Images appear whole or not at all. Without
 * gnuplot it says so on stderr and succeeds. */
Status plot_draw(const char *dir, const char *name, Error *err);

/* skein plot training: curves of the runs into `out` (NULL: the folder of the first run). */
Status plot_training(char *const *runs, int count, const char *out, Error *err);

/* plot_training.gp, by the build. */
extern const char plot_training_script[];

#endif
