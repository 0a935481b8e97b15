/* routing_file: the routing statistics of one cell (a method on a task) of an evaluation, read back
 * from the JSON that skein eval and skein score --stats write:
 *
 *   {"task": ..., "method": ..., "pool": ..., "routing": routing_stats_json} */
#ifndef SKEIN_ROUTING_FILE_H
#define SKEIN_ROUTING_FILE_H

#include "infer/route/routing_stats.h"
#include "tools/plot/results_file.h"

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
  int own;    /* the expert that was made for the task, -1: none */
  int oracle; /* the expert that an oracle chose for it, -1: there was none, or it was `own` */
  int place;  /* of the task among those of the evaluation, INT_MAX where nothing says it */
  const char *group; /* of the task, NULL where nothing says it; borrowed */
} RoutingFile;

/* STATUS_INPUT naming file and field when it is not as above. The task's own expert is the one of
 * its name, until routing_file_place says otherwise. */
Status routing_file_read(RoutingFile *f, const char *path, Error *err);
void routing_file_free(RoutingFile *f); /* a zeroed RoutingFile is allowed */

/* Mean and standard deviation over the modules of an expert's statistic. */
typedef struct Spread {
  double mean, deviation;
} Spread;
Spread routing_file_spread(const RoutingFile *f, Statistic what, int expert);

/* The largest value of a statistic, of one module; of the mean over the modules; and of that mean
 * and its deviation together. They are what scales of figures reach to. */
typedef struct Largest {
  double cell, mean, bar;
} Largest;
void routing_file_largest(const RoutingFile *f, Statistic what, Largest *largest);

/* Takes place, group and experts of the task from the evaluation `r`, which must outlive `f`; false
 * when it does not have the task. */
bool routing_file_place(RoutingFile *f, const Results *r);

#endif
