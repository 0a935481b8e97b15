/* pareto: what methods score against what they cost, the front of those that no other beats in both,
 * and where names can stand beside the points. */
#ifndef SKEIN_PARETO_H
#define SKEIN_PARETO_H

#include "tools/plot/timings_file.h"

/* A method in a panel. */
typedef struct ParetoPoint {
  const char *name;
  bool sees_labels;        /* then it is on no front */
  double cost;             /* as it is printed */
  double score, low, high; /* percent */
  bool front;
  double x;                /* where the cost stands on the axis */
  bool named;              /* there is room for the name, */
  bool left;               /* which ends, and does not begin, */
  double label_x, label_y; /* there, on the axes */
} ParetoPoint;

/* A group of tasks. */
typedef struct ParetoPanel {
  ParetoPoint *point; /* [points] of the methods with a mean and a cost; ascending by cost */
  int points, missing;
} ParetoPanel;

typedef enum ParetoCost {
  COST_ADDED,
  COST_RATE,
  COST_BYTES,
  COST_SECONDS,
  PARETO_COSTS
} ParetoCost;

typedef struct Pareto {
  ParetoCost cost;
  ParetoPanel *panel; /* [panels] by group of the results */
  int panels;
  double unit; /* above 0: costs are so far apart that the axis is asinh(cost / unit) */
  double left, right, lower, upper; /* the ends of the axes */
  int unnamed;                      /* points without room for a name */
} Pareto;

enum { PARETO_WIDTH = 420, PARETO_HEIGHT = 300 }; /* of a panel, pixels */
enum { PARETO_NAME = 28 };                        /* characters that are shown of a name */

/* `timing` as timings_read gives it, for the costs that are a clock's. STATUS_INPUT where no method
 * has a cost. Free with pareto_free whatever is returned. */
Status pareto_make(Pareto *p, const Results *r, const GroupTiming *timing, ParetoCost cost,
                   Error *err);
void pareto_free(Pareto *p); /* a zeroed Pareto is allowed */

/* Places names so that they touch no point and no other name; counts those that find no place. */
void pareto_label(Pareto *p);

/* Higher is better. */
static inline bool pareto_rises(ParetoCost cost) {
  return cost == COST_RATE;
}

#endif
