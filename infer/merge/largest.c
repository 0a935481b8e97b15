#include "infer/merge/largest.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void largest_begin(LargestCount *c, int64_t wanted) {
  memset(c->bucket, 0, sizeof c->bucket);
  c->wanted = wanted;
  c->upper = 0;
  c->round = 0;
}

static uint32_t magnitude_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits & 0x7fffffffu;
}

void largest_count(LargestCount *c, const float *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    uint32_t bits = magnitude_bits(x[i]), upper = bits >> 16;
    if (c->round == 0) {
      c->bucket[upper]++;
    } else if (upper == c->upper) {
      c->bucket[bits & 0xffffu]++;
    }
  }
}

/* The bucket that the wanted one is in; *left: how many of it are wanted. */
static uint32_t find_bucket(const LargestCount *c, int64_t *left) {
  *left = c->wanted;
  for (uint32_t b = LARGEST_BUCKETS; b-- > 0;) {
    if (c->bucket[b] >= *left) return b;
    *left -= c->bucket[b];
  }
  assert(false && "more are wanted than there are");
  return 0;
}

void largest_turn(LargestCount *c) {
  assert(c->round == 0);
  c->round = 1;
  if (c->wanted == 0) return;
  int64_t left;
  c->upper = find_bucket(c, &left);
  c->wanted = left;
  memset(c->bucket, 0, sizeof c->bucket);
}

Largest largest_end(const LargestCount *c) {
  assert(c->round == 1);
  Largest l = {INFINITY, 0};
  if (c->wanted == 0) return l;
  uint32_t bits = c->upper << 16 | find_bucket(c, &l.equal);
  memcpy(&l.least, &bits, sizeof bits);
  return l;
}
