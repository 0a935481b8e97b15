/* eval_valid: settings that are chosen on validation items, before anything is scored.
 *
 * Which p the threshold rule of GLIDER wants (alpha = gamma 1[max cos > p] + beta; Li et al. 2024,
 * arXiv 2410.07172, section 3.3) depends on embedder, pool and instructions, so that a number of
 * another evaluation is none of this one. A method with `choose: global.threshold` has it chosen for
 * all tasks together, on the items in the files `valid` of those tasks that have one; items that are
 * scored are never looked at.
 *
 * Both weights of the rule are run as methods NAME+global.scale=... on these files, as an evaluation
 * of its own in OUTPUT/validation, which is taken up again like others; all thresholds follow from it
 * (eval_threshold.h). Cells of the method then record
 *
 *   chosen: {setting: "global.threshold", value, score: percent, tasks: [names], items,
 *            candidates, curve: [[threshold, score], ...]}
 *
 * The score of a threshold is the mean over these tasks of their first metric. A curve of more than
 * CURVE_MOST candidates is recorded at so many of them, evenly, and at its best. */
#ifndef SKEIN_EVAL_VALID_H
#define SKEIN_EVAL_VALID_H

#include "infer/eval/evaluation.h"

/* Whether a method has a setting to choose. */
bool eval_valid_wanted(const EvalSpec *spec);

/* The evaluation on validation items of a spec, which is read from its file once more with its
 * assignments. STATUS_USAGE where no task has a file `valid`, where one says what a file says that is
 * scored, of whichever task, and where a method says what is to be chosen. Free with eval_spec_free
 * whatever is returned, before `spec`. */
Status eval_valid_spec(EvalSpec *valid, const EvalSpec *spec, const char *const *assignment,
                       int assignments, Error *err);

/* Chooses by its finished cells, and sets the methods of `spec`. */
Status eval_valid_choose(Evaluation *valid, EvalSpec *spec, Error *err);

/* "global.threshold 0.62, chosen on 40 items of a, b: 71.2 (of 12 candidates, -1: 60.0, 1: 41.3)" of
 * a method's `chosen`. */
void eval_valid_put(const json_t *chosen, void (*put)(FILE *out, const char *text), FILE *out);

#endif
