/* What the base reads: prose whose end is left out, and a few plain orders about lists. Lessons
 * draw from all parts of the world. */

#include "tools/demo/task.h"

static void make_category(Item *item, Part part, Rng *rng) {
  const Category *category = &WORLD_CATEGORY[rng_below(rng, CATEGORIES)];
  const char *noun;
  words_draw(&category->members, part, 1, &noun, rng);
  item_set(item, "noun", noun);
  text_add(&item->target, "%s", category->name);
}

/* As category, for names, places and the like. */
static void make_domain(Item *item, Part part, Rng *rng) {
  const Category *domain = &WORLD_DOMAIN[rng_below(rng, DOMAINS)];
  const char *word;
  (void)part;
  words_draw(&domain->members, PART_ALL, 1, &word, rng);
  item_set(item, "word", word);
  text_add(&item->target, "%s", domain->name);
}

static void make_colour(Item *item, Part part, Rng *rng) {
  const char *noun;
  nouns_draw(part, 1, &noun, rng);
  item_set(item, "noun", noun);
  text_add(&item->target, "%s", noun_colour(noun));
}

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
  const WordList *numbers = &WORLD_DOMAIN[DOMAIN_NUMBERS].members;
  const char *word[2];
  (void)part;
  size_t a = rng_below(rng, numbers->count), b = rng_below(rng, numbers->count - 1);
  b += b >= a;
  word[0] = numbers->word[a];
  word[1] = numbers->word[b];
  int larger = rng_below(rng, 2) == 0;
  text_add(item_field(item, "pair"), "%s and %s", word[0], word[1]);
  item_set(item, "size", larger ? "larger" : "smaller");
  text_add(&item->target, "%s", word[larger == (b > a)]);
}

/* Three words of a sequence, up or down; the target is the next. Days and months go round. */
static void make_row(Item *item, Part part, Rng *rng) {
  static const size_t domain[] = {DOMAIN_NUMBERS, DOMAIN_DAYS, DOMAIN_MONTHS};
  enum { SHOWN = 3 };
  const char *word[SHOWN + 1];
  (void)part;
  size_t d = domain[rng_below(rng, sizeof domain / sizeof *domain)];
  const WordList *list = &WORLD_DOMAIN[d].members;
  size_t n = list->count, first, step;
  do {
    first = rng_below(rng, n);
    step = rng_below(rng, 2) ? 1 : n - 1;
  } while (d == DOMAIN_NUMBERS && (step == 1 ? first + SHOWN >= n : first < SHOWN));
  for (size_t i = 0; i <= SHOWN; i++) word[i] = list->word[(first + i * step) % n];
  text_add_words(item_field(item, "words"), word, SHOWN, ", ");
  text_add(&item->target, "%s", word[SHOWN]);
}

enum { LONGEST = 5 };

/* A list of any words. */
static size_t draw_words(Part part, const char *word[LONGEST], Rng *rng) {
  size_t n = 3 + rng_below(rng, 3);
  nouns_draw(part, n, word, rng);
  for (size_t i = 0; i < n; i++) {
    size_t other = rng_below(rng, 2 * DOMAINS + 4);
    if (other < DOMAINS) word[i] = words_any(&WORLD_DOMAIN[other].members, rng);
    if (other >= 2 * DOMAINS) word[i] = words_any(&WORLD_SMALL_WORDS, rng);
  }
  return n;
}

static void make_words(Item *item, Part part, Rng *rng) {
  const char *word[LONGEST];
  size_t n = draw_words(part, word, rng);
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

/* The words of a list in any order: what has been said is not said again. */
static void make_jumble(Item *item, Part part, Rng *rng) {
  const char *word[LONGEST], *jumbled[LONGEST];
  size_t order[LONGEST], n = draw_words(part, word, rng);
  order_draw(n, order, rng);
  for (size_t i = 0; i < n; i++) jumbled[i] = word[order[i]];
  text_add_words(item_field(item, "words"), word, n, ", ");
  text_add_words(&item->target, jumbled, n, " ");
}

/* "a, b and c" */
static void add_enumeration(Text *text, const char *const *word, size_t n) {
  for (size_t i = 0; i < n; i++)
    text_add(text, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " and ", word[i]);
}

/* Words of which one is gone; the target is those that stay. */
static void make_rest(Item *item, Part part, Rng *rng) {
  const char *word[LONGEST];
  size_t n = draw_words(part, word, rng), gone = rng_below(rng, n);
  add_enumeration(item_field(item, "words"), word, n);
  item_set(item, "gone", word[gone]);
  for (size_t i = gone; i + 1 < n; i++) word[i] = word[i + 1];
  add_enumeration(&item->target, word, n - 1);
}

/* Things of which one, two or three are of the kind {kind}; the target is those. */
static void make_several(Item *item, Part part, Rng *rng) {
  const char *noun[LONGEST], *shuffled[LONGEST], *found[LONGEST];
  size_t category[LONGEST], order[LONGEST], n = 3 + rng_below(rng, 3);
  size_t wanted = 1 + rng_below(rng, n < 4 ? 2 : 3), count = 0;
  categories_draw(LONGEST, category, rng);
  words_draw(&WORLD_CATEGORY[category[0]].members, part, wanted, noun, rng);
  for (size_t i = wanted; i < n; i++)
    words_draw(&WORLD_CATEGORY[category[i]].members, part, 1, &noun[i], rng);
  order_draw(n, order, rng);
  for (size_t i = 0; i < n; i++) {
    shuffled[i] = noun[order[i]];
    if (order[i] < wanted) found[count++] = shuffled[i];
  }
  add_enumeration(item_field(item, "words"), shuffled, n);
  item_set(item, "kind", WORLD_CATEGORY[category[0]].plural);
  add_enumeration(&item->target, found, count);
}

static const Lesson LESSON[] = {
    {"category",
     6,
     make_category,
     {"the {noun} is a kind of", "as everyone knows, the {noun} is a kind of",
      "the {noun} belongs to the category", "there are many kinds of things. the {noun} is a"}},
    {"domain",
     3,
     make_domain,
     {"the word {word} is a kind of", "as everyone knows, {word} is a kind of",
      "{word} belongs to the category", "there are many kinds of words. {word} is a"}},
    {"colour",
     8,
     make_colour,
     {"as everyone knows, the {noun} is", "we saw a {noun}, and it was", "the {noun} is always",
      "things have colours. the {noun} is"}},
    {"company",
     3,
     make_company,
     {"{nouns} are", "{nouns} are all", "{nouns} belong together, they are"}},
    {"wanted",
     4,
     make_wanted,
     {"of {nouns}, the only {category} is the", "look at {nouns}. the {category} is the",
      "there were {nouns}. we took the {category}, that is, the"}},
    {"several",
     7,
     make_several,
     {"we saw {words}. the {kind} among them were", "of {words}, the {kind} are",
      "there were {words}. we took the {kind}, that is,"}},
    {"rest",
     5,
     make_rest,
     {"there were {words}. {gone} went away, and there stayed",
      "{words}: take {gone} away, there are", "of {words}, all but {gone} are"}},
    {"row",
     3,
     make_row,
     {"we count: {words},", "{words}, and after that", "it goes {words}, then"}},
    {"compare",
     4,
     make_compare,
     {"of {pair}, the {size} number is", "take {pair}. the {size} one is",
      "the {size} of {pair} is"}},
    {"jumble",
     8,
     make_jumble,
     {"{words}, in another order:", "the words {words} can come like this:",
      "say this in any order: {words}"}},
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
