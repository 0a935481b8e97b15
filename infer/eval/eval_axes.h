/* eval_axes: an evaluation over settings, `skein ablate`.
 *
 *   KEY    VALUE
 *   axes   mapping of a router setting, dotted or nested, to the list of its values: top_k: [1, 2]
 *   grid   true: every combination of values (default); false: one axis at a time, the others as
 *          the method has them
 *
 * Every method of the file is expanded into methods called NAME+key=value+... after what differs
 * from it, so that cells are shared with `skein eval` and between axes. A setting that a method's
 * router does not read changes nothing and is in no name; a method that reads none of the axes is
 * evaluated once, to compare with. */
#ifndef SKEIN_EVAL_AXES_H
#define SKEIN_EVAL_AXES_H

#include "infer/eval/evaluation.h"

typedef struct EvalAxis {
  char *key;
  const YamlNode *at; /* where the file says it */
  char **value;       /* [values] as options_text gives it */
  int values;
} EvalAxis;

typedef struct Axes {
  EvalAxis *axis;
  int axes;
  bool grid;
  int *method; /* [methods] of the spec, in the order of the file and of the values */
  int *origin; /* [methods] the declared method that each was made of */
  int methods;
} Axes;

/* Reads the axes of a spec's file, whose tree they point into; each value is one that the setting
 * can have. Free with axes_free whatever is returned. */
Status axes_read(Axes *a, const EvalSpec *spec, Error *err);
/* axes_read, and adds the methods that the axes make to the spec; a declared method that is none of
 * them is no longer shown. */
Status axes_expand(Axes *a, EvalSpec *spec, Error *err);
void axes_free(Axes *a); /* a zeroed Axes is allowed */

/* OUTPUT/ablation.csv: method, a column an axis ("" where the method does not read it), then group,
 * task, metric, score, low, high, n, state. Rows of the task "mean" are the
 * means of groups, with the number of tasks as n. */
Status axes_write(const Axes *a, const Evaluation *e, Error *err);

#endif
