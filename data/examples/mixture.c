#include "data/examples/mixture.h"

#include <stdlib.h>
#include <string.h>

#include "autograd/ground/extremum.h"
#include "autograd/ground/rng.h"

static void add_up(Mixture *m) {
  m->total = m->epoch = 0;
  m->uneven = false;
  for (size_t k = 0; k < m->files; k++) {
    m->total += m->count[k];
    m->epoch += m->share[k];
    m->uneven = m->uneven || m->share[k] != m->count[k];
  }
}

Status mixture_new(Mixture *m, const int64_t *count, size_t files, Error *err) {
  size_t size = files * sizeof *count;
  *m = (Mixture){malloc(size), malloc(size), files, 0, 0, false};
  if (!m->count || !m->share) {
    mixture_free(m);
    return error_set(err, STATUS_RUN, "out of memory: the files of examples");
  }
  memcpy(m->count, count, size);
  memcpy(m->share, count, size);
  add_up(m);
  return STATUS_OK;
}

void mixture_free(Mixture *m) {
  free(m->count);
  free(m->share);
  *m = (Mixture){0};
}

/* ---- shares ---- */

void mixture_cap(Mixture *m, int64_t most) {
  for (size_t k = 0; k < m->files; k++) m->share[k] = min64(m->count[k], most);
  add_up(m);
}

/* The file whose exact share is most above its own, the first of equals. */
static size_t most_lacking(const Mixture *m, const double *weight, double sum) {
  size_t found = 0;
  double most = -2;
  for (size_t k = 0; k < m->files; k++) {
    double lacking = (double)m->total * (weight[k] / sum) - (double)m->share[k];
    if (lacking <= most) continue;
    most = lacking;
    found = k;
  }
  return found;
}

void mixture_weigh(Mixture *m, const double *weight) {
  double sum = 0;
  int64_t left = m->total;
  for (size_t k = 0; k < m->files; k++) sum += weight[k];
  for (size_t k = 0; k < m->files; k++) {
    m->share[k] = min64((int64_t)((double)m->total * (weight[k] / sum)), left);
    left -= m->share[k];
  }
  for (; left > 0; left--) m->share[most_lacking(m, weight, sum)]++;
  add_up(m);
}

/* ---- places ---- */

static size_t find_part(const int64_t *size, size_t files, int64_t *index) {
  size_t k = 0;
  while (k + 1 < files && *index >= size[k]) *index -= size[k++];
  return k;
}

size_t mixture_file(const Mixture *m, int64_t *index) {
  return find_part(m->count, m->files, index);
}

/* `index` in an order of its own for every round of a file, 0 standing for all files together. */
static int64_t reorder(uint64_t seed, int64_t round, size_t file, int64_t index, int64_t count) {
  enum { PURPOSE_SHUFFLE = 1 };
  uint64_t key = rng_key(seed, (uint64_t)round, (uint64_t)file, PURPOSE_SHUFFLE);
  return (int64_t)rng_permute(key, (uint64_t)index, (uint64_t)count);
}

MixturePlace mixture_place(const Mixture *m, uint64_t seed, bool shuffle, int64_t position) {
  MixturePlace p = {position / m->epoch, position % m->epoch};
  if (shuffle) p.index = reorder(seed, p.round, 0, p.index, m->epoch);
  if (!m->uneven) return p;
  size_t k = find_part(m->share, m->files, &p.index);
  int64_t drawn = p.round * m->share[k] + p.index, first = 0;
  for (size_t j = 0; j < k; j++) first += m->count[j];
  p = (MixturePlace){drawn / m->count[k], drawn % m->count[k]};
  if (shuffle) p.index = reorder(seed, p.round, k + 1, p.index, m->count[k]);
  p.index += first;
  return p;
}
