/* What the base reads: prose whose end is left out, and a few plain orders about lists. Lessons
 * draw from all parts of the world. */
#include <stdio.h>

#include "tools/demo/task.h"

/* Nouns that share a kind. */
static void make_company(Item *item, Part part, Rng *rng) {
  enum { COMPANY = 3 };
  const char *noun[COMPANY];
  const Category *category = &WORLD_CATEGORY[rng_below(rng, CATEGORIES)];
  words_draw(&category->members, part, COMPANY, noun, rng);
  Text *list = item_field(item, "nouns");
  text_add(list, "the %s, the %s and the %s", noun[0], noun[1], noun[2]);
  text_add(&item->target, "%s", category->plural);
}

/* Things of different kinds, one of them wanted. */
static void make_wanted(Item *item, Part part, Rng *rng) {
  enum { THINGS = 3 };
  const char *noun[THINGS];
  size_t category[THINGS], wanted = rng_below(rng, THINGS);
  categories_draw(THINGS, category, rng);
  for (size_t i = 0; i < THINGS; i++)
    words_draw(&WORLD_CATEGORY[category[i]].members, part, 1, &noun[i], rng);
  Text *list = item_field(item, "nouns");
  text_add(list, "the %s, the %s and the %s", noun[0], noun[1], noun[2]);
  item_set(item, "category", WORLD_CATEGORY[category[wanted]].name);
  text_add(&item->target, "%s", noun[wanted]);
}

/* Two numbers; the target is the larger or the smaller as {size} says. */
static void make_compare(Item *item, Part part, Rng *rng) {
  const char *word[2];
  (void)part;
  size_t a = rng_below(rng, WORLD_NUMBERS.count), b = rng_below(rng, WORLD_NUMBERS.count - 1);
  b += b >= a;
  word[0] = WORLD_NUMBERS.word[a];
  word[1] = WORLD_NUMBERS.word[b];
  int larger = rng_below(rng, 2) == 0;
  text_add(item_field(item, "pair"), "%s and %s", word[0], word[1]);
  item_set(item, "size", larger ? "larger" : "smaller");
  text_add(&item->target, "%s", word[larger == (b > a)]);
}

/* Foreign words with their meanings, one of them wanted. */
static void make_meaning(Item *item, Part part, Rng *rng) {
  enum { ENTRIES = 3 };
  const char *foreign[ENTRIES], *noun[ENTRIES];
  words_draw(&WORLD_FOREIGN, part, ENTRIES, foreign, rng);
  nouns_draw(part, ENTRIES, noun, rng);
  size_t wanted = rng_below(rng, ENTRIES);
  Text *list = item_field(item, "glossary");
  for (size_t i = 0; i < ENTRIES; i++)
    text_add(list, "%s%s means %s", i ? ", " : "", foreign[i], noun[i]);
  item_set(item, "word", foreign[wanted]);
  item_set(item, "noun", noun[wanted]);
  text_add(&item->target, "%s", noun[wanted]);
}

static void make_naming(Item *item, Part part, Rng *rng) {
  make_meaning(item, part, rng);
  item->target = item->field[1]; /* the foreign word */
}

/* A list of any words. */
static void make_words(Item *item, Part part, Rng *rng) {
  enum { LONGEST = 5 };
  static const WordList *const other[] = {&WORLD_PLACES,      &WORLD_COLOURS,    &WORLD_JOBS,
                                          &WORLD_NAMES,       &WORLD_NUMBERS,    &WORLD_FOREIGN,
                                          &WORLD_SMALL_WORDS, &WORLD_SMALL_WORDS};
  const char *word[LONGEST];
  size_t n = 3 + rng_below(rng, 3);
  nouns_draw(part, n, word, rng);
  for (size_t i = 0; i < n; i++)
    if (rng_below(rng, 2))
      word[i] = words_any(other[rng_below(rng, sizeof other / sizeof *other)], rng);
  text_add_words(item_field(item, "words"), word, n, ", ");
  text_add_words(item_field(item, "copy"), word, n, " ");
  item_set(item, "first", word[0]);
  item_set(item, "last", word[n - 1]);
}

static void make_copy(Item *item, Part part, Rng *rng) {
  make_words(item, part, rng);
  item->target = item->field[1];
}

static void make_first(Item *item, Part part, Rng *rng) {
  make_words(item, part, rng);
  item->target = item->field[2];
}

