/* results_figure: the means of an evaluation's methods with their intervals, a panel a group. */
#ifndef SKEIN_RESULTS_FIGURE_H
#define SKEIN_RESULTS_FIGURE_H

#include <stdio.h>

#include "tools/plot/results_file.h"

void results_figure_put(FILE *out, const Results *r);

#endif
