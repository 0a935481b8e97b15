/* instruct: instructions that a language model writes, from examples of a task.
 *
 * The room infer/instruct owns the way from a task's items to its instruction: which examples are
 * shown (this header), the prompt (instruct_prompt.h), the question to an endpoint
 * (instruct_ask.h), what it answers (instruct_answer.h), what counts as an instruction
 * (instruct_check.h), files of instructions (instructions.h), the instruction of a single input
 * (query_writer.h), and how far apart several instructions of one task are (spread.h, dispersion.h).
 * It knows embedders and no router; where instructions end up it does not know.
 *
 * GLIDER (Li et al. 2024, section 4) has a language model write an expert's instruction from three
 * examples of its data. The wording of the prompt here is our own. */
#ifndef SKEIN_INSTRUCT_H
#define SKEIN_INSTRUCT_H

#include <stdbool.h>
#include <stdint.h>

#include "data/examples/items.h"

typedef struct InstructExample {
  char *input, *output;
  char *id; /* of the item */
  bool cut; /* one of the texts was longer */
} InstructExample;

/* The examples of one prompt. */
typedef struct InstructSample {
  InstructExample *example; /* [count] */
  int count;
} InstructSample;

/* Draws `count` items (all, where there are fewer) by the seed and the number of the sample, in the
 * order of the file; samples of one file with different numbers are independent. Texts are cut to
 * `most` bytes, in whole characters. Free with instruct_sample_free whatever is returned. */
Status instruct_sample(InstructSample *s, const ItemSet *items, int count, uint64_t seed,
                       int number, size_t most, Error *err);
void instruct_sample_free(InstructSample *s); /* a zeroed sample is allowed */

/* About how many tokens a text has: a quarter of its bytes, which is near for English. */
int64_t instruct_tokens(const char *text);

#endif
