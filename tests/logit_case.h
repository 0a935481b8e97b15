/* logit_case: cases of golden files that hold tensors, configurations and logits (families of T5,
 * configurations of adapters). */
#ifndef SKEIN_TESTS_LOGIT_CASE_H
#define SKEIN_TESTS_LOGIT_CASE_H

#include "infer/t5/t5.h"
#include "tests/scratch.h"
#include "tests/testing.h"

/* The name under which a case has a tensor; NULL: it has not. */
typedef const char *CaseName(const json_t *row, const char *name);

/* Writes the tensors that the case has, of tests/golden/<file>, into `to` of the scratch folder. */
void logit_case_write(Scratch *s, const char *file, const char *to, CaseName *name,
                      const json_t *row);

/* Compares the logits of expected.input and .target with those of the case. */
void logit_case_compare(Comparison *c, T5 *model, const AdapterSet *adapters,
                        const json_t *expected, const json_t *row);

#endif
