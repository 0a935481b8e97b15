/* ablation: the curves of an ablation, from its ablation.csv.
 *
 * A curve is the mean score of one group of tasks along one axis, everything else fixed: a method
 * and the values of the other axes. A method that does not read the axis is a reference: one point,
 * the same everywhere. */
#ifndef SKEIN_ABLATION_H
#define SKEIN_ABLATION_H

#include <stdbool.h>
#include <stdio.h>

#include "autograd/ground/status.h"

/* A mean over a group, as in the file. */
typedef struct AblationRow {
  char **value; /* [axes] "" where the method does not read the axis */
  char *method, *group, *metric;
  double score, low, high;
  bool scored;
} AblationRow;

typedef struct Ablation {
  char **axis; /* [axes] */
  int axes;
  bool timed; /* the file has a column of an earlier version more */
  AblationRow *row;
  int rows;
  char **group; /* [groups] borrowed, in order of first appearance */
  int groups;
  char pool[256]; /* as the evaluation names it; "" when table.json is not beside */
} Ablation;

/* Reads DIR/ablation.csv, and the pool from DIR/table.json where there is one. */
Status ablation_read(Ablation *a, const char *dir, Error *err);
/* Whether the whole text is a finite number, which becomes *x. */
bool ablation_number(const char *text, double *x);
void ablation_free(Ablation *a); /* a zeroed Ablation is allowed */

typedef struct Curve {
  char *name;
  const char *group;
  const AblationRow **point; /* [values] NULL: there is none; a reference has all the same */
  bool reference;
} Curve;

typedef struct Curves {
  const char *axis;
  char **value; /* [values] borrowed; numbers ascend */
  int values;
  bool numeric;
  Curve *curve;
  int curves;
} Curves;

Status curves_make(Curves *c, const Ablation *a, int axis, Error *err);
void curves_free(Curves *c); /* a zeroed Curves is allowed */

/* A table a group: curves by values of the axis. */
Status curves_print(const Curves *c, const Ablation *a, FILE *out, Error *err);

#endif
