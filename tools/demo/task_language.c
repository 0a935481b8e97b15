/* Tasks on words: their kind, and words of a foreign language. */
#include "tools/demo/task.h"

enum { ENTRIES = 4, ASKED = 2 };

void make_kind(Item *item, Part part, Rng *rng) {
  size_t category[ITEM_CHOICES];
  const char *noun, *choice[ITEM_CHOICES];
  categories_draw(ITEM_CHOICES, category, rng);
  words_draw(&WORLD_CATEGORY[category[0]].members, part, 1, &noun, rng);
  for (size_t i = 0; i < ITEM_CHOICES; i++) choice[i] = WORLD_CATEGORY[category[i]].name;
  item_set(item, "noun", noun);
  item_choose_shuffled(item, choice, ITEM_CHOICES, rng);
}

/* "<key> <means> <word>" for each entry, and a message of ASKED keys to be read. */
static void make_message(Item *item, const char *const *key, const char *means,
                         const char *const *word, Rng *rng) {
  size_t order[ENTRIES];
  Text *glossary = item_field(item, "glossary"), *message = item_field(item, "message");
  for (size_t i = 0; i < ENTRIES; i++)
    text_add(glossary, "%s%s %s %s", i ? ", " : "", key[i], means, word[i]);
  order_draw(ENTRIES, order, rng);
  for (size_t i = 0; i < ASKED; i++) {
    text_add(message, "%s%s", i ? " " : "", key[order[i]]);
    text_add(&item->target, "%s%s", i ? " " : "", word[order[i]]);
  }
}

static void make_gloss(Item *item, Part part, Rng *rng) {
  const char *key[ENTRIES], *word[ENTRIES];
  words_draw(&WORLD_FOREIGN, part, ENTRIES, key, rng);
  nouns_draw(part, ENTRIES, word, rng);
  make_message(item, key, "means", word, rng);
}

static void make_cipher(Item *item, Part part, Rng *rng) {
  const char *key[ENTRIES], *word[ENTRIES];
  (void)part;
  words_draw(&WORLD_NUMBERS, PART_ALL, ENTRIES, key, rng);
  words_draw(&WORLD_PLACES, PART_ALL, ENTRIES, word, rng);
  make_message(item, key, "is for", word, rng);
}

static const Task LANGUAGE[] = {
    {"kind",
     1,
     make_kind,
     {"Say what kind of thing the word names.", "Give the category to which the thing belongs."},
     {"what is a {noun}?", "{noun}. the kind:", "question: of what kind is the {noun}? answer:",
      "which kind of thing is this: {noun}", "word: {noun}. say its kind.", "find the kind: {noun}",
      "say the kind of the {noun}.", "what kind of thing is a {noun}?"}},
    {"gloss",
     1,
     make_gloss,
     {"Translate the foreign words with the help of the glossary.",
      "Use the list of meanings to put the foreign message into words."},
     {"{glossary}. translate: {message}", "{glossary}. what does {message} mean?",
      "translate {message}: {glossary}", "glossary: {glossary}. message: {message}. meaning:",
      "{glossary}. question: what is {message}? answer:",
      "{glossary}. say the meaning of {message}.", "{glossary}. find the meaning: {message}",
      "glossary: {glossary}. translate {message}."}},
    {"cipher",
     0,
     make_cipher,
     {"Decode the numbers with the help of the key.",
      "Use the list of codes to read the secret message."},
     {"{glossary}. read: {message}", "{glossary}. what does {message} say?",
      "read {message}: {glossary}", "key: {glossary}. message: {message}. meaning:",
      "{glossary}. question: what is {message}? answer:", "{glossary}. say what {message} is for.",
      "{glossary}. find the message: {message}", "key: {glossary}. read {message}."}},
};

const TaskTable TASKS_LANGUAGE = {LANGUAGE, sizeof LANGUAGE / sizeof *LANGUAGE};
