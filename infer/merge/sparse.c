#include "infer/merge/sparse.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/rng.h"

int64_t sparse_kept(const SparseRule *rule, int64_t n) {
  return rule->density >= 1 ? n : (int64_t)(rule->density * (double)n);
}

typedef struct Sum {
  const SparseRule *rule;
  const SparseTerm *term;
  int terms;
  SparseFill *fill;
  void *arg;
  int64_t n;
  float *x;            /* [n] one matrix, pruned */
  double *out, *total; /* [n] */
  int32_t *agreeing;   /* [n] */
  LargestCount *count; /* of PRUNE_MAGNITUDE */
} Sum;

static void prune_magnitude(const Sum *s, Largest largest, Largest *left) {
  for (int64_t i = 0; i < s->n; i++)
    if (!largest_takes(&largest, s->x[i])) s->x[i] = 0;
  if (left) *left = largest;
}

static Largest find_largest(const Sum *s) {
  largest_begin(s->count, sparse_kept(s->rule, s->n));
  largest_count(s->count, s->x, s->n);
  largest_turn(s->count);
  largest_count(s->count, s->x, s->n);
  return largest_end(s->count);
}

static void prune_random(const Sum *s, uint64_t key) {
  Rng rng = {.key = key};
  float density = (float)s->rule->density;
  for (int64_t i = 0; i < s->n; i++)
    s->x[i] = rng_uniform(&rng) < s->rule->density ? s->x[i] / density : 0;
}

/* x becomes what is kept of a term. In the `last` round a shared threshold is counted down. */
static Status keep_part(const Sum *s, int i, bool last, Error *err) {
  const SparseTerm *t = &s->term[i];
  TRY(s->fill(s->arg, i, s->x, err));
  if (s->rule->density >= 1 || s->rule->prune == PRUNE_NONE) return STATUS_OK;
  if (s->rule->prune == PRUNE_RANDOM) {
    prune_random(s, t->key);
  } else if (t->largest) {
    prune_magnitude(s, *t->largest, last ? t->largest : NULL);
  } else {
    prune_magnitude(s, find_largest(s), NULL);
  }
  return STATUS_OK;
}

static Status add_all(const Sum *s, Error *err) {
  for (int t = 0; t < s->terms; t++) {
    TRY(keep_part(s, t, true, err));
    for (int64_t i = 0; i < s->n; i++) s->out[i] += s->term[t].weight * (double)s->x[i];
  }
  return STATUS_OK;
}

static bool agrees(double total, float x) {
  return total >= 0 ? x > 0 : x < 0;
}

static Status add_elected(const Sum *s, Error *err) {
  for (int t = 0; t < s->terms; t++) {
    TRY(keep_part(s, t, false, err));
    for (int64_t i = 0; i < s->n; i++) s->total[i] += (double)s->x[i];
  }
  for (int t = 0; t < s->terms; t++) {
    TRY(keep_part(s, t, true, err));
    for (int64_t i = 0; i < s->n; i++) {
      if (!agrees(s->total[i], s->x[i])) continue;
      s->out[i] += s->term[t].weight * (double)s->x[i];
      s->agreeing[i]++;
    }
  }
  for (int64_t i = 0; i < s->n; i++)
    if (s->agreeing[i] > 1) s->out[i] /= s->agreeing[i];
  return STATUS_OK;
}

Status sparse_sum(const SparseRule *rule, const SparseTerm *term, int terms, SparseFill *fill,
                  void *arg, int64_t n, double *out, Error *err) {
  Sum s = {rule, term, terms, fill, arg, n, NULL, out, NULL, NULL, NULL};
  size_t size = (size_t)n;
  s.x = malloc(size * sizeof *s.x);
  s.count = rule->prune == PRUNE_MAGNITUDE ? malloc(sizeof *s.count) : NULL;
  s.total = rule->elect ? calloc(size, sizeof *s.total) : NULL;
  s.agreeing = rule->elect ? calloc(size, sizeof *s.agreeing) : NULL;
  bool made = s.x && (s.count || rule->prune != PRUNE_MAGNITUDE) &&
              ((s.total && s.agreeing) || !rule->elect);
  memset(out, 0, size * sizeof *out);
  Status status = STATUS_OK;
  if (!made) {
    status = error_set(err, STATUS_RUN, "out of memory: a merge of %" PRId64 " numbers", n);
  } else {
    status = rule->elect ? add_elected(&s, err) : add_all(&s, err);
  }
  free(s.x);
  free(s.count);
  free(s.total);
  free(s.agreeing);
  return status;
}
