/* The readers of data: lines to learn from, and items to be asked. */
#include <stdlib.h>
#include <string.h>

#include "data/examples/examples.h"
#include "data/examples/items.h"
#include "tests/fuzz/target.h"

enum { MOST = 6 }; /* tokens of an example: so few that some are cut */

static void *open_tokenizer(const char *dir) {
  Error err = {0};
  Tokenizer *t;
  borrow(dir, "tokenizer_files/spiece/spiece.model");
  sound(tokenizer_open(&t, dir, &err), &err);
  return t;
}

static void close_tokenizer(void *world) {
  tokenizer_close(world);
}

/* ---- examples ---- */

static void check_ids(const Tokenizer *t, const int32_t *ids, int64_t count) {
  MUST(count >= 1 && ids[count - 1] == tokenizer_eos(t));
  for (int64_t i = 0; i < count; i++) MUST(ids[i] >= 0 && ids[i] < tokenizer_size(t));
}

static void check_example(const Tokenizer *t, const Example *e) {
  check_ids(t, e->input, e->input_len);
  MUST(e->input_len <= MOST && (e->choice || e->target_len <= MOST));
  if (!e->choice) {
    check_ids(t, e->target, e->target_len);
    return;
  }
  MUST(e->right >= 0 && e->right < e->choices && e->choice[0] == 0);
  MUST(e->choice[e->choices] == e->target_len);
  for (int64_t k = 0; k < e->choices; k++) {
    check_ids(t, e->target + e->choice[k], e->choice[k + 1] - e->choice[k]);
    MUST(e->choice[k + 1] - e->choice[k] <= MOST);
  }
}

static void check_examples(const ExampleSet *set, const Tokenizer *t, bool corrupted) {
  static const Corruption how = {.rate = 0.5, .mean_span = 1.5, .target_rate = 0.5, .seed = 1};
  for (int64_t i = 0; i < examples_count(set); i++) {
    Error err = {0};
    Example e;
    sound(examples_get(set, i, &e, &err), &err);
    check_example(t, &e);
    example_free(&e);
    if (!corrupted) continue;
    sound(examples_get_corrupted(set, i, 1, &how, &e, &err), &err);
    check_example(t, &e);
    example_free(&e);
  }
}

/* Every line is checked when the set is opened, so getting it does not fail. */
static void read_examples(const Input *in) {
  for (int use = CHOICES_UNREAD; use <= CHOICES_ALL; use++) {
    const ExampleKeys keys = {"input", "target", use ? NULL : "text", use, "choices", "label"};
    Error err = {0};
    ExampleSet *set;
    if (!taken(in, examples_open(&set, in->path, &keys, in->world, MOST, MOST, &err), &err)) {
      continue;
    }
    check_examples(set, in->world, use == CHOICES_UNREAD);
    examples_close(set);
  }
}

/* ---- items ---- */

static void check_item(const Item *item, ItemUse use) {
  MUST(item->id && item->input && !item->odd);
  MUST(item->label >= -1 && item->label < item->choices);
  MUST(use != ITEMS_RANKED || item->choices > 0);
  MUST(use != ITEMS_CHOSEN || (item->choices > 1 && item->label >= 0));
  MUST(use != ITEMS_ANSWERED || item->targets > 0 || item->label >= 0);
  for (int k = 0; k < item->choices; k++) {
    MUST(item->choice[k] && item_same(item, k) <= k && item_alike(item, k) <= item_same(item, k));
  }
  for (int k = 0; k < item->targets; k++) MUST(item->target[k]);
}

static void check_set(const ItemSet *set, ItemUse use) {
  int64_t count = items_count(set), left_out = items_left_out(set, count);
  Error err = {0};
  for (int64_t i = 0; i < count; i++) {
    Item item;
    sound(items_get(set, i, &item, &err), &err);
    check_item(&item, use);
    item_free(&item);
  }
  for (int64_t k = 0; k < left_out; k++) {
    char *why;
    sound(items_why_left_out(set, k, &why, &err), &err);
    MUST(why && *why);
    free(why);
  }
}

static void read_items(const Input *in, ItemFormat format) {
  for (int how = 0; how < 16; how++) {
    ItemKeys keys = {.use = (ItemUse)(how % 4),
                     .choices_from_targets = how & 4,
                     .strict = how & 8,
                     .tokens = {in->world, MOST}};
    Error err = {0};
    ItemSet *set;
    if (!taken(in, items_open(&set, in->path, format, &keys, &err), &err)) continue;
    check_set(set, keys.use);
    items_close(set);
  }
}

static void read_lines(const Input *in) {
  read_items(in, ITEMS_LINES);
}

static void read_bbh(const Input *in) {
  read_items(in, ITEMS_BBH);
}

const Target example_targets[] = {
    {.name = "examples",
     .file = "x.jsonl",
     .seeds = "tests/fuzz/seeds/examples.jsonl tests/fuzz/seeds/choices.jsonl",
     .words = "items",
     .most = 1024,
     .world = open_tokenizer,
     .end = close_tokenizer,
     .run = read_examples},
    {.name = "items",
     .file = "x.jsonl",
     .seeds = "tests/fuzz/seeds/items.jsonl tests/fuzz/seeds/choices.jsonl",
     .words = "items",
     .most = 1024,
     .world = open_tokenizer,
     .end = close_tokenizer,
     .run = read_lines},
    {.name = "items-bbh",
     .file = "x.json",
     .seeds = "tests/fuzz/seeds/bbh.json",
     .words = "items",
     .most = 1024,
     .world = open_tokenizer,
     .end = close_tokenizer,
     .run = read_bbh},
    {0},
};
