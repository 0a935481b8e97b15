#include "tools/demo/words.h"

#include <assert.h>
#include <string.h>

#define LIST(...)                                                   \
  {                                                                 \
    (const char *const[]){__VA_ARGS__},                             \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *) \
  }

/* clang-format off */
const Category WORLD_CATEGORY[CATEGORIES] = {
  {"animal", "animals", LIST("dog", "cat", "horse", "cow", "goat", "sheep", "pig", "fox", "wolf",
    "bear", "deer", "rabbit", "mouse", "lion", "tiger", "camel")},
  {"bird", "birds", LIST("robin", "crow", "finch", "swan", "goose", "duck", "hawk", "eagle", "owl",
    "heron", "raven", "sparrow", "parrot", "pigeon", "stork", "wren")},
  {"fish", "fishes", LIST("trout", "salmon", "carp", "pike", "eel", "cod", "tuna", "perch",
    "herring", "shark", "bream", "sole", "mullet", "roach", "hake", "anchovy")},
  {"insect", "insects", LIST("ant", "bee", "wasp", "fly", "moth", "beetle", "cricket", "gnat",
    "flea", "hornet", "locust", "termite", "ladybug", "mosquito", "butterfly", "dragonfly")},
  {"tree", "trees", LIST("oak", "ash", "elm", "birch", "pine", "fir", "cedar", "maple", "willow",
    "poplar", "beech", "spruce", "larch", "yew", "alder", "aspen")},
  {"flower", "flowers", LIST("rose", "tulip", "lily", "daisy", "poppy", "violet", "iris", "orchid",
    "pansy", "lotus", "dahlia", "peony", "lilac", "crocus", "aster", "jasmine")},
  {"fruit", "fruits", LIST("apple", "pear", "plum", "peach", "cherry", "grape", "lemon", "lime",
    "mango", "melon", "fig", "date", "banana", "apricot", "kiwi", "papaya")},
  {"tool", "tools", LIST("hammer", "sickle", "axe", "drill", "shovel", "rake", "chisel", "pliers",
    "wrench", "file", "knife", "ladder", "pick", "hoe", "spade", "anvil")},
  {"vehicle", "vehicles", LIST("car", "bus", "train", "truck", "van", "tram", "bike", "boat",
    "ship", "ferry", "canoe", "plane", "sled", "wagon", "taxi", "cart")},
  {"garment", "garments", LIST("hat", "coat", "shirt", "scarf", "glove", "sock", "boot", "belt",
    "skirt", "dress", "jacket", "vest", "cap", "shoe", "apron", "cloak")},
  {"instrument", "instruments", LIST("drum", "flute", "harp", "violin", "piano", "guitar",
    "trumpet", "horn", "bell", "cello", "banjo", "lute", "organ", "oboe", "fiddle", "bugle")},
  {"furniture", "furnitures", LIST("chair", "table", "bed", "desk", "sofa", "shelf", "stool",
    "bench", "lamp", "cupboard", "couch", "cradle", "wardrobe", "drawer", "mirror", "carpet")},
};

