/* plot_routing: skein plot routing: which figures are drawn of which files. */
#ifndef SKEIN_PLOT_ROUTING_H
#define SKEIN_PLOT_ROUTING_H

#include "infer/route/routing_stats.h"
#include "tools/plot/plot.h"

typedef struct RoutingRequest {
  char *const *input; /* folders of evaluations and files of routing statistics */
  int inputs;
  Statistic what;
  const char *only_figure, *only_task, *only_method; /* NULL: all */
  const char *compare;                               /* "A,B": two methods; NULL: see --help */
} RoutingRequest;

Status statistic_parse(const char *name, Statistic *what, Error *err);
Status plot_routing(const RoutingRequest *request, Figures *made, Error *err);

#endif
