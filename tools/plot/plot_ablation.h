/* plot_ablation: skein plot ablation: a figure an axis of an ablation. */
#ifndef SKEIN_PLOT_ABLATION_H
#define SKEIN_PLOT_ABLATION_H

#include "tools/plot/ablation.h"
#include "tools/plot/plot.h"

/* Draws ablation-AXIS for every axis. */
Status plot_curves(const Ablation *a, Figures *made, Error *err);
/* The same of what is in a directory. */
Status plot_ablation(const char *dir, Figures *made, Error *err);

/* tools/plot/plot_ablation.gp, by the build. */
extern const char plot_ablation_script[];

#endif
