/* survey: what is in a set of examples, before somebody learns from it: how much is cut off or has no
 * piece, empty and repeated texts, how the targets are spread. Nothing is judged here. */
#ifndef SKEIN_SURVEY_H
#define SKEIN_SURVEY_H

#include "data/examples/examples.h"
#include "data/examples/sequence.h"

/* Distinct targets up to so many are labels, whose balance says something. */
enum { SURVEY_LABELS = 64 };
/* Examples that are tokenised: enough to see a share of 1 % as 0.6 to 1.4 % (two standard errors),
 * and a second's work or less. */
#define SURVEY_SAMPLE 2500

typedef struct ExampleSurvey {
  int64_t examples;
  /* Of a sample, all examples where there are few. Raw text counts as an input. With all choices
   * read a target is a choice. */
  int64_t sampled;
  SequenceLoss input, target;
  /* Of all examples. A target is the right choice where there are choices; raw text has none. */
  int64_t empty_inputs, empty_targets; /* nothing but white space */
  int64_t repeated;                    /* whose input an example before has, byte for byte */
  int64_t labels;                      /* distinct targets; 0: more than SURVEY_LABELS, or none */
  int64_t commonest;                   /* examples with the commonest label */
  char *label;                         /* that label; NULL: there are none */
  uint64_t *input_hash;                /* [examples] byte_hash of the inputs, ascending */
} ExampleSurvey;

/* Reads every line and tokenises those that `seed` draws. Free with examples_survey_free; on failure
 * there is nothing to free. */
Status examples_survey(ExampleSurvey *s, const ExampleSet *set, uint64_t seed, Error *err);
void examples_survey_free(ExampleSurvey *s); /* a zeroed ExampleSurvey is allowed */

/* How many examples of `set` have an input that one of `other` has. */
int64_t examples_shared(const ExampleSurvey *set, const ExampleSurvey *other);

#endif
