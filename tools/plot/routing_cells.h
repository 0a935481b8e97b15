/* routing_cells: the routing statistics that one command draws, read and put in order. */
#ifndef SKEIN_ROUTING_CELLS_H
#define SKEIN_ROUTING_CELLS_H

#include "tools/plot/plot_routing.h"
#include "tools/plot/routing_file.h"

/* Files by method, then tasks in the order of their evaluation; those that it does not have, or
 * that come without one, behind them: tasks with an expert of their own in its order, then others
 * by name. */
typedef struct Cells {
  RoutingFile *file;
  int count;
  Largest largest; /* of everything that was read, whatever part of it is asked for */
  Results *table;  /* [tables] of the folders among the inputs; own what the files borrow */
  int tables, placed;
} Cells;

/* Reads the inputs of a request and keeps the method and task that it asks for, perhaps none. No
 * two files are of one method and task, and those of a method are of the same experts. */
Status cells_read(Cells *cells, const RoutingRequest *r, Error *err);
void cells_free(Cells *cells); /* a zeroed Cells is allowed */

bool cells_same_experts(const RoutingFile *a, const RoutingFile *b);
/* STATUS_MISMATCH: one figure cannot show both. */
Status cells_refuse_experts(const RoutingFile *a, const RoutingFile *b, Error *err);

#endif
