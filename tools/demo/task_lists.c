/* Tasks that write a list of words anew: backwards, moved round, shortened, doubled, with a word
 * left out. Held in on nouns; held out on names and places, in other words. */
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

static void set_rotate(Item *item, const Words *list) {
  size_t order[LIST_MAX];
  for (size_t i = 0; i < list->count; i++) order[i] = (i + 1) % list->count;
  set_list(item, list, order, list->count);
}

static void make_rotate(Item *item, Part part, Rng *rng) {
  Words list = draw_nouns(part, rng);
  set_rotate(item, &list);
}

static void make_queue(Item *item, Part part, Rng *rng) {
  (void)part;
  Words list = draw_domain(DOMAIN_NAMES, rng);
  set_rotate(item, &list);
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

static void set_twice(Item *item, const Words *list) {
  size_t order[2 * LIST_MAX];
  for (size_t i = 0; i < 2 * list->count; i++) order[i] = i / 2;
  set_list(item, list, order, 2 * list->count);
}

static void make_twice(Item *item, Part part, Rng *rng) {
  Words list = draw_nouns(part, rng);
  set_twice(item, &list);
}

static void make_echo(Item *item, Part part, Rng *rng) {
  (void)part;
  Words list = draw_domain(DOMAIN_NAMES, rng);
  set_twice(item, &list);
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
  Words list = draw_domain(DOMAIN_NAMES, rng);
  set_without(item, &list, rng);
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
    {"rotate",
     1,
     make_rotate,
     {"Move the first word of the list to its end.",
      "Repeat the words, but let the first one come last."},
     {"the first word goes to the end: {words}", "{words}. now the first one last:",
      "question: what is the list with the first word at the "
      "end? {words}. answer:",
      "write the first word last: {words}", "words: {words}. move the first one to the end.",
      "first word last: {words}", "say the list, its first word last: {words}",
      "words: {words}. put the first word at the end."}},
    {"shorten",
     1,
     make_shorten,
     {"Write the list again but drop its first word.", "Say all the words that follow the first."},
     {"drop the first word: {words}", "{words}. now all after the first:",
      "question: what comes after the first word? {words}. "
      "answer:",
      "write the words after the first: {words}", "words: {words}. say all but the first.",
      "no first word: {words}", "say the list after its first word: {words}",
      "words: {words}. drop the first one."}},
    {"twice",
     1,
     make_twice,
     {"Say every word of the list two times before going on to the next.",
      "Repeat each word of the list once."},
     {"every word twice: {words}", "{words}. now each of them twice:",
      "question: what is the list with each word twice? {words}. answer:",
      "write every word two times: {words}", "words: {words}. say each one twice.",
      "two of each word: {words}", "say the list with every word twice: {words}",
      "words: {words}. write each word two times."}},
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
    {"queue",
     0,
     make_queue,
     {"The first person of the queue has to stand at the end: name everyone in the new order.",
      "Give the row of people after the first of them went to the back."},
     {"the first person goes to the back: {words}", "{words}. the queue when the first is last:",
      "question: who stands where if the first person goes to the end? {words}. answer:",
      "write the queue with the first person last: {words}",
      "queue: {words}. move the first person to the end.", "first person last: {words}",
      "say the queue, the first person last: {words}",
      "queue: {words}. the first one goes to the end."}},
    {"onward",
     0,
     make_onward,
     {"The traveller has left the first place: name the places still to come.",
      "Give the rest of the way after its first place."},
     {"the first place is behind us: {words}", "{words}. the way after the first place:",
      "question: which places come after the first? {words}. answer:",
      "write the places after the first: {words}", "places: {words}. say all but the first.",
      "leave the first place: {words}", "say the way after its first place: {words}",
      "places: {words}. drop the first one."}},
    {"echo",
     0,
     make_echo,
     {"Call every person two times, as an echo does.",
      "Give each name of the row followed by the same name."},
     {"call every name twice: {words}", "{words}. the echo says each name twice:",
      "question: what are the names, each of them twice? {words}. answer:",
      "call every person two times: {words}", "names: {words}. call each one twice.",
      "two calls for each name: {words}", "say the names with an echo, every one twice: {words}",
      "names: {words}. call each person two times."}},
    {"absent",
     0,
     make_absent,
     {"One of the people is absent: name all the others.",
      "Say who is there when the named person stays away."},
     {"{word} is away: {words}", "{words}. everyone but {word}:",
      "question: who is there without {word}? {words}. answer:", "leave {word} at home: {words}",
      "names: {words}. call all but {word}.", "take away {word}: {words}",
      "find the people without {word}: {words}", "names: {words}. leave out {word}."}},
};

const TaskTable TASKS_LISTS = {LISTS, sizeof LISTS / sizeof *LISTS};
