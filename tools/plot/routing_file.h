/* routing_file: the routing statistics of one cell (a method on a task) of an evaluation, read back
 * from the JSON that skein eval and skein score --stats write:
 *
 *   {"task": ..., "method": ..., "pool": ..., "routing": routing_stats_json} */
#ifndef SKEIN_ROUTING_FILE_H
#define SKEIN_ROUTING_FILE_H

#include "infer/route/routing_stats.h"

enum { ROUTING_STATISTICS = 3 }; /* the values of Statistic */

typedef struct RoutingModule {
  const char *name, *role; /* "encoder.block.0.layer.0.SelfAttention.q", "q" */
  int group;               /* of T5_GROUP */
  bool in_decoder;
  int block;
  double tokens, entropy;
  double *value[ROUTING_STATISTICS]; /* [experts] each */
} RoutingModule;

typedef struct RoutingFile {
  JsonDoc doc; /* owns the texts */
  char *path;
  const char *task, *method, *pool;
  const char **expert;   /* [experts] */
  RoutingModule *module; /* [modules], by stack, block and group; none: nothing was routed */
  double *numbers;       /* what the modules' values point into */
  int experts, modules;
} RoutingFile;

/* STATUS_INPUT naming file and field when it is not as above. */
Status routing_file_read(RoutingFile *f, const char *path, Error *err);
void routing_file_free(RoutingFile *f); /* a zeroed RoutingFile is allowed */

/* Mean and standard deviation over the modules of an expert's statistic. */
typedef struct Spread {
  double mean, deviation;
} Spread;
Spread routing_file_spread(const RoutingFile *f, Statistic what, int expert);

/* The expert that was made for the task, which has its name; -1: none. */
int routing_own_expert(const RoutingFile *f);

#endif
