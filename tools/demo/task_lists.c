/* Tasks that write a list of words anew: backwards, shortened, doubled, with a word
 * left out. Held in on nouns; held out on places and jobs, in other words. */
#include "tools/demo/task.h"

enum { LIST_LEAST = 3, LIST_MAX = 4 };

typedef struct Words {
  const char *word[LIST_MAX];
  size_t count;
} Words;

static Words draw_nouns(Part part, Rng *rng) {
  Words list = {.count = LIST_LEAST + rng_below(rng, LIST_MAX - LIST_LEAST + 1)};
  nouns_draw(part, list.count, list.word, rng);
  return list;
}

static Words draw_domain(size_t domain, Rng *rng) {
  Words list = {.count = LIST_LEAST + rng_below(rng, LIST_MAX - LIST_LEAST + 1)};
  words_draw(&WORLD_DOMAIN[domain].members, PART_ALL, list.count, list.word, rng);
  return list;
}

/* The list is {words}; the target takes its words in the given order. */
static void set_list(Item *item, const Words *list, const size_t *order, size_t n) {
  text_add_words(item_field(item, "words"), list->word, list->count, ", ");
  for (size_t i = 0; i < n; i++)
    text_add(&item->target, "%s%s", i ? " " : "", list->word[order[i]]);
}

static void set_reverse(Item *item, const Words *list) {
  size_t order[LIST_MAX];
  for (size_t i = 0; i < list->count; i++) order[i] = list->count - 1 - i;
  set_list(item, list, order, list->count);
}

static void make_reverse(Item *item, Part part, Rng *rng) {
  Words list = draw_nouns(part, rng);
  set_reverse(item, &list);
}

static void make_return(Item *item, Part part, Rng *rng) {
  (void)part;
  Words list = draw_domain(DOMAIN_PLACES, rng);
  set_reverse(item, &list);
}

static void set_shorten(Item *item, const Words *list) {
  size_t order[LIST_MAX] = {0};
  for (size_t i = 0; i + 1 < list->count; i++) order[i] = i + 1;
  set_list(item, list, order, list->count - 1);
}

static void make_shorten(Item *item, Part part, Rng *rng) {
  Words list = draw_nouns(part, rng);
  set_shorten(item, &list);
}

static void make_onward(Item *item, Part part, Rng *rng) {
  (void)part;
  Words list = draw_domain(DOMAIN_PLACES, rng);
  set_shorten(item, &list);
}

static void make_twice(Item *item, Part part, Rng *rng) {
  size_t order[2 * LIST_MAX];
  Words list = draw_nouns(part, rng);
  for (size_t i = 0; i < 2 * list.count; i++) order[i] = i / 2;
  set_list(item, &list, order, 2 * list.count);
}

/* {word} is left out. */
static void set_without(Item *item, const Words *list, Rng *rng) {
  size_t order[LIST_MAX], left = 0, out = rng_below(rng, list->count);
  for (size_t i = 0; i < list->count; i++)
    if (i != out) order[left++] = i;
  item_set(item, "word", list->word[out]);
  set_list(item, list, order, left);
}

static void make_without(Item *item, Part part, Rng *rng) {
  Words list = draw_nouns(part, rng);
  set_without(item, &list, rng);
}

static void make_absent(Item *item, Part part, Rng *rng) {
  (void)part;
  Words list = draw_domain(DOMAIN_JOBS, rng);
  set_without(item, &list, rng);
}

static const Task LISTS[] = {
    {"reverse",
     1,
     make_reverse,
     {"Write the words of the list in the opposite order.",
      "Say the list backwards, its words in the opposite order."},
     {"turn around: {words}",
      "{words}. now backwards:", "question: what is the list backwards? {words}. answer:",
      "write the words in the other order: {words}", "words: {words}. say them backwards.",
      "last word first: {words}", "say the list backwards: {words}",
      "words: {words}. turn the list around."}},
    {"shorten",
     1,
     make_shorten,
     {"Write the list again but drop its first word.",
      "Drop the first word of the list and say the words that follow it."},
     {"drop the first word: {words}", "{words}. now all after the first:",
      "question: what comes after the first word? {words}. "
      "answer:",
      "write the words after the first: {words}", "words: {words}. say all but the first.",
      "no first word: {words}", "say the list after its first word: {words}",
      "words: {words}. drop the first one."}},
    {"twice",
     1,
     make_twice,
     {"Say every word of the list two times, one right after the other.",
      "Repeat every word of the list, so that each is said two times."},
     {"every word twice: {words}", "{words}. now each of them twice:",
      "question: what is the list with each word twice? {words}. answer:",
      "write every word two times: {words}", "words: {words}. say each one twice.",
      "two of each word: {words}", "say the list with every word twice: {words}",
      "words: {words}. write each word two times."}},
    {"without",
     1,
     make_without,
     {"Write the list again but leave out the word that is named.",
      "Leave out one word and write all the other words of the list."},
     {"without the {word}: {words}", "{words}. now all but the {word}:",
      "question: what is the list without the {word}? {words}. answer:",
      "leave out the {word}: {words}", "words: {words}. say all but the {word}.",
      "take away the {word}: {words}", "find the list without the {word}: {words}",
      "words: {words}. leave out the {word}."}},
    {"return",
     0,
     make_return,
     {"Give the places of the journey in the order of the way back.",
      "Name the places of the way in the opposite order, as they come on the way back."},
     {"turn around the way: {words}",
      "{words}. now the way backwards:", "question: what is the way backwards? {words}. answer:",
      "write the places in the other order: {words}", "places: {words}. say them backwards.",
      "last place first: {words}", "say the way backwards: {words}",
      "places: {words}. turn the way around."}},
    {"onward",
     0,
     make_onward,
     {"The traveller has left the first place: name the places still to come.",
      "Name the places that follow after the first place of the way."},
     {"the first place is behind us: {words}", "{words}. the way after the first place:",
      "question: which places come after the first? {words}. answer:",
      "write the places after the first: {words}", "places: {words}. say all but the first.",
      "leave the first place: {words}", "say the way after its first place: {words}",
      "places: {words}. drop the first one."}},
    {"absent",
     0,
     make_absent,
     {"One of the workers is absent: name all the others.",
      "Name all the workers but the one who is away."},
     {"the {word} is away: {words}", "{words}. everyone but the {word}:",
      "question: who is there without the {word}? {words}. answer:",
      "leave the {word} at home: {words}", "workers: {words}. call all but the {word}.",
      "take away the {word}: {words}", "find the workers without the {word}: {words}",
      "workers: {words}. leave out the {word}."}},
};

const TaskTable TASKS_LISTS = {LISTS, sizeof LISTS / sizeof *LISTS};
