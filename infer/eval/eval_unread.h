/* eval_unread: settings that the file of an evaluation sets and that change nothing, for whoever
 * set them to know. */
#ifndef SKEIN_EVAL_UNREAD_H
#define SKEIN_EVAL_UNREAD_H

#include "infer/eval/eval_axes.h"

/* Names with commas between them, "" where there are none, in a new string; NULL when out of
 * memory. */

/* Keys that a method sets and its router does not read with these settings. Of methods as the file
 * has them: axes set keys in those that they make (axes_expand). */
char *eval_method_unread(const EvalMethod *method);
/* Keys that a task itself sets (not task_defaults, which may be of tasks of two kinds) and that its
 * kind, its format or its number of beams leaves unread. */
char *eval_task_unread(const EvalTask *task);
/* Names of declared methods that no value of an axis changes, of expanded axes; rules are none. */
char *eval_axis_unread(const Axes *axes, int axis, const EvalSpec *spec);

#endif
