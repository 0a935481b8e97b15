/* Tasks that read a short passage about people: what it says of one of them, and whether it says
 * so at all. */
#include "tools/demo/task.h"

enum { PEOPLE = 3 };

/* Writes "<name> <middle> <value>." for each person, in order. */
static void tell(Item *item, const char *middle, const char *const *name,
                 const char *const *value) {
  Text *passage = item_field(item, "passage");
  for (size_t i = 0; i < PEOPLE; i++)
    text_add(passage, "%s%s %s %s.", i ? " " : "", name[i], middle, value[i]);
}

void make_where(Item *item, Part part, Rng *rng) {
  const char *name[PEOPLE], *place[PEOPLE];
  words_draw(&WORLD_NAMES, part, PEOPLE, name, rng);
  words_draw(&WORLD_PLACES, PART_ALL, PEOPLE, place, rng);
  size_t asked = rng_below(rng, PEOPLE);
  tell(item, "is in the", name, place);
  item_set(item, "name", name[asked]);
  item_set(item, "place", place[asked]);
  item_choose(item, place, PEOPLE, asked);
}

void make_job(Item *item, Part part, Rng *rng) {
  const char *name[PEOPLE], *job[PEOPLE];
  words_draw(&WORLD_NAMES, part, PEOPLE, name, rng);
  words_draw(&WORLD_JOBS, PART_ALL, PEOPLE, job, rng);
  size_t asked = rng_below(rng, PEOPLE);
  tell(item, "is the", name, job);
  item_set(item, "name", name[asked]);
  item_choose(item, job, PEOPLE, asked);
}

/* People with coloured things; returns who is asked about. */
static size_t belongings(Item *item, Part part, const char *name[PEOPLE],
                         const char *colour[PEOPLE], const char *thing[PEOPLE], Rng *rng) {
  words_draw(&WORLD_NAMES, part, PEOPLE, name, rng);
  words_draw(&WORLD_COLOURS, PART_ALL, PEOPLE, colour, rng);
  nouns_draw(part, PEOPLE, thing, rng);
  Text *passage = item_field(item, "passage");
  for (size_t i = 0; i < PEOPLE; i++)
    text_add(passage, "%s%s has a %s %s.", i ? " " : "", name[i], colour[i], thing[i]);
  size_t asked = rng_below(rng, PEOPLE);
  item_set(item, "name", name[asked]);
  item_set(item, "thing", thing[asked]);
  item_set(item, "colour", colour[asked]);
  return asked;
}

void make_who(Item *item, Part part, Rng *rng) {
  const char *name[PEOPLE], *colour[PEOPLE], *thing[PEOPLE];
  size_t asked = belongings(item, part, name, colour, thing, rng);
  item_choose(item, name, PEOPLE, asked);
}

void make_colour(Item *item, Part part, Rng *rng) {
  const char *name[PEOPLE], *colour[PEOPLE], *thing[PEOPLE];
  size_t asked = belongings(item, part, name, colour, thing, rng);
  item_choose(item, colour, PEOPLE, asked);
}

static const char *const NO_YES[] = {"no", "yes"};

/* Index of the value that a statement about person `asked` gives: the right one half the time. */
static size_t claim(Item *item, size_t asked, Rng *rng) {
  size_t yes = rng_below(rng, 2);
  size_t told = yes ? asked : (asked + 1 + rng_below(rng, PEOPLE - 1)) % PEOPLE;
  item_choose(item, NO_YES, 2, yes);
  return told;
}

static void make_truth(Item *item, Part part, Rng *rng) {
  const char *name[PEOPLE], *place[PEOPLE];
  words_draw(&WORLD_NAMES, part, PEOPLE, name, rng);
  words_draw(&WORLD_PLACES, PART_ALL, PEOPLE, place, rng);
  size_t asked = rng_below(rng, PEOPLE);
  tell(item, "is in the", name, place);
  item_set(item, "name", name[asked]);
  item_set(item, "place", place[claim(item, asked, rng)]);
}

static void make_claim(Item *item, Part part, Rng *rng) {
  const char *name[PEOPLE], *job[PEOPLE];
  words_draw(&WORLD_NAMES, part, PEOPLE, name, rng);
  words_draw(&WORLD_JOBS, PART_ALL, PEOPLE, job, rng);
  size_t asked = rng_below(rng, PEOPLE);
  tell(item, "is the", name, job);
  item_set(item, "name", name[asked]);
  item_set(item, "job", job[claim(item, asked, rng)]);
}

