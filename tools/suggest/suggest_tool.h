/* suggest_tool: a pool's experts ranked for a new task, for a person.
 *
 * The room tools/suggest owns `skein suggest`: the sample of the task's items (suggest_sample), and
 * how the ranking is told (suggest_report). What speaks for an expert is infer/suggest's. */
#ifndef SKEIN_SUGGEST_TOOL_H
#define SKEIN_SUGGEST_TOOL_H

#include "infer/suggest/suggest.h"
#include "tools/predict/predict_parts.h"
#include "tools/shell/facts.h"

/* Items of a file, drawn by a seed, in the order of the file. */
typedef struct Sample {
  Item *item;        /* [count]; of TARGETS_TEXTS without choices */
  int64_t count, of; /* how many there are that can be judged so */
  SuggestTargets targets;
} Sample;

/* Opens the items as what they can be judged by, the more of them the better and choices before
 * texts, says what is left out, and draws. Free with sample_free whatever is returned. */
Status sample_open(Sample *s, PredictParts *p, const PredictOptions *o, Error *err);
void sample_free(Sample *s);

/* Which of `of` things are drawn: `count` of them, all alike likely, ascending; a function of the
 * seed and the two numbers. */
void sample_draw(int64_t count, int64_t of, uint64_t seed, int64_t *drawn);

/* Everything that is told of a ranking, for facts_print. */
Status suggest_facts(Facts *f, const Suggestion *s, const Sample *sample, const PredictParts *p,
                     const PredictOptions *o, Error *err);

#endif
