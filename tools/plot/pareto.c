#include "tools/plot/pareto.h"

#include <math.h>
#include <stdlib.h>

/* ---- points ---- */

/* The cost of a method in a group; NaN where it is not known. */
static double cost_of(const Results *r, const GroupTiming *timing, ParetoCost cost, int at) {
  const ResultMean *mean = &r->mean[at];
  if (cost == COST_ADDED) return mean->counted ? mean->added : NAN;
  if (cost == COST_BYTES) return mean->counted ? mean->bytes : NAN;
  const GroupTiming *t = &timing[at];
  if (!(t->seconds > 0)) return NAN;
  return cost == COST_RATE ? t->tokens / t->seconds : t->preparation;
}

static int by_cost(const void *a, const void *b) {
  const ParetoPoint *x = a, *y = b;
  if (x->cost != y->cost) return x->cost < y->cost ? -1 : 1;
  if (x->score != y->score) return x->score < y->score ? -1 : 1;
  return (int)y->sees_labels - (int)x->sees_labels; /* below, where points are one */
}

/* Whether x is no worse than y in both, and better in one. */
static bool beats(ParetoCost cost, const ParetoPoint *x, const ParetoPoint *y) {
  const double sign = pareto_rises(cost) ? -1 : 1, dearer = sign * (x->cost - y->cost);
  return dearer <= 0 && x->score >= y->score && (dearer < 0 || x->score > y->score);
}

static void find_front(ParetoPanel *panel, ParetoCost cost) {
  for (int i = 0; i < panel->points; i++) {
    ParetoPoint *x = &panel->point[i];
    x->front = !x->sees_labels;
    for (int k = 0; k < panel->points && x->front; k++)
      x->front = panel->point[k].sees_labels || !beats(cost, &panel->point[k], x);
  }
}

static Status make_panel(Pareto *p, int group, const Results *r, const GroupTiming *timing,
                         Error *err) {
  ParetoPanel *panel = &p->panel[group];
  panel->point = calloc((size_t)r->methods + 1, sizeof *panel->point);
  if (!panel->point) return error_set(err, STATUS_RUN, "%s: out of memory", r->path);
  for (int m = 0; m < r->methods; m++) {
    const int at = group * r->methods + m;
    const ResultMean *mean = &r->mean[at];
    const double cost = cost_of(r, timing, p->cost, at);
    const bool known = mean->scored && !isnan(cost);
    panel->missing += !known;
    if (!known) continue;
    panel->point[panel->points++] = (ParetoPoint){.name = r->method[m].name,
                                                  .sees_labels = r->method[m].sees_labels,
                                                  .cost = cost,
                                                  .score = mean->score,
                                                  .low = mean->low,
                                                  .high = mean->high};
  }
  qsort(panel->point, (size_t)panel->points, sizeof *panel->point, by_cost);
  find_front(panel, p->cost);
  return STATUS_OK;
}

/* ---- axes ---- */

/* The least cost above 0 where the largest is WIDE times as much; else 0. */
static double find_unit(const Pareto *p) {
  const double WIDE = 25;
  double least = INFINITY, most = 0;
  for (int g = 0; g < p->panels; g++) {
    for (int i = 0; i < p->panel[g].points; i++) {
      const double cost = p->panel[g].point[i].cost;
      if (cost > 0) least = fmin(least, cost);
      most = fmax(most, cost);
    }
  }
  return most > WIDE * least ? least : 0;
}

/* Room beside the points is where names stand. */
static void set_axes(Pareto *p) {
  const double BESIDE = 0.08;
  double right = 0, lower = INFINITY, upper = -INFINITY;
  p->unit = find_unit(p);
  for (int g = 0; g < p->panels; g++) {
    for (int i = 0; i < p->panel[g].points; i++) {
      ParetoPoint *x = &p->panel[g].point[i];
      x->x = p->unit > 0 ? asinh(x->cost / p->unit) : x->cost;
      right = fmax(right, x->x);
      lower = fmin(lower, x->low);
      upper = fmax(upper, x->high);
    }
  }
  if (upper <= lower) lower = 0, upper = 100; /* scores that are all the same have no scale */
  const double wide = right > 0 ? right : 1, tall = upper - lower;
  p->left = -BESIDE * wide;
  p->right = wide * (1 + 2 * BESIDE);
  p->lower = lower - BESIDE * tall;
  p->upper = lower + tall * (1 + BESIDE);
}

Status pareto_make(Pareto *p, const Results *r, const GroupTiming *timing, ParetoCost cost,
                   Error *err) {
  int points = 0;
  *p = (Pareto){.cost = cost};
  p->panel = calloc((size_t)r->groups, sizeof *p->panel);
  if (!p->panel) return error_set(err, STATUS_RUN, "%s: out of memory", r->path);
  p->panels = r->groups;
  for (int g = 0; g < r->groups; g++) {
    TRY(make_panel(p, g, r, timing, err));
    points += p->panel[g].points;
  }
  if (points == 0) {
    return error_set(err, STATUS_INPUT,
                     "%s: no method has a mean and a cost; let skein eval run again, which counts "
                     "costs",
                     r->path);
  }
  set_axes(p);
  pareto_label(p);
  return STATUS_OK;
}

void pareto_free(Pareto *p) {
  for (int g = 0; p->panel && g < p->panels; g++) free(p->panel[g].point);
  free(p->panel);
  *p = (Pareto){0};
}
