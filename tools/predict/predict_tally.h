/* predict_tally: how many of the answers are right, of items that say what is. */
#ifndef SKEIN_PREDICT_TALLY_H
#define SKEIN_PREDICT_TALLY_H

#include "data/examples/items.h"
#include "infer/metric/metric.h"

typedef struct Tally {
  MetricSums *item; /* [count] accuracy of single items; owned */
  int64_t count;
  int64_t unlabelled; /* items that say nothing */
} Tally;

/* Adds the choice that was made of an item. */
Status tally_add(Tally *t, const Item *item, int prediction, Error *err);
void tally_free(Tally *t); /* a zeroed Tally is allowed */

/* "accuracy 66.7 % of 300 items (95 % interval 61.2 to 71.9)" to the person at the terminal; nothing
 * where no item says what is right. The interval is that of evaluations (infer/metric/metric.h), with
 * their defaults; there is none where all items are right, or all wrong. */
Status tally_say(const Tally *t, const char *label, Error *err);

#endif
