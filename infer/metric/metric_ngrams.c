#include <stdlib.h>

#include "infer/metric/metric_text.h"

/* The n-grams of a text, sorted. */
typedef struct Grams {
  const int32_t **at; /* [count] where each begins */
  size_t count;
} Grams;

static int compare_grams(const void *a, const void *b, void *size) {
  const int32_t *x = *(const int32_t *const *)a, *y = *(const int32_t *const *)b;
  for (size_t i = 0; i < *(size_t *)size; i++)
    if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
  return 0;
}

static Status grams_of(Grams *g, const Words *w, size_t n, Error *err) {
  *g = (Grams){.count = w->count >= n ? w->count - n + 1 : 0};
  g->at = calloc(g->count + 1, sizeof *g->at);
  if (!g->at) return error_set(err, STATUS_RUN, "out of memory: %zu n-grams", g->count);
  for (size_t i = 0; i < g->count; i++) g->at[i] = w->id + i;
  qsort_r(g->at, g->count, sizeof *g->at, compare_grams, &n);
  return STATUS_OK;
}

/* Grams at or after position `i` that equal the one at `gram`; moves *i over smaller ones. */
static size_t count_equal(const Grams *g, size_t *i, const int32_t *gram, size_t n) {
  size_t equal = 0;
  int order = -1;
  while (*i < g->count && (order = compare_grams(&g->at[*i], &gram, &n)) < 0) (*i)++;
  for (; *i < g->count && compare_grams(&g->at[*i], &gram, &n) == 0; (*i)++) equal++;
  return equal;
}

/* cap[i] = the most often that any text so far had a's distinct gram number i. */
static void raise_caps(const Grams *a, const Grams *b, size_t n, size_t *cap) {
  for (size_t i = 0, j = 0, k = 0; i < a->count; k++) {
    const int32_t *gram = a->at[i];
    size_t there = count_equal(b, &j, gram, n);
    if (there > cap[k]) cap[k] = there;
    count_equal(a, &i, gram, n);
  }
}

static size_t capped_count(const Grams *a, size_t n, const size_t *cap) {
  size_t sum = 0;
  for (size_t i = 0, k = 0; i < a->count; k++) {
    size_t here = count_equal(a, &i, a->at[i], n);
    sum += here < cap[k] ? here : cap[k];
  }
  return sum;
}

Status words_common(const Words *a, const Words *reference, size_t count, size_t n, size_t *common,
                    Error *err) {
  Grams own = {0};
  Status status = grams_of(&own, a, n, err);
  size_t *cap = calloc(own.count + 1, sizeof *cap);
  if (!cap) status = error_set(err, STATUS_RUN, "out of memory: n-grams");
  for (size_t r = 0; r < count && status == STATUS_OK; r++) {
    Grams other;
    status = grams_of(&other, &reference[r], n, err);
    if (status == STATUS_OK) raise_caps(&own, &other, n, cap);
    free(other.at);
  }
  *common = status == STATUS_OK ? capped_count(&own, n, cap) : 0;
  free(cap);
  free(own.at);
  return status;
}
