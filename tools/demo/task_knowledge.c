/* Tasks on what the base has read about things: their kinds and their colours. */
#include "tools/demo/task.h"

enum { SEVERAL = 3, MIXED = 5 };

/* A word of category 0 of `order`, and the names of all as answers. */
static void set_kind(Item *item, const Category *table, const size_t *order, Part part, Rng *rng) {
  const char *word, *choice[ITEM_CHOICES];
  words_draw(&table[order[0]].members, part, 1, &word, rng);
  for (size_t i = 0; i < ITEM_CHOICES; i++) choice[i] = table[order[i]].name;
  item_set(item, "word", word);
  item_choose_shuffled(item, choice, ITEM_CHOICES, rng);
}

static void make_kind(Item *item, Part part, Rng *rng) {
  size_t order[CATEGORIES];
  order_draw(CATEGORIES, order, rng);
  set_kind(item, WORLD_CATEGORY, order, part, rng);
}

static void make_sort(Item *item, Part part, Rng *rng) {
  size_t order[DOMAINS];
  (void)part;
  order_draw(DOMAINS, order, rng);
  set_kind(item, WORLD_DOMAIN, order, PART_ALL, rng);
}

/* {words} and the kind of each. */
static void set_kinds(Item *item, const Category *table, const size_t *order, Part part, Rng *rng) {
  const char *word[SEVERAL], *kind[SEVERAL];
  for (size_t i = 0; i < SEVERAL; i++) {
    words_draw(&table[order[i]].members, part, 1, &word[i], rng);
    kind[i] = table[order[i]].name;
  }
  text_add_words(item_field(item, "words"), word, SEVERAL, ", ");
  text_add_words(&item->target, kind, SEVERAL, " ");
}

static void make_kinds(Item *item, Part part, Rng *rng) {
  size_t order[CATEGORIES];
  order_draw(CATEGORIES, order, rng);
  set_kinds(item, WORLD_CATEGORY, order, part, rng);
}

static void make_labels(Item *item, Part part, Rng *rng) {
  size_t order[DOMAINS];
  (void)part;
  order_draw(DOMAINS, order, rng);
  set_kinds(item, WORLD_DOMAIN, order, PART_ALL, rng);
}

/* MIXED words, one or two of the kind {kind}; the target is those. */
static void set_only(Item *item, const Category *table, const size_t *order, Part part, Rng *rng) {
  const char *word[MIXED];
  size_t place[MIXED], wanted = 1 + rng_below(rng, 2);
  words_draw(&table[order[0]].members, part, wanted, word, rng);
  for (size_t i = wanted; i < MIXED; i++)
    words_draw(&table[order[i]].members, part, 1, &word[i], rng);
  order_draw(MIXED, place, rng);
  Text *list = item_field(item, "words");
  for (size_t i = 0; i < MIXED; i++) {
    text_add(list, "%s%s", i ? ", " : "", word[place[i]]);
    if (place[i] < wanted)
      text_add(&item->target, "%s%s", item->target.size ? " " : "", word[place[i]]);
  }
  item_set(item, "kind", table[order[0]].plural);
}

static void make_only(Item *item, Part part, Rng *rng) {
  size_t order[CATEGORIES];
  order_draw(CATEGORIES, order, rng);
  set_only(item, WORLD_CATEGORY, order, part, rng);
}

static void make_harvest(Item *item, Part part, Rng *rng) {
  size_t order[DOMAINS];
  (void)part;
  order_draw(DOMAINS, order, rng);
  set_only(item, WORLD_DOMAIN, order, PART_ALL, rng);
}

static void make_hue(Item *item, Part part, Rng *rng) {
  const WordList *colours = &WORLD_DOMAIN[DOMAIN_COLOURS].members;
  const char *noun, *choice[ITEM_CHOICES];
  nouns_draw(part, 1, &noun, rng);
  size_t n = 1;
  choice[0] = noun_colour(noun);
  while (n < ITEM_CHOICES) {
    const char *other = words_any(colours, rng);
    size_t i = 0;
    while (i < n && choice[i] != other) i++;
    if (i == n) choice[n++] = other;
  }
  item_set(item, "word", noun);
  item_choose_shuffled(item, choice, ITEM_CHOICES, rng);
}

