/* routing_figures: the figures of routing, each of statistics already read. */
#ifndef SKEIN_ROUTING_FIGURES_H
#define SKEIN_ROUTING_FIGURES_H

#include "tools/plot/routing_file.h"

/* Of one task: module x expert; a bar an expert; entropy against depth, whatever the statistic.
 * `name` is that of the figure's files in `dir`. */
Status figure_modules(const char *dir, const char *name, const RoutingFile *f, Statistic what,
                      Error *err);
Status figure_experts(const char *dir, const char *name, const RoutingFile *f, Statistic what,
                      Error *err);
Status figure_entropy(const char *dir, const char *name, const RoutingFile *f, Statistic what,
                      Error *err);

/* Task x expert. first[i] and second[i] are of the same task and the same experts; `second` NULL:
 * one method, otherwise two and their difference. Tasks are in the order of the figure, the
 * `held_in` that have an expert of their own before the others. */
Status figure_tasks(const char *dir, const char *name, const RoutingFile *const *first,
                    const RoutingFile *const *second, int tasks, Statistic what, Error *err);

#endif
