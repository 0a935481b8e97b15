/* words: the closed vocabulary of the demo world and how it is divided.
 *
 * Nouns are the world's entities. Each belongs to one part, so that what an expert is trained on
 * and what it is tested on are different entities; only the base reads about all of them. The words
 * of the domains (names, places and the like) are met by the base and in held-out tasks; numbers
 * are divided by the sets in which they are shown. */
#ifndef SKEIN_WORDS_H
#define SKEIN_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "autograd/ground/rng.h"

typedef enum Part { PART_TRAIN, PART_VALID, PART_TEST, PART_ALL } Part;
enum { PARTS = 3 }; /* without PART_ALL */

typedef struct WordList {
  const char *const *word;
  size_t count;
} WordList;

typedef struct Category {
  const char *name, *plural;
  WordList members;
} Category;

enum { CATEGORIES = 12 };
extern const Category WORLD_CATEGORY[CATEGORIES];
/* Words that are no nouns of a category. Members of an ordered domain stand in its order; the
 * number "one" is the first. */
enum {
  DOMAIN_NAMES,
  DOMAIN_PLACES,
  DOMAIN_COLOURS,
  DOMAIN_JOBS,
  DOMAIN_NUMBERS,
  DOMAIN_DAYS,
  DOMAIN_MONTHS,
  DOMAINS
};
extern const Category WORLD_DOMAIN[DOMAINS];
/* The words that templates are made of. The base also reads them in lists: a piece of the
 * tokenizer's vocabulary must occur with different neighbours to be found. */
extern const WordList WORLD_SMALL_WORDS;

/* The part a key belongs to: 9/16 train, 3/16 valid, 4/16 test. For facts that are made of several
 * words, such as a pair of numbers. */
Part part_of_key(uint64_t key);

/* Fills out[0..n) with distinct words of the list that lie in `part` by their position in it. The
 * part must hold at least n words. */
void words_draw(const WordList *list, Part part, size_t n, const char *out[], Rng *rng);
/* One word of any part. */
const char *words_any(const WordList *list, Rng *rng);
/* Fills out[0..n) with n <= CATEGORIES distinct indices of WORLD_CATEGORY. */
void categories_draw(size_t n, size_t out[], Rng *rng);
/* Fills out[0..n) with nouns of n distinct categories. */
void nouns_draw(Part part, size_t n, const char *out[], Rng *rng);
/* The colour that this noun has in the world: a fact that the base reads. */
const char *noun_colour(const char *noun);
/* Shuffles indices 0..n-1 into out. */
void order_draw(size_t n, size_t out[], Rng *rng);

#endif
