/* instruct_check: whether what a language model answered is an instruction, and one that gives
 * nothing of the examples away.
 *
 *   - one line, one sentence, of 3 words or more and at most INSTRUCT_BYTES bytes, nothing hidden;
 *   - no RUN words in a row that stand in some of the examples: what stands in all of them is the
 *     wording of the task and no detail;
 *   - no word of some of the examples that is a name or number: behind the first word one that
 *     begins with a capital (A to Z), or has two digits.
 *
 * This holds back what is copied. What is told in other words it cannot know. */
#ifndef SKEIN_INSTRUCT_CHECK_H
#define SKEIN_INSTRUCT_CHECK_H

#include "infer/instruct/instruct.h"

enum { INSTRUCT_BYTES = 600, INSTRUCT_RUN = 6, INSTRUCT_WHY = 256 };

/* The answer without white space around it and without one pair of quotation marks, in a new string;
 * NULL when out of memory. */
char *instruct_trim(const char *answer);

/* Whether a trimmed answer is an instruction; `why` says why not, as one says it to who wrote it:
 * "it has more than one line". STATUS_RUN when out of memory. */
Status instruct_check(const char *text, const InstructSample *s, bool *fit, char why[INSTRUCT_WHY],
                      Error *err);

#endif
