/* What the methods of merging share: where a result goes, and what DARE draws by. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/rng.h"
#include "infer/merge/merge_method.h"

enum { RNG_DARE = 0x6d72 }; /* purpose of the random streams, with the part behind */

Status merge_slot(MergeWork *w, int64_t rank, Error *err) {
  int id = w->module->id;
  Tensor *a = &w->merged->a[id], *b = &w->merged->b[id];
  TRY(tensor_create(a, rank, w->module->d_in, false, err));
  TRY(tensor_create(b, w->module->d_out, rank, false, err));
  w->merged->adapters.slot[id] = adapter_of((LowRank){.a = a, .b = b, .scale = w->scale});
  w->merged->module[id].rank = rank;
  return STATUS_OK;
}

void merge_narrow(float *to, const double *from, int64_t n) {
  for (int64_t i = 0; i < n; i++) to[i] = (float)from[i];
}

Status merge_put(MergeWork *w, const Spectrum *s, int64_t rank, Error *err) {
  int id = w->module->id;
  if (rank > s->count) rank = s->count;
  if (rank < 1) rank = 1;
  double norm = 0, lost = 0;
  for (int64_t i = 0; i < s->count; i++) {
    norm += s->s[i] * s->s[i];
    if (i >= rank) lost += s->s[i] * s->s[i];
  }
  TRY(merge_slot(w, rank, err));
  w->merged->module[id] = (MergedModule){rank, sqrt(norm), sqrt(lost)};
  for (int64_t o = 0; o < s->d_out; o++)
    for (int64_t i = 0; i < rank; i++) s->u[o * s->count + i] *= s->s[i];
  for (int64_t o = 0; o < s->d_out; o++)
    merge_narrow(w->merged->b[id].data + o * rank, s->u + o * s->count, rank);
  merge_narrow(w->merged->a[id].data, s->vt, rank * s->d_in);
  return STATUS_OK;
}

uint64_t merge_stream(const MergeWork *w, int expert, const Module *module, int part) {
  char digits[17] = {0};
  memcpy(digits, pool_entry(w->pool, expert)->fingerprint, 16);
  return rng_key((uint64_t)w->settings->seed, strtoull(digits, NULL, 16), (uint64_t)module->id,
                 (uint64_t)(RNG_DARE + part));
}
