/* comparison_table: whether the methods of an evaluation differ from the one with the highest mean,
 * on the same items: what skein compare RUN --against METHOD finds, by groups. */
#ifndef SKEIN_COMPARISON_TABLE_H
#define SKEIN_COMPARISON_TABLE_H

#include <stdio.h>

#include "infer/eval/eval_compare.h"
#include "tools/plot/results_file.h"

typedef struct ComparisonTable {
  Compared of;
  EvalComparison made;
  const char *against; /* the highest mean of the methods that see no labels; NULL: none has one */
  bool compared;       /* false where what the items scored is not at hand */
} ComparisonTable;

/* Of the evaluation in a directory, whose results are `r`; both must outlive it. */
Status comparison_table_make(ComparisonTable *t, const char *dir, const Results *r, Error *err);
void comparison_table_free(ComparisonTable *t); /* a zeroed ComparisonTable is allowed */

void comparison_table_put(FILE *out, const ComparisonTable *t, const Results *r);

#endif
