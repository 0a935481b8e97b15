/* ablation_lines: which curves of an ablation a figure of one axis draws, and where. */
#ifndef SKEIN_ABLATION_LINES_H
#define SKEIN_ABLATION_LINES_H

#include "tools/plot/ablation.h"

/* A name in the legend: the curves of all panels that are called so, in one colour. */
typedef struct LineLabel {
  const Curve *like; /* the first of them */
  int number;        /* from 1 among the lines, or among the references */
} LineLabel;

/* The curves that are drawn, panel by panel. */
typedef struct AblationLines {
  const Ablation *a;
  const Curves *c;
  LineLabel *label; /* [labels] */
  int labels;
  const Curve **drawn; /* [count] by group */
  int *of;             /* [count] their labels */
  int count, left_out;
  int *first; /* [groups + 1] of drawn */
  double *x;  /* [values] place of each value on the axis */
  bool log;
} AblationLines;

/* Chooses the best lines and references of the curves `c` along an axis. Both must outlive it. Free
 * with ablation_lines_free whatever is returned. */
Status ablation_lines_make(AblationLines *p, const Ablation *a, const Curves *c, Error *err);
void ablation_lines_free(AblationLines *p); /* a zeroed AblationLines is allowed */

/* One range for all panels: the whole tens around all scores and intervals, and a little more, so
 * that no bar runs into the frame. */
void ablation_lines_range(const AblationLines *p, double *bottom, double *ceiling);

#endif
