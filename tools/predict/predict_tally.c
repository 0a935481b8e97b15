#include "tools/predict/predict_tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "autograd/ground/array.h"
#include "tools/shell/console.h"

enum { SAMPLES = 1000, SEED = 1 };

Status tally_add(Tally *t, const Item *item, int prediction, Error *err) {
  if (item->label < 0) {
    t->unlabelled++;
    return STATUS_OK;
  }
  MetricSums *grown = array_grow(t->item, (size_t)t->count, 1, sizeof *grown);
  if (!grown) return error_set(err, STATUS_RUN, "out of memory: what is right");
  t->item = grown;
  t->item[t->count] = (MetricSums){0};
  const char *right = item->choice[item_same(item, item->label)];
  return metric_add(METRIC_ACCURACY, &t->item[t->count++], item->choice[prediction], &right, 1,
                    err);
}

void tally_free(Tally *t) {
  free(t->item);
  *t = (Tally){0};
}

static double tally_score(const Tally *t) {
  MetricSums all = {0};
  for (int64_t i = 0; i < t->count; i++) {
    for (int k = 0; k < METRIC_SUMS; k++) all.sum[k] += t->item[i].sum[k];
  }
  return metric_score(METRIC_ACCURACY, &all);
}

Status tally_say(const Tally *t, const char *label, Error *err) {
  Interval interval;
  char spread[64] = "", rest[96] = "";
  if (t->count == 0) return STATUS_OK;
  TRY(metric_interval(METRIC_ACCURACY, t->item, t->count, SAMPLES, SEED, &interval, err));
  /* Of items that are all right, or all wrong, a bootstrap knows no spread. */
  if (interval.low < interval.high)
    snprintf(spread, sizeof spread, " (95 %% interval %.1f to %.1f)", interval.low, interval.high);
  if (t->unlabelled > 0)
    snprintf(rest, sizeof rest, "; of %" PRId64 " others no right choice is known", t->unlabelled);
  console_note(NULL, "%s: accuracy %.1f %% of %" PRId64 " %s%s%s", label, tally_score(t), t->count,
               t->count == 1 ? "item" : "items", spread, rest);
  return STATUS_OK;
}
