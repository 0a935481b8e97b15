/* routing_figures: the figures of routing, each of statistics already read. */
#ifndef SKEIN_ROUTING_FIGURES_H
#define SKEIN_ROUTING_FIGURES_H

#include "tools/plot/plot.h"
#include "tools/plot/routing_file.h"

/* What the figures of one command share, so that they can be compared: a statistic, and one scale
 * that reaches to the largest value of everything that was read. */
typedef struct RoutingLook {
  Statistic what;
  Largest largest;
  Figures *made;
} RoutingLook;

/* Of one task: module x expert; a bar an expert; entropy against depth, whatever the statistic.
 * `name` is that of the figure's files. */
Status figure_modules(const RoutingLook *look, const char *name, const RoutingFile *f, Error *err);
Status figure_experts(const RoutingLook *look, const char *name, const RoutingFile *f, Error *err);
Status figure_entropy(const RoutingLook *look, const char *name, const RoutingFile *f, Error *err);

/* Task x expert. first[i] and second[i] are of the same task and the same experts; `second` NULL:
 * one method, otherwise two and their difference. Tasks are in the order of the figure, those of a
 * group together. */
Status figure_tasks(const RoutingLook *look, const char *name, const RoutingFile *const *first,
                    const RoutingFile *const *second, int tasks, Error *err);

#endif
