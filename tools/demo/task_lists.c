/* Tasks on a list of words: its order, its stranger, how many are of a kind. */
#include "tools/demo/task.h"

enum { LIST_MAX = 5, ODD = 4 };

static void make_reverse_of(Item *item, const char *const *word, size_t n) {
  const char *backwards[LIST_MAX];
  for (size_t i = 0; i < n; i++) backwards[i] = word[n - 1 - i];
  text_add_words(item_field(item, "words"), word, n, ", ");
  text_add_words(&item->target, backwards, n, " ");
}

static void make_reverse(Item *item, Part part, Rng *rng) {
  const char *word[LIST_MAX];
  size_t n = 3 + rng_below(rng, 2);
  nouns_draw(part, n, word, rng);
  make_reverse_of(item, word, n);
}

static void make_return(Item *item, Part part, Rng *rng) {
  const char *place[LIST_MAX];
  (void)part;
  size_t n = 3 + rng_below(rng, 2);
  words_draw(&WORLD_PLACES, PART_ALL, n, place, rng);
  make_reverse_of(item, place, n);
}

static void make_count(Item *item, Part part, Rng *rng) {
  const char *word[LIST_MAX], *shuffled[LIST_MAX];
  size_t category[LIST_MAX + 1], order[LIST_MAX];
  size_t of_kind = 1 + rng_below(rng, 3);
  categories_draw(LIST_MAX + 1, category, rng);
  words_draw(&WORLD_CATEGORY[category[0]].members, part, of_kind, word, rng);
  for (size_t i = of_kind; i < LIST_MAX; i++)
    words_draw(&WORLD_CATEGORY[category[i]].members, part, 1, &word[i], rng);
  order_draw(LIST_MAX, order, rng);
  for (size_t i = 0; i < LIST_MAX; i++) shuffled[i] = word[order[i]];
  text_add_words(item_field(item, "words"), shuffled, LIST_MAX, ", ");
  item_set(item, "kind", WORLD_CATEGORY[category[0]].plural);
  item_choose(item, WORLD_NUMBERS.word, 3, of_kind - 1);
}

static void make_without(Item *item, Part part, Rng *rng) {
  const char *word[LIST_MAX], *kept[LIST_MAX];
  size_t n = 3 + rng_below(rng, 2), out = rng_below(rng, n), left = 0;
  nouns_draw(part, n, word, rng);
  for (size_t i = 0; i < n; i++)
    if (i != out) kept[left++] = word[i];
  text_add_words(item_field(item, "words"), word, n, ", ");
  item_set(item, "word", word[out]);
  text_add_words(&item->target, kept, left, " ");
}

/* word[0] is the stranger. */
static void make_odd_of(Item *item, const char *const *word, Rng *rng) {
  item_choose_shuffled(item, word, ODD, rng);
  text_add_words(item_field(item, "words"), item->choice, ODD, ", ");
}

static void make_odd(Item *item, Part part, Rng *rng) {
  const char *word[ODD];
  size_t category[2];
  categories_draw(2, category, rng);
  words_draw(&WORLD_CATEGORY[category[0]].members, part, 1, word, rng);
  words_draw(&WORLD_CATEGORY[category[1]].members, part, ODD - 1, word + 1, rng);
  make_odd_of(item, word, rng);
}

/* As odd, among the words that are no nouns of a category. */
static void make_stranger(Item *item, Part part, Rng *rng) {
  static const WordList *const domain[] = {&WORLD_PLACES,  &WORLD_COLOURS, &WORLD_JOBS,
                                           &WORLD_NUMBERS, &WORLD_MONTHS,  &WORLD_NAMES};
  enum { DOMAINS = sizeof domain / sizeof *domain };
  const char *word[ODD];
  (void)part;
  size_t usual = rng_below(rng, DOMAINS), odd = (usual + 1 + rng_below(rng, DOMAINS - 1)) % DOMAINS;
  words_draw(domain[odd], PART_ALL, 1, word, rng);
  words_draw(domain[usual], PART_ALL, ODD - 1, word + 1, rng);
  make_odd_of(item, word, rng);
}

static const Task LISTS[] = {
    {"reverse",
     1,
     make_reverse,
     {"Write the words of the list in the opposite order.", "Turn the list of words around."},
     {"turn around: {words}",
      "{words}. now backwards:", "question: what is the list backwards? {words}. answer:",
      "write the words in the other order: {words}", "words: {words}. say them backwards.",
      "last word first: {words}", "say the list backwards: {words}",
      "words: {words}. turn the list around."}},
    {"odd",
     1,
     make_odd,
     {"Find the word that is of another kind than the other words.",
      "Say which of the four things does not belong with the rest."},
     {"which word does not belong: {words}?", "{words}. the odd one:",
      "question: which one is odd? {words}. answer:", "find the stranger: {words}",
      "words: {words}. say the one that does not fit.", "which is of another kind: {words}?",
      "find the odd word: {words}", "words: {words}. which one does not belong?"}},
    {"count",
     1,
     make_count,
     {"Count how many words of the list are of the given kind.",
      "Say how many things of that category the list has."},
     {"how many {kind}: {words}?", "{words}. the number of {kind}:",
      "question: how many are {kind}? {words}. answer:", "count the {kind}: {words}",
      "words: {words}. say how many {kind} there are.",
      "{words}. how many of the words are {kind}?", "find the number of {kind}: {words}",
      "words: {words}. how many {kind}?"}},
    {"without",
     1,
     make_without,
     {"Write the list again but leave one word out.",
      "Repeat all the words except the one that is named."},
     {"without the {word}: {words}", "{words}. now all but the {word}:",
      "question: what is the list without the {word}? {words}. answer:",
      "leave out the {word}: {words}", "words: {words}. say all but the {word}.",
      "take away the {word}: {words}", "find the list without the {word}: {words}",
      "words: {words}. leave out the {word}."}},
    {"return",
     0,
     make_return,
     {"Give the places of the journey in the order of the way back.",
      "Turn the list of places around for the return."},
     {"turn around the way: {words}",
      "{words}. now the way backwards:", "question: what is the way backwards? {words}. answer:",
      "write the places in the other order: {words}", "places: {words}. say them backwards.",
      "last place first: {words}", "say the way backwards: {words}",
      "places: {words}. turn the way around."}},
    {"stranger",
     0,
     make_stranger,
     {"Find the name, number, colour, place or job that is unlike the others.",
      "Say which of the four words is the stranger among the rest."},
     {"which one is not like the others: {words}?", "{words}. the one that does not belong:",
      "question: which word is of another kind? {words}. answer:", "the odd one of these: {words}",
      "words: {words}. find the one that is odd.", "which does not fit: {words}?",
      "find the one of another kind: {words}", "words: {words}. which is the stranger?"}},
};

const TaskTable TASKS_LISTS = {LISTS, sizeof LISTS / sizeof *LISTS};
