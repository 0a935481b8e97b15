/* route_labels: a method's place among others, and what it needs of a pool beside experts, for
 * results, for the help and for whoever looks for a method. */
#ifndef SKEIN_ROUTE_LABELS_H
#define SKEIN_ROUTE_LABELS_H

#include <jansson.h>

#include "infer/route/route_method.h"

enum { ROUTE_LABELS = 9 };
/* "input_granularity": the name of a label; 0 <= label < ROUTE_LABELS. */
const char *route_label_name(int label);
/* The label of this name, or of the short one ("input"); -1 when there is none. */
int route_label_find(const char *name);
/* The value of a label. */
const char *route_label_value(const RouteMethod *method, int label);

/* {name: value} of all labels; the caller owns it; NULL when out of memory. */
json_t *route_labels_json(const RouteMethod *method);

/* What a method may need of every expert, beside its update. */
typedef struct RouteNeed {
  unsigned reads;    /* bits of RouteMethod.reads */
  const char *name;  /* "gates" */
  const char *words; /* "their gates" */
} RouteNeed;
enum { ROUTE_NEEDS = 3 };
const RouteNeed *route_need(int need); /* 0 <= need < ROUTE_NEEDS */
static inline bool route_needs(unsigned reads, int need) {
  return reads & route_need(need)->reads;
}
/* What a method reads by its defaults: RouteMethod.reads, and those of the one it stands over. */
Status route_reads(const RouteMethod *method, unsigned *reads, Error *err);

#endif