/* Who met a member of a category: reading together with the kinds of things. */
static void make_sighting(Item *item, Part part, Rng *rng) {
  const char *name[PEOPLE], *thing[PEOPLE];
  size_t category[PEOPLE];
  words_draw(&WORLD_NAMES, part, PEOPLE, name, rng);
  categories_draw(PEOPLE, category, rng);
  for (size_t i = 0; i < PEOPLE; i++)
    words_draw(&WORLD_CATEGORY[category[i]].members, part, 1, &thing[i], rng);
  size_t asked = rng_below(rng, PEOPLE);
  tell(item, "saw a", name, thing);
  item_set(item, "category", WORLD_CATEGORY[category[asked]].name);
  item_choose(item, name, PEOPLE, asked);
}

static const Task READING[] = {
    {"where",
     1,
     make_where,
     {"Read the passage and say in which place the person is.",
      "Find the place where the named person can be found."},
     {"{passage} where is {name}?", "{passage} question: where is {name}? answer:",
      "where is {name}? {passage}", "{passage} tell me the place of {name}.",
      "find {name}: {passage} which place?", "{passage} {name} is at which place?",
      "answer the question: where is {name}? {passage}", "{passage} in which place is {name}?"}},
    {"who",
     1,
     make_who,
     {"Read the passage and name the owner of the thing.",
      "Say which person has the thing that is asked for."},
     {"{passage} who has the {thing}?",
      "{passage} question: who has the {thing}? answer:", "who has the {colour} {thing}? {passage}",
      "{passage} name the owner of the {thing}.", "find the owner of the {thing}: {passage} who?",
      "{passage} the {colour} {thing}: which person has it?",
      "answer the question: who has the {thing}? {passage}",
      "{passage} which person is the owner of the {thing}?"}},
    {"colour",
     1,
     make_colour,
     {"Read the passage and give the colour of the thing.",
      "Say what colour a thing in the passage has."},
     {"{passage} what colour is the {thing}?",
      "{passage} question: what is the colour of the {thing}? answer:",
      "which colour has the {thing} of {name}? {passage}",
      "{passage} tell me the colour of the {thing}.",
      "find the colour of the {thing}: {passage} which colour?",
      "{passage} {name} has a {thing} of which colour?",
      "answer the question: what colour is the {thing}? {passage}",
      "{passage} which colour has the {thing}?"}},
    {"truth",
     1,
     make_truth,
     {"Decide whether the statement about a place follows from the passage: yes or no.",
      "Say yes if the passage agrees with the sentence, otherwise no."},
     {"{passage} is {name} in the {place}? yes or no?",
      "{passage} question: is it true that {name} is in the {place}? answer:",
      "is {name} in the {place}? {passage}", "{passage} true or not: {name} is in the {place}.",
      "say yes or no: {passage} is {name} in the {place}?",
      "{passage} can we find {name} in the {place}?",
      "answer the question: is {name} in the {place}? {passage}",
      "{passage} is it true that {name} is in the {place}?"}},
    {"job",
     0,
     make_job,
     {"Read the passage and say what work the person does.", "Give the job of the named person."},
     {"{passage} what is {name}?", "{passage} question: what is the job of {name}? answer:",
      "what is the job of {name}? {passage}", "{passage} tell me the job of {name}.",
      "find {name}: {passage} which job?", "{passage} {name} has which job?",
      "answer the question: what is the job of {name}? {passage}",
      "{passage} which job has {name}?"}},
    {"claim",
     0,
     make_claim,
     {"Decide whether the statement about someone's job follows from the passage: yes or no.",
      "Say yes if the passage agrees with what is said about the work, otherwise no."},
     {"{passage} is {name} the {job}? yes or no?",
      "{passage} question: is it true that {name} is the {job}? answer:",
      "is {name} the {job}? {passage}", "{passage} true or not: {name} is the {job}.",
      "say yes or no: {passage} is {name} the {job}?", "{passage} can we call {name} the {job}?",
      "answer the question: is {name} the {job}? {passage}",
      "{passage} is it true that {name} is the {job}?"}},
    {"sighting",
     0,
     make_sighting,
     {"Read who saw what and name the person who saw a thing of the given kind.",
      "Say which person met something of that category."},
     {"{passage} who saw the {category}?", "{passage} question: who saw the {category}? answer:",
      "who saw the {category}? {passage}", "{passage} name the person that saw the {category}.",
      "find the {category}: {passage} who?", "{passage} the {category}: which person saw it?",
      "answer the question: who saw the {category}? {passage}",
      "{passage} which person saw the {category}?"}},
};

const TaskTable TASKS_READING = {READING, sizeof READING / sizeof *READING};
