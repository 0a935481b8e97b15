/* route_labels: a method's place among others, for results and for the help. */
#ifndef SKEIN_ROUTE_LABELS_H
#define SKEIN_ROUTE_LABELS_H

#include <jansson.h>

#include "infer/route/route_method.h"

enum { ROUTE_LABELS = 9 };
/* The value of a label; 0 <= label < ROUTE_LABELS. */
const char *route_label_value(const RouteMethod *method, int label);

/* {name: value} of all labels; the caller owns it; NULL when out of memory. */
json_t *route_labels_json(const RouteMethod *method);

#endif
