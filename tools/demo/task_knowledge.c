/* Tasks on what the base has read about things: their kinds and their colours. */
#include "tools/demo/task.h"

enum { SEVERAL = 3 };

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
static void make_kinds(Item *item, Part part, Rng *rng) {
  const char *word[SEVERAL], *kind[SEVERAL];
  size_t order[SEVERAL];
  categories_draw(SEVERAL, order, rng);
  for (size_t i = 0; i < SEVERAL; i++) {
    words_draw(&WORLD_CATEGORY[order[i]].members, part, 1, &word[i], rng);
    kind[i] = WORLD_CATEGORY[order[i]].name;
  }
  text_add_words(item_field(item, "words"), word, SEVERAL, ", ");
  text_add_words(&item->target, kind, SEVERAL, " ");
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

enum { OFFERED = 4 };

/* OFFERED words of different kinds; the answer is the one of the kind {kind}. */
static void make_member(Item *item, Part part, Rng *rng) {
  const char *word[OFFERED];
  size_t order[OFFERED];
  categories_draw(OFFERED, order, rng);
  for (size_t i = 0; i < OFFERED; i++)
    words_draw(&WORLD_CATEGORY[order[i]].members, part, 1, &word[i], rng);
  item_choose_shuffled(item, word, OFFERED, rng);
  text_add_words(item_field(item, "words"), item->choice, OFFERED, ", ");
  item_set(item, "kind", WORLD_CATEGORY[order[0]].name);
}

/* SEVERAL words of one category; the target is what they all are. */
static void make_topic(Item *item, Part part, Rng *rng) {
  size_t drawn;
  categories_draw(1, &drawn, rng);
  const Category *category = &WORLD_CATEGORY[drawn];
  const char *word[SEVERAL];
  words_draw(&category->members, part, SEVERAL, word, rng);
  text_add_words(item_field(item, "words"), word, SEVERAL, ", ");
  text_add(&item->target, "%s", category->plural);
}

static const Task KNOWLEDGE[] = {
    {"kind",
     1,
     make_kind,
     {"Say what kind of thing the word names.",
      "Say what kind of thing a word names, such as an animal or a tool."},
     {"what is a {word}?", "{word}. the kind:", "question: of what kind is the {word}? answer:",
      "which kind of thing is this: {word}", "word: {word}. say its kind.", "find the kind: {word}",
      "say the kind of the {word}.", "what kind of thing is a {word}?"}},
    {"kinds",
     1,
     make_kinds,
     {"Replace every word of the list by the kind of thing it names.",
      "Replace each word of the list by the name of its kind."},
     {"what are these: {words}?", "{words}. their kinds:",
      "question: of what kinds are they? {words}. answer:", "write the kind of each word: {words}",
      "words: {words}. say their kinds.", "find the kinds: {words}",
      "say the kind of each thing: {words}", "words: {words}. what kinds of things are they?"}},
    {"hue",
     1,
     make_hue,
     {"Say which colour the thing has.", "Say what colour the named thing has."},
     {"what is the colour of a {word}?", "{word}. the colour:",
      "question: of what colour is the {word}? answer:", "which colour has this: {word}",
      "word: {word}. say its colour.", "find the colour: {word}", "say the colour of the {word}.",
      "what colour has a {word}?"}},
    {"member",
     1,
     make_member,
     {"Find the one thing that is of the given kind.",
      "Of the four things, find the one of the given kind."},
     {"which one is the {kind}: {words}?", "{words}. the {kind} is:",
      "question: which is the {kind}? {words}. answer:", "find the {kind}: {words}",
      "words: {words}. say which is the {kind}.", "name the {kind}: {words}",
      "which of the words is the {kind}: {words}?", "words: {words}. find the {kind}."}},
    {"topic",
     1,
     make_topic,
     {"Say what group of things the words of the list all belong to.",
      "Name the group to which all the words belong."},
     {"what are they all: {words}?", "{words}. all of them are:",
      "question: what are they together? {words}. answer:", "say what they all are: {words}",
      "words: {words}. name the group.", "which group is this: {words}", "name the group: {words}",
      "words: {words}. what are they all?"}},
    {"sort",
     0,
     make_sort,
     {"Say whether the word is a name, a place, a job, a colour, a number, a day or a month.",
      "Say what sort of word the given word is."},
     {"what is the word {word}?", "{word}. what is it:", "question: which sort is {word}? answer:",
      "what do we call such a word: {word}", "word: {word}. say what it is.",
      "find the sort: {word}", "say the sort of the word {word}.",
      "which sort of word is {word}?"}},
    {"cargo",
     0,
     make_member,
     {"A cart carries four things: say which of them is the one that is wanted.",
      "Say which thing of the cargo is of the wanted kind."},
     {"the cart carries {words}. take down the {kind}:",
      "we need the {kind}. the cart has {words}. "
      "take the",
      "question: there are {words} on the cart. which is the {kind}? answer:",
      "cargo: {words}. give me the {kind}.", "unload the {kind}: {words}",
      "on the cart: {words}. where is the {kind}?", "give me the {kind} from the cart: {words}",
      "cargo: {words}. which one is the {kind}?"}},
    {"shop",
     0,
     make_topic,
     {"Say what the shop sells, by the three things on its shelf.",
      "Name the group of things that the shop has for sale."},
     {"the shop sells {words}. it is a shop for", "what does a shop sell that has {words}?",
      "question: the shop has {words}. what does it sell? answer:",
      "for sale: {words}. name the shop.", "a shop with {words} sells",
      "this shop has {words}. it is full of", "name what the shop sells: {words}",
      "for sale: {words}. what are they all?"}},
    {"museum",
     0,
     make_kinds,
     {"Write the labels of the museum: each says what kind of thing is shown.",
      "Say what stands on the label of each thing, which is its kind."},
     {"the museum shows {words}. write the labels:", "labels for {words}:",
      "question: what is on the labels of {words}? answer:", "label each of these: {words}",
      "museum: {words}. write their labels.", "find the labels: {words}",
      "write a label for each thing: {words}", "museum: {words}. what are the labels?"}},
    {"paint",
     0,
     make_hue,
     {"A painter wants to paint the thing: say which paint is needed.",
      "Say which colour of paint the thing needs."},
     {"which paint for a {word}?",
      "{word}. the paint:", "question: how do we paint the {word}? answer:", "paint this: {word}",
      "picture: {word}. say the paint.", "find the paint: {word}", "say the paint for the {word}.",
      "what paint does a {word} need?"}},
};

const TaskTable TASKS_KNOWLEDGE = {KNOWLEDGE, sizeof KNOWLEDGE / sizeof *KNOWLEDGE};
