/* The table of methods. Their order is that of the help. */
#include <string.h>

#include "infer/route/route_method.h"

extern const RouteMethod route_base, route_merged, route_merged_factors, route_uniform,
    route_random, route_phatgoose, route_glider, route_average_activation, route_arrow,
    route_retrieval, route_norm, route_logo;

static const RouteMethod *const METHOD[] = {
    &route_base,      &route_expert,    &route_merged, &route_merged_factors,     &route_uniform,
    &route_random,    &route_phatgoose, &route_glider, &route_average_activation, &route_arrow,
    &route_retrieval, &route_norm,      &route_logo,
};
enum { METHODS = sizeof METHOD / sizeof *METHOD };

int route_method_count(void) {
  return METHODS;
}

const RouteMethod *route_method(int index) {
  return METHOD[index];
}

int route_method_find(const char *name) {
  for (int i = 0; i < METHODS; i++) {
    if (strcmp(METHOD[i]->name, name) == 0) return i;
  }
  return -1;
}
