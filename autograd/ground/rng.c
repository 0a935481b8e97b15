#include "autograd/ground/rng.h"

#include <assert.h>
#include <math.h>

/* SplitMix64: the state advances by the golden gamma, and a bijective finaliser scrambles it. With
 * the state written as key + counter * GAMMA, draw number i needs no draw before it. */
static const uint64_t GAMMA = 0x9e3779b97f4a7c15u;

static uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

uint64_t rng_key(uint64_t seed, uint64_t a, uint64_t b, uint64_t purpose) {
  uint64_t key = mix(seed + GAMMA);
  key = mix((key ^ a) + GAMMA);
  key = mix((key ^ b) + GAMMA);
  return mix((key ^ purpose) + GAMMA);
}

uint64_t rng_next(Rng *rng) {
  return mix(rng->key + ++rng->counter * GAMMA);
}

double rng_uniform(Rng *rng) {
  return (double)(rng_next(rng) >> 11) * 0x1p-53;
}

uint64_t rng_below(Rng *rng, uint64_t n) {
  assert(n > 0);
  uint64_t uneven = (0 - n) % n; /* 2^64 mod n: so many draws would favour the small numbers */
  uint64_t draw;
  do {
    draw = rng_next(rng);
  } while (draw < uneven);
  return draw % n;
}

float rng_normal(Rng *rng) {
  double radius = sqrt(-2 * log(1 - rng_uniform(rng))); /* 1 - u is in (0, 1] */
  return (float)(radius * cos(2 * M_PI * rng_uniform(rng)));
}

enum { FEISTEL_ROUNDS = 8 };

/* A bijection of [0, 4^half): the two halves of `half` bits each take turns at scrambling the
 * other. */
static uint64_t feistel(uint64_t key, uint64_t x, int half) {
  uint64_t mask = ((uint64_t)1 << half) - 1;
  uint64_t left = x >> half, right = x & mask;
  for (uint64_t round = 0; round < FEISTEL_ROUNDS; round++) {
    uint64_t next = left ^ (rng_key(key, round, right, 0) & mask);
    left = right;
    right = next;
  }
  return left << half | right;
}

uint64_t rng_permute(uint64_t key, uint64_t i, uint64_t n) {
  assert(i < n);
  int half = 1;
  while (half < 32 && (uint64_t)1 << (2 * half) < n) half++;
  /* Walking the cycle that starts inside [0, n) until it is inside again is a bijection of
   * [0, n); the domain is at most four times too large, so the walk is short. */
  do {
    i = feistel(key, i, half);
  } while (i >= n);
  return i;
}

/* One after another, each with the share of what is wanted in what is left (Knuth's algorithm S). */
void rng_draw(uint64_t key, int64_t count, int64_t of, int64_t *drawn) {
  Rng rng = {key, 0};
  for (int64_t i = 0, taken = 0; taken < count; i++)
    if (rng_below(&rng, (uint64_t)(of - i)) < (uint64_t)(count - taken)) drawn[taken++] = i;
}
