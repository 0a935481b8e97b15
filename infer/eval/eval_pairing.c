#include "infer/eval/eval_pairing.h"

#include <stdlib.h>
#include <string.h>

static Status no_memory(const ComparedCell *cell, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory: pairs of items", cell->task);
}

/* An id and the line that has it. */
typedef struct Named {
  const char *id;
  int64_t line;
} Named;

static int order_id(const void *a, const void *b) {
  return strcmp(((const Named *)a)->id, ((const Named *)b)->id);
}

static bool same_order(const EvalLines *a, const EvalLines *b) {
  if (a->count != b->count) return false;
  for (int64_t i = 0; i < a->count; i++) {
    if (strcmp(a->id[i], b->id[i]) != 0) return false;
  }
  return true;
}

static void add_pair(Pairing *p, const EvalLines *a, int64_t i, const EvalLines *b, int64_t k) {
  p->id[p->count] = a->id[i];
  p->a[p->count] = a->sums[i];
  p->b[p->count++] = b->sums[k];
}

/* The ids of a file in their order, each once. */
static Status sort_ids(const ComparedCell *cell, Named *sorted, Error *err) {
  const EvalLines *lines = &cell->lines;
  for (int64_t i = 0; i < lines->count; i++) sorted[i] = (Named){lines->id[i], i};
  qsort(sorted, (size_t)lines->count, sizeof *sorted, order_id);
  for (int64_t i = 1; i < lines->count; i++) {
    if (strcmp(sorted[i - 1].id, sorted[i].id) == 0) {
      return error_set(err, STATUS_INPUT, "%s: the id %.80s is there twice; items are paired by it",
                       cell->predictions, sorted[i].id);
    }
  }
  return STATUS_OK;
}

/* `sorted` has room for the lines of either. */
static Status pair_by_id(Pairing *p, const ComparedCell *a, const ComparedCell *b, Named *sorted,
                         Error *err) {
  TRY(sort_ids(a, sorted, err));
  TRY(sort_ids(b, sorted, err));
  for (int64_t i = 0; i < a->lines.count; i++) {
    const Named key = {a->lines.id[i], 0};
    const Named *found = bsearch(&key, sorted, (size_t)b->lines.count, sizeof *sorted, order_id);
    if (found) add_pair(p, &a->lines, i, &b->lines, found->line);
  }
  return STATUS_OK;
}

Status pairing_make(Pairing *p, ComparedCell *a, ComparedCell *b, Error *err) {
  const EvalLines *x, *y;
  *p = (Pairing){0};
  TRY(compared_lines(a, &x, err));
  TRY(compared_lines(b, &y, err));
  const size_t room = (size_t)(x->count > y->count ? x->count : y->count) + 1;
  Named *sorted = calloc(room, sizeof *sorted);
  p->a = calloc(room, sizeof *p->a);
  p->b = calloc(room, sizeof *p->b);
  p->id = calloc(room, sizeof *p->id);
  Status status = sorted && p->a && p->b && p->id ? STATUS_OK : no_memory(a, err);
  if (status == STATUS_OK && same_order(x, y)) {
    for (int64_t i = 0; i < x->count; i++) add_pair(p, x, i, y, i);
  } else if (status == STATUS_OK) {
    status = pair_by_id(p, a, b, sorted, err);
  }
  p->alone_a = x->count - p->count;
  p->alone_b = y->count - p->count;
  free(sorted);
  return status;
}

void pairing_free(Pairing *p) {
  free(p->a);
  free(p->b);
  free(p->id);
  *p = (Pairing){0};
}

PairedPart pairing_part(const Pairing *p, Metric metric) {
  return (PairedPart){metric, p->a, p->b, p->count};
}