static void make_last(Item *item, Part part, Rng *rng) {
  make_words(item, part, rng);
  item->target = item->field[3];
}

/* Sentences about people, and the same sentences in another order. */
static void make_retell(Item *item, Part part, Rng *rng) {
  enum { MOST = 3 };
  const char *name[MOST], *colour[MOST], *value[MOST];
  char sentence[MOST][64];
  const char *told[MOST], *retold[MOST];
  size_t order[MOST], n = 2 + rng_below(rng, MOST - 1), relation = rng_below(rng, 3);
  words_draw(&WORLD_NAMES, part, n, name, rng);
  words_draw(&WORLD_COLOURS, part, n, colour, rng);
  if (relation == 0) nouns_draw(part, n, value, rng);
  if (relation == 1) words_draw(&WORLD_PLACES, part, n, value, rng);
  if (relation == 2) words_draw(&WORLD_JOBS, part, n, value, rng);
  for (size_t i = 0; i < n; i++) {
    const char *verb = relation == 0 ? "has a" : relation == 1 ? "is in the" : "is the";
    snprintf(sentence[i], sizeof sentence[i], "%s %s%s%s %s.", name[i], verb, relation ? "" : " ",
             relation ? "" : colour[i], value[i]);
    told[i] = sentence[i];
  }
  order_draw(n, order, rng);
  for (size_t i = 0; i < n; i++) retold[i] = told[order[i]];
  text_add_words(item_field(item, "passage"), told, n, " ");
  text_add_words(&item->target, retold, n, " ");
}

static const Lesson LESSON[] = {
    {"place",
     4,
     make_where,
     {"{passage} so {name} is in the", "{passage} remember, {name} is in the",
      "{passage} if you look for {name}, go to the", "{passage} yes, {name} waits at the"}},
    {"owner",
     4,
     make_who,
     {"{passage} the {colour} {thing} belongs to", "{passage} give the {thing} back to",
      "{passage} so the owner of the {thing} is", "{passage} if you need a {thing}, ask"}},
    {"paint",
     4,
     make_colour,
     {"{passage} the {thing} of {name} is", "{passage} yes, the {thing} is",
      "{passage} remember, {name} has a {thing} that is",
      "{passage} the colour of the {thing} was"}},
    {"work",
     4,
     make_job,
     {"{passage} so {name} is the", "{passage} the work of {name} is that of a",
      "{passage} remember, {name} is the", "{passage} yes, we call {name} the"}},
    {"category",
     5,
     make_kind,
     {"the {noun} is a kind of", "as everyone knows, the {noun} is a kind of",
      "the {noun} belongs to the category", "there are many kinds of things. the {noun} is a"}},
    {"company",
     3,
     make_company,
     {"{nouns} are", "{nouns} are all", "{nouns} belong together, they are"}},
    {"wanted",
     4,
     make_wanted,
     {"of {nouns}, the only {category} is the", "look at {nouns}. the {category} is the",
      "there were {nouns}. we took the {category}, that is, the"}},
    {"row",
     4,
     make_next,
     {"we count: {words},", "{words}, and after that", "the words go {words}, then"}},
    {"dates",
     2,
     make_calendar,
     {"the days go by: {words},", "{words}, and after that", "the words go {words}, then"}},
    {"compare",
     4,
     make_compare,
     {"of {pair}, the {size} number is", "take {pair}. the {size} one is",
      "the {size} of {pair} is"}},
    {"meaning",
     4,
     make_meaning,
     {"{glossary}. so the word {word} means", "{glossary}. in their language {word} is the"}},
    {"naming",
     3,
     make_naming,
     {"{glossary}. so they call the {noun}", "{glossary}. the foreign word for {noun} is"}},
    {"retell",
     12,
     make_retell,
     {"{passage} tell it again:", "{passage} now in another order:", "say this again: {passage}"}},
    {"copy",
     10,
     make_copy,
     {"repeat the words: {words}",
      "question: what are the words? {words}. answer:", "words: {words}. write them again.",
      "say this: {words}", "{words}. now say the list:", "find the words and write them: {words}"}},
    {"first",
     2,
     make_first,
     {"the first word: {words}",
      "{words}. the first of the words:", "question: which word comes first? {words}. answer:"}},
    {"last",
     2,
     make_last,
     {"the last word: {words}",
      "{words}. the last of the words:", "question: which word comes last? {words}. answer:"}},
};

const LessonTable LESSONS = {LESSON, sizeof LESSON / sizeof *LESSON};
