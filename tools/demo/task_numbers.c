/* Tasks on order: which number is larger, what comes next. */
#include "tools/demo/task.h"

/* Two different numbers up to twenty whose pair lies in `part`. */
static void draw_pair(Part part, size_t pair[2], Rng *rng) {
  size_t low, high;
  do {
    pair[0] = rng_below(rng, WORLD_NUMBERS.count);
    pair[1] = rng_below(rng, WORLD_NUMBERS.count);
    low = pair[0] < pair[1] ? pair[0] : pair[1];
    high = pair[0] + pair[1] - low;
  } while (low == high || (part != PART_ALL && part_of_key(low * 64 + high) != part));
}

/* Two people with a number each; the target is the one with the larger. */
static void make_larger(Item *item, Part part, const char *verb, const char *unit, Rng *rng) {
  const char *name[2];
  size_t pair[2];
  words_draw(&WORLD_NAMES, part, 2, name, rng);
  draw_pair(part, pair, rng);
  text_add(item_field(item, "passage"), "%s %s %s %s. %s %s %s %s.", name[0], verb,
           WORLD_NUMBERS.word[pair[0]], unit, name[1], verb, WORLD_NUMBERS.word[pair[1]], unit);
  text_add(item_field(item, "names"), "%s or %s", name[0], name[1]);
  item_choose(item, name, 2, pair[1] > pair[0]);
}

static void make_more(Item *item, Part part, Rng *rng) {
  const char *goods = words_any(&WORLD_GOODS, rng);
  make_larger(item, part, "has", goods, rng);
  item_set(item, "goods", goods);
}

static void make_older(Item *item, Part part, Rng *rng) {
  make_larger(item, part, "is", "years old", rng);
}

/* Three words of a sequence, up or down, and what follows. Cyclic sequences go round. */
static void make_following(Item *item, const WordList *list, int cyclic, Part part, Rng *rng) {
  enum { SHOWN = 3 };
  const char *word[SHOWN + 1], *choice[ITEM_CHOICES];
  size_t n = list->count, first, step;
  do {
    first = rng_below(rng, n);
    step = rng_below(rng, 2) ? 1 : n - 1;
  } while ((!cyclic && (step == 1 ? first + SHOWN >= n : first < SHOWN)) ||
           (part != PART_ALL && part_of_key(first * 64 + step) != part));
  for (size_t i = 0; i <= SHOWN; i++) word[i] = list->word[(first + i * step) % n];
  text_add_words(item_field(item, "words"), word, SHOWN, ", ");
  choice[0] = word[SHOWN];
  choice[1] = word[0];
  choice[2] = list->word[(first + (n - 1) * step) % n]; /* what follows the other way round */
  choice[3] = list->word[(first + 5 * step) % n];
  item_choose_shuffled(item, choice, ITEM_CHOICES, rng);
}

void make_next(Item *item, Part part, Rng *rng) {
  make_following(item, rng_below(rng, 2) ? &WORLD_NUMBERS : &WORLD_ORDINALS, 0, part, rng);
}

void make_calendar(Item *item, Part part, Rng *rng) {
  (void)part;
  make_following(item, rng_below(rng, 2) ? &WORLD_DAYS : &WORLD_MONTHS, 1, PART_ALL, rng);
}

static const Task NUMBERS[] = {
    {"more",
     1,
     make_more,
     {"Compare the two numbers in the passage and name the person who has more.",
      "Say which person has the larger number of things."},
     {"{passage} who has more {goods}?", "{passage} question: who has more? answer:",
      "who has more {goods}? {passage}", "{passage} {names}: name the one with more.",
      "find the larger number: {passage} who?", "{passage} which person has more {goods}?",
      "answer the question: who has more? {passage}", "{passage} who has the larger number?"}},
    {"next",
     1,
     make_next,
     {"Continue the sequence of numbers with the next word.",
      "Say which number comes after the given ones."},
     {"what comes next: {words}?",
      "{words}. and then:", "question: what comes after {words}? answer:", "go on: {words},",
      "words: {words}. say the next word.", "{words}. which one comes now?",
      "find the next word: {words}", "words: {words}. what comes now?"}},
    {"older",
     0,
     make_older,
     {"Compare the ages in the passage and name the older person.",
      "Say which person has lived for more years."},
     {"{passage} who is older?", "{passage} question: who has more years? answer:",
      "who is older? {passage}", "{passage} {names}: name the older one.",
      "find the older person: {passage} who?", "{passage} which person is older?",
      "answer the question: who is older? {passage}", "{passage} who has more years?"}},
    {"calendar",
     0,
     make_calendar,
     {"Continue the row of days or months with the next one.",
      "Say which day or month comes after the given ones."},
     {"what comes next: {words}?", "{words}. and after that:",
      "question: which one comes after {words}? answer:", "go on with the days: {words},",
      "days: {words}. say the next one.", "{words}. which is the next?",
      "find the next one: {words}", "days: {words}. what comes now?"}},
};

const TaskTable TASKS_NUMBERS = {NUMBERS, sizeof NUMBERS / sizeof *NUMBERS};