static void make_paint(Item *item, Part part, Rng *rng) {
  make_hue(item, part, rng);
}

static const Task KNOWLEDGE[] = {
    {"kind",
     1,
     make_kind,
     {"Say what kind of thing the word names.", "Give the category to which the thing belongs."},
     {"what is a {word}?", "{word}. the kind:", "question: of what kind is the {word}? answer:",
      "which kind of thing is this: {word}", "word: {word}. say its kind.", "find the kind: {word}",
      "say the kind of the {word}.", "what kind of thing is a {word}?"}},
    {"kinds",
     1,
     make_kinds,
     {"Replace every word of the list by the kind of thing it names.",
      "Give the category of each thing in the list."},
     {"what are these: {words}?", "{words}. their kinds:",
      "question: of what kinds are they? {words}. answer:", "write the kind of each word: {words}",
      "words: {words}. say their kinds.", "find the kinds: {words}",
      "say the kind of each thing: {words}", "words: {words}. what kinds of things are they?"}},
    {"only",
     1,
     make_only,
     {"Pick the words of the list that are of the given kind.",
      "Say only those things that belong to the category."},
     {"only the {kind}: {words}", "{words}. now only the {kind}:",
      "question: which of them are {kind}? {words}. answer:", "find the {kind}: {words}",
      "words: {words}. say the {kind}.", "take the {kind}: {words}", "say only the {kind}: {words}",
      "words: {words}. which are {kind}?"}},
    {"hue",
     1,
     make_hue,
     {"Say which colour the thing has.", "Give the colour of what the word names."},
     {"what is the colour of a {word}?", "{word}. the colour:",
      "question: of what colour is the {word}? answer:", "which colour has this: {word}",
      "word: {word}. say its colour.", "find the colour: {word}", "say the colour of the {word}.",
      "what colour has a {word}?"}},
    {"sort",
     0,
     make_sort,
     {"Say whether the word is a name, a place, a job, a colour, a number, a day or a month.",
      "Give the sort of word that this is."},
     {"what is the word {word}?", "{word}. what is it:", "question: which sort is {word}? answer:",
      "what do we call such a word: {word}", "word: {word}. say what it is.",
      "find the sort: {word}", "say the sort of the word {word}.",
      "which sort of word is {word}?"}},
    {"labels",
     0,
     make_labels,
     {"Put the sort of word in the place of each word: name, place, job, colour, number, day, "
      "month.",
      "Say of every word in the row what sort it is."},
     {"what sorts are these: {words}?", "{words}. their sorts:",
      "question: which sort is each of them? {words}. answer:", "write what each word is: {words}",
      "words: {words}. say their sorts.", "find the sorts: {words}",
      "say the sort of each word: {words}", "words: {words}. what sorts of words are they?"}},
    {"harvest",
     0,
     make_harvest,
     {"Among names, places, jobs and other words find those of the wanted sort.",
      "Pick out the words that are of the sort asked for."},
     {"the {kind} among these: {words}", "{words}. and the {kind}:",
      "question: what are the {kind} here? {words}. answer:", "look for the {kind}: {words}",
      "words: {words}. give me the {kind}.", "pick the {kind}: {words}",
      "pick out only the {kind}: {words}", "words: {words}. where are the {kind}?"}},
    {"paint",
     0,
     make_paint,
     {"A painter wants to paint the thing: say which paint is needed.",
      "Name the paint for the picture of the thing."},
     {"which paint for a {word}?",
      "{word}. the paint:", "question: how do we paint the {word}? answer:", "paint this: {word}",
      "picture: {word}. say the paint.", "find the paint: {word}", "say the paint for the {word}.",
      "what paint does a {word} need?"}},
};

const TaskTable TASKS_KNOWLEDGE = {KNOWLEDGE, sizeof KNOWLEDGE / sizeof *KNOWLEDGE};
