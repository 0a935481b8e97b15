#include <stdlib.h>
#include <string.h>

#include "autograd/ground/extremum.h"
#include "autograd/ground/rng.h"
#include "tools/predict/predict_items.h"
#include "tools/suggest/suggest_tool.h"

enum { RNG_SAMPLE = 0x5a3b1e }; /* what the numbers are for */

/* One after another, each with the share of what is wanted in what is left (Knuth's algorithm S). */
void sample_draw(int64_t count, int64_t of, uint64_t seed, int64_t *drawn) {
  Rng rng = {rng_key(seed, (uint64_t)count, (uint64_t)of, RNG_SAMPLE), 0};
  for (int64_t i = 0, taken = 0; taken < count; i++)
    if (rng_below(&rng, (uint64_t)(of - i)) < (uint64_t)(count - taken)) drawn[taken++] = i;
}

/* ---- what the items can be judged by ---- */

/* The items for this use; NULL where none can be used so, and then why. */
static Status try_use(PredictParts *p, const PredictOptions *o, ItemUse use, ItemSet **items,
                      Error *why) {
  Status status = predict_parts_items(p, o, use, why);
  *items = p->items;
  p->items = NULL;
  return status;
}

/* Of two readings of a file the one with more items stays, the first of equals. */
static SuggestTargets choose_reading(ItemSet *chosen, ItemSet *answered, PredictParts *p) {
  bool texts = answered && (!chosen || items_count(answered) > items_count(chosen));
  p->items = texts ? answered : chosen;
  items_close(texts ? chosen : answered);
  return texts ? TARGETS_TEXTS : chosen ? TARGETS_CHOICES : TARGETS_NONE;
}

static Status open_targets(Sample *s, PredictParts *p, const PredictOptions *o, Error *err) {
  ItemSet *chosen = NULL, *answered = NULL;
  Error no_choice = {0}, no_text = {0};
  Status first = try_use(p, o, ITEMS_CHOSEN, &chosen, &no_choice),
         second = try_use(p, o, ITEMS_ANSWERED, &answered, &no_text);
  s->targets = choose_reading(chosen, answered, p);
  if (first != STATUS_OK && first != STATUS_INPUT)
    return error_set(err, first, "%s", no_choice.text);
  if (second != STATUS_OK && second != STATUS_INPUT)
    return error_set(err, second, "%s", no_text.text);
  if (s->targets != TARGETS_NONE) return STATUS_OK;
  s->untargeted = strdup(no_text.text);
  if (!s->untargeted) return error_set(err, STATUS_RUN, "out of memory: the items");
  return predict_parts_items(p, o, ITEMS_ASKED, err);
}

/* ---- the sample ---- */

static Status read_drawn(Sample *s, const ItemSet *items, const int64_t *drawn, Error *err) {
  for (int64_t i = 0; i < s->count; i++) TRY(items_get(items, drawn[i], &s->item[i], err));
  return STATUS_OK;
}

Status sample_open(Sample *s, PredictParts *p, const PredictOptions *o, Error *err) {
  *s = (Sample){0};
  TRY(open_targets(s, p, o, err));
  s->of = items_count(p->items);
  TRY(predict_tell_items(p->items, s->of, err));
  int64_t count = min64(o->limit, s->of), *drawn = calloc((size_t)count, sizeof *drawn);
  s->item = calloc((size_t)count, sizeof *s->item);
  s->count = s->item ? count : 0;
  Status status =
      drawn && s->item ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: the sample");
  if (status == STATUS_OK) {
    sample_draw(count, s->of, (uint64_t)o->seed, drawn);
    status = read_drawn(s, p->items, drawn, err);
  }
  free(drawn);
  return status;
}

void sample_free(Sample *s) {
  for (int64_t i = 0; i < s->count; i++) item_free(&s->item[i]);
  free(s->item);
  free(s->untargeted);
  *s = (Sample){0};
}
