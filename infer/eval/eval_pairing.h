/* eval_pairing: the items that two methods were both asked, of one task. */
#ifndef SKEIN_EVAL_PAIRING_H
#define SKEIN_EVAL_PAIRING_H

#include "infer/eval/eval_compared.h"
#include "infer/metric/paired.h"

typedef struct Pairing {
  MetricSums *a, *b;        /* [count] in the order of a's file */
  const char **id;          /* [count] borrowed from the lines of a */
  int64_t count;            /* of items that both were asked */
  int64_t alone_a, alone_b; /* that one of them alone was */
} Pairing;

/* Pairs items by id; where both files have the same ids in the same order, by their place. Ids that
 * are there twice in another order are STATUS_INPUT naming one. Free with pairing_free whatever is
 * returned. */
Status pairing_make(Pairing *p, ComparedCell *a, ComparedCell *b, Error *err);
void pairing_free(Pairing *p); /* a zeroed Pairing is allowed */

PairedPart pairing_part(const Pairing *p, Metric metric);

#endif