const Category WORLD_DOMAIN[DOMAINS] = {
  {"name", "names", LIST("mira", "tom", "anna", "leo", "sara", "ivan", "nina", "paul",
    "rosa", "hugo", "emma", "karl", "lena", "otto", "vera", "max", "clara", "felix", "nora", "simon",
    "ella", "oscar", "ida", "peter", "marta", "jonas", "olga", "david", "greta", "anton", "julia",
    "bruno", "maria", "erik", "helen", "victor", "alma", "noah", "tessa", "ralph", "irene", "boris",
    "laura", "magnus", "sofia", "adam", "wanda", "tobias")},
  {"place", "places", LIST("market", "forest", "river", "garden", "school", "harbour",
    "mill", "tower", "bridge", "castle", "temple", "station", "library", "bakery", "kitchen", "barn",
    "cellar", "attic", "meadow", "valley", "island", "village", "palace", "square")},
  {"colour", "colours", LIST("red", "blue", "green", "white", "black", "brown", "grey",
    "pink", "yellow", "purple", "golden", "silver")},
  {"job", "jobs", LIST("baker", "miller", "smith", "farmer", "tailor", "painter",
    "sailor", "teacher", "doctor", "hunter", "singer", "potter", "weaver", "mason", "guard", "poet")},
  {"number", "numbers", LIST("one", "two", "three", "four", "five", "six", "seven", "eight",
    "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
    "eighteen", "nineteen", "twenty")},
  {"day", "days", LIST("monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
    "sunday")},
  {"month", "months", LIST("january", "february", "march", "april", "may", "june", "july",
    "august", "september", "october", "november", "december")},
};
const WordList WORLD_SMALL_WORDS = LIST("a", "absent", "after", "again", "all", "always", "among",
  "an", "and", "another", "answer", "any", "are", "around", "as", "at", "away", "back", "backwards",
  "behind", "belong", "belongs", "both", "but", "call", "calls", "category", "colours", "come",
  "comes", "count", "dearest", "do", "does", "drop", "each", "echo", "end", "every", "everyone",
  "find", "first", "for", "get", "give", "goes", "has", "have", "here", "highest", "home", "how",
  "if", "in", "is", "it", "its", "kind", "kinds", "knows", "larger", "largest", "last", "leave",
  "list", "look", "many", "me", "most", "move", "need", "no", "now", "of", "only", "order", "other",
  "out", "paint", "people", "person", "picture", "price", "prices", "put", "question", "queue",
  "repeat", "rest", "return", "row", "saw", "say", "says", "smaller", "sort", "sorts", "stands",
  "stayed", "such", "take", "that", "the", "their", "them", "then", "there", "these", "they",
  "thing", "things", "this", "times", "to", "together", "took", "turn", "twice", "us", "wants",
  "was", "way", "we", "went", "were", "what", "when", "where", "which", "who", "with", "without",
  "word", "words", "write");
/* clang-format on */

static Part part_of_sixteenth(uint64_t i) {
  return i < 9 ? PART_TRAIN : i < 12 ? PART_VALID : PART_TEST;
}

Part part_of_key(uint64_t key) {
  return part_of_sixteenth(rng_key(key, 0, 0, 0) % 16);
}

static int word_is_in(size_t i, Part part) {
  return part == PART_ALL || part_of_sixteenth(i % 16) == part;
}

static int already_drawn(const char *word, const char *const *out, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (out[i] == word) return 1;
  return 0;
}

void words_draw(const WordList *list, Part part, size_t n, const char *out[], Rng *rng) {
  for (size_t k = 0; k < n;) {
    size_t i = rng_below(rng, list->count);
    if (word_is_in(i, part) && !already_drawn(list->word[i], out, k)) out[k++] = list->word[i];
  }
}

const char *words_any(const WordList *list, Rng *rng) {
  return list->word[rng_below(rng, list->count)];
}

void order_draw(size_t n, size_t out[], Rng *rng) {
  for (size_t i = 0; i < n; i++) {
    size_t j = rng_below(rng, i + 1);
    out[i] = out[j];
    out[j] = i;
  }
}

void categories_draw(size_t n, size_t out[], Rng *rng) {
  assert(n <= CATEGORIES);
  size_t order[CATEGORIES];
  order_draw(CATEGORIES, order, rng);
  memcpy(out, order, n * sizeof *out);
}

void nouns_draw(Part part, size_t n, const char *out[], Rng *rng) {
  size_t category[CATEGORIES];
  categories_draw(n, category, rng);
  for (size_t i = 0; i < n; i++)
    words_draw(&WORLD_CATEGORY[category[i]].members, part, 1, &out[i], rng);
}

const char *noun_colour(const char *noun) {
  const WordList *colours = &WORLD_DOMAIN[DOMAIN_COLOURS].members;
  uint64_t key = 0;
  for (const char *at = noun; *at; at++) key = key * 31 + (unsigned char)*at;
  return colours->word[rng_key(key, 0, 0, 0) % colours->count];
}
