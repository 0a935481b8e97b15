/* rng: counter-based random numbers.
 *
 * A number is a pure function of a key and a counter: there is no hidden state, so nothing about
 * randomness has to be saved in a checkpoint. Keys are made by folding what the number is for:
 * rng_key(seed, epoch, example, purpose). The mixer is SplitMix64 (Steele, Lea, Flood 2014). */
#ifndef SKEIN_RNG_H
#define SKEIN_RNG_H

#include <stddef.h>
#include <stdint.h>

/* A stream: draws are numbered 0, 1, 2, ... by `counter`. */
typedef struct Rng {
  uint64_t key;
  uint64_t counter;
} Rng;

/* Folds four words into a key; equal words give equal keys on every machine. */
uint64_t rng_key(uint64_t seed, uint64_t a, uint64_t b, uint64_t purpose);

uint64_t rng_next(Rng *rng);              /* uniform 64 bits */
double rng_uniform(Rng *rng);             /* uniform in [0, 1) with 53 bits */
uint64_t rng_below(Rng *rng, uint64_t n); /* uniform in [0, n), n > 0, no modulo bias */
float rng_normal(Rng *rng);               /* N(0, 1), Box-Muller, two draws a number */

/* Stateless permutation of [0, n): a keyed Feistel network with cycle walking.
 * For fixed key and n the map i -> rng_permute(key, i, n) is a bijection; 0 <= i < n. */
uint64_t rng_permute(uint64_t key, uint64_t i, uint64_t n);

/* Which of `of` things are drawn: `count` of them, all alike likely, ascending; a function of the key
 * and the two numbers, 0 <= count <= of. */
void rng_draw(uint64_t key, int64_t count, int64_t of, int64_t *drawn);

#endif
