/* routing_maps: where the tokens of routed methods went, as heat maps: task x expert, and expert x
 * module, which is the mean over tasks until a task is chosen on the page. Numbers are the mean
 * softmax over experts, before any are selected. */
#ifndef SKEIN_ROUTING_MAPS_H
#define SKEIN_ROUTING_MAPS_H

#include <stdio.h>

#include "tools/plot/routing_file.h"

/* A method, with the files of its tasks and the experts that are shown of it. */
typedef struct MethodRouting {
  const RoutingFile *file; /* [tasks] */
  int tasks;
  const RoutingFile *widest; /* the file with the most modules, which are the columns */
  int *expert;               /* [shown] in the order of the pool */
  int shown;
  bool rest; /* there are others, which stand together behind the last */
} MethodRouting;

typedef struct RoutingMaps {
  MethodRouting *method; /* [methods] */
  int methods;
  Largest largest; /* of all of them: one scale */
  bool each_task;  /* the page has the modules of single tasks, too */
} RoutingMaps;

/* Of files [count] by method, as cells_read orders them; they must outlive the maps. */
Status routing_maps_make(RoutingMaps *maps, const RoutingFile *file, int count, Error *err);
void routing_maps_free(RoutingMaps *maps); /* a zeroed RoutingMaps is allowed */

void routing_maps_put(FILE *out, const RoutingMaps *maps);

#endif
