/* Tasks on the order of numbers. */
#include "tools/demo/task.h"

enum { NUMBERS_SHOWN = 3 };

/* Distinct numbers whose set lies in `part`; returns which of them is the largest. */
static size_t draw_numbers(Part part, const char *word[NUMBERS_SHOWN], Rng *rng) {
  const WordList *numbers = &WORLD_DOMAIN[DOMAIN_NUMBERS].members;
  size_t largest, value[NUMBERS_SHOWN];
  uint64_t set;
  do {
    largest = 0, set = 0;
    for (size_t i = 0; i < NUMBERS_SHOWN; i++) {
      value[i] = rng_below(rng, numbers->count);
      set |= UINT64_C(1) << value[i];
      if (value[i] > value[largest]) largest = i;
      word[i] = numbers->word[value[i]];
    }
  } while (__builtin_popcountll(set) != NUMBERS_SHOWN ||
           (part != PART_ALL && part_of_key(set) != part));
  return largest;
}

static void make_largest(Item *item, Part part, Rng *rng) {
  const char *word[NUMBERS_SHOWN];
  size_t largest = draw_numbers(part, word, rng);
  text_add_words(item_field(item, "words"), word, NUMBERS_SHOWN, ", ");
  item_choose(item, word, NUMBERS_SHOWN, largest);
}

static void make_price(Item *item, Part part, Rng *rng) {
  const char *word[NUMBERS_SHOWN], *noun[NUMBERS_SHOWN];
  size_t largest = draw_numbers(PART_ALL, word, rng);
  nouns_draw(part, NUMBERS_SHOWN, noun, rng);
  Text *passage = item_field(item, "passage");
  for (size_t i = 0; i < NUMBERS_SHOWN; i++)
    text_add(passage, "%sthe %s for %s", i ? ", " : "", noun[i], word[i]);
  item_choose(item, word, NUMBERS_SHOWN, largest);
}

static const Task NUMBERS[] = {
    {"largest",
     1,
     make_largest,
     {"Find the largest of the numbers.", "Say which of the three numbers is the largest."},
     {"which is the largest: {words}?", "{words}. the largest one:",
      "question: which number is the largest? {words}. answer:", "find the largest: {words}",
      "words: {words}. say the largest.", "the most of these: {words}",
      "say the largest number: {words}", "words: {words}. which is the largest number?"}},
    {"price",
     0,
     make_price,
     {"Find the highest price in the list of things for sale.",
      "Say which of the prices is the highest."},
     {"which is the highest price: {passage}?",
      "{passage}. the highest price:", "question: which price is the highest? {passage}. answer:",
      "find the highest price: {passage}", "prices: {passage}. say the highest.",
      "the dearest of these: {passage}", "say the largest price: {passage}",
      "prices: {passage}. which is the largest price?"}},
};

const TaskTable TASKS_NUMBERS = {NUMBERS, sizeof NUMBERS / sizeof *NUMBERS};
