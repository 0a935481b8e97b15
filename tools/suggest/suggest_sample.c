#include <inttypes.h>
#include <stdlib.h>

#include "autograd/ground/extremum.h"
#include "autograd/ground/rng.h"
#include "tools/predict/predict_items.h"
#include "tools/shell/console.h"
#include "tools/suggest/suggest_tool.h"

enum { RNG_SAMPLE = 0x5a3b1e }; /* what the numbers are for */

void sample_draw(int64_t count, int64_t of, uint64_t seed, int64_t *drawn) {
  rng_draw(rng_key(seed, (uint64_t)count, (uint64_t)of, RNG_SAMPLE), count, of, drawn);
}

/* ---- what the items can be judged by ---- */

/* As choices, whose right one is known; as texts, with a target, which may be the right choice. */
static bool can_be(const Item *item, SuggestTargets targets) {
  bool chosen = item->choices > 0 && item->label >= 0;
  return targets == TARGETS_NONE || chosen || (targets == TARGETS_TEXTS && item->targets > 0);
}

/* What the items of a file can be judged by. */
typedef struct Looked {
  unsigned char *can;               /* [items] bits of SuggestTargets */
  int64_t count[TARGETS_TEXTS + 1]; /* items, by SuggestTargets */
} Looked;

static Status look_at_items(Looked *l, const ItemSet *items, Error *err) {
  l->can = calloc((size_t)items_count(items), sizeof *l->can);
  if (!l->can) return error_set(err, STATUS_RUN, "out of memory: the sample");
  for (int64_t i = 0; i < items_count(items); i++) {
    Item item;
    TRY(items_get(items, i, &item, err));
    for (int t = TARGETS_NONE; t <= TARGETS_TEXTS; t++) {
      if (!can_be(&item, t)) continue;
      l->can[i] |= (unsigned char)(1u << t);
      l->count[t]++;
    }
    item_free(&item);
  }
  return STATUS_OK;
}

/* The more items the better, and choices before texts. */
static SuggestTargets choose_targets(const int64_t count[TARGETS_TEXTS + 1]) {
  if (count[TARGETS_TEXTS] > count[TARGETS_CHOICES]) return TARGETS_TEXTS;
  return count[TARGETS_CHOICES] > 0 ? TARGETS_CHOICES : TARGETS_NONE;
}

/* An item that is judged by texts has no choices, and a target. */
static void make_text(Item *item) {
  char *right = NULL;
  for (int k = 0; k < item->choices; k++) {
    if (k == item->label && item->targets == 0) {
      right = item->choice[k];
    } else {
      free(item->choice[k]);
    }
  }
  if (right) {
    item->target = item->choice; /* an array of one text or more */
    item->target[0] = right;
    item->targets = 1;
  } else {
    free(item->choice);
  }
  free(item->same);
  free(item->alike);
  item->choice = NULL;
  item->same = item->alike = NULL;
  item->choices = 0;
  item->label = -1;
}

/* ---- the sample ---- */

/* The drawn ones of those that can be judged so. */
static Status read_drawn(Sample *s, const ItemSet *items, const Looked *l, const int64_t *drawn,
                         Error *err) {
  for (int64_t i = 0, usable = 0, taken = 0; taken < s->count; i++) {
    if (!(l->can[i] & 1u << s->targets) || usable++ < drawn[taken]) continue;
    TRY(items_get(items, i, &s->item[taken], err));
    if (s->targets == TARGETS_TEXTS) make_text(&s->item[taken]);
    taken++;
  }
  return STATUS_OK;
}

static Status draw_items(Sample *s, const ItemSet *items, const Looked *l, const PredictOptions *o,
                         Error *err) {
  s->of = l->count[s->targets];
  int64_t count = min64(o->limit, s->of), *drawn = calloc((size_t)count, sizeof *drawn);
  s->item = calloc((size_t)count, sizeof *s->item);
  s->count = s->item ? count : 0;
  Status status =
      drawn && s->item ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: the sample");
  if (status == STATUS_OK) {
    sample_draw(count, s->of, (uint64_t)o->seed, drawn);
    status = read_drawn(s, items, l, drawn, err);
  }
  free(drawn);
  return status;
}

static void tell_unusable(const Sample *s, int64_t all, int64_t usable) {
  if (usable == all) return;
  console_note(NULL, "%" PRId64 " of %" PRId64 " items have no %s and are left out", all - usable,
               all, s->targets == TARGETS_CHOICES ? "choices with a label" : "target");
}

Status sample_open(Sample *s, PredictParts *p, const PredictOptions *o, Error *err) {
  Looked looked = {0};
  *s = (Sample){0};
  TRY(predict_parts_items(p, o, err));
  TRY(predict_tell_items(p->items, items_count(p->items), err));
  Status status = look_at_items(&looked, p->items, err);
  s->targets = choose_targets(looked.count);
  if (status == STATUS_OK) {
    tell_unusable(s, items_count(p->items), looked.count[s->targets]);
    status = draw_items(s, p->items, &looked, o, err);
  }
  free(looked.can);
  return status;
}

void sample_free(Sample *s) {
  for (int64_t i = 0; i < s->count; i++) item_free(&s->item[i]);
  free(s->item);
  *s = (Sample){0};
}
