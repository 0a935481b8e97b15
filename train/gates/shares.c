#include "train/gates/shares.h"

#include <math.h>
#include <stdlib.h>

#include "autograd/ground/order.h"

void shares_free(Shares *s) {
  free(s->share);
  free(s->gets);
  *s = (Shares){0};
}

/* What there is to divide. */
typedef struct Losses {
  const double *loss, *base;
  double within;
} Losses;

static double loss_of(const Shares *s, const Losses *l, int expert, int64_t example) {
  return l->loss[expert * s->examples + example];
}

/* The least loss of the experts but one; infinity where there are no others. */
static double least_but(const Shares *s, const Losses *l, int64_t example, int but) {
  double least = INFINITY;
  for (int e = 0; e < s->experts; e++)
    if (e != but) least = fmin(least, loss_of(s, l, e, example));
  return least;
}

static void divide_example(Shares *s, const Losses *l, int64_t i) {
  double best = least_but(s, l, i, -1);
  int given = 0;
  for (int e = 0; e < s->experts; e++)
    given += s->gets[e * s->examples + i] = loss_of(s, l, e, i) <= best + l->within;
  bool unhelped = l->base[i] <= best;
  s->tied += given > 1;
  s->unhelped += unhelped;
  for (int e = 0; e < s->experts; e++) {
    if (!shares_gets(s, e, i)) continue;
    s->share[e].examples++;
    s->share[e].tied += given > 1;
    s->share[e].unhelped += unhelped;
  }
}

/* Of a share, how much less likely the next expert makes it; below 0 where another is nearer. `room` [examples]. */
static double median_margin(const Shares *s, const Losses *l, int expert, double *room) {
  int64_t n = 0;
  for (int64_t i = 0; i < s->examples; i++) {
    if (shares_gets(s, expert, i))
      room[n++] = least_but(s, l, i, expert) - loss_of(s, l, expert, i);
  }
  if (n == 0 || s->experts == 1) return NAN;
  qsort(room, (size_t)n, sizeof *room, order_double);
  return (room[(n - 1) / 2] + room[n / 2]) / 2;
}

Status shares_divide(Shares *s, const double *loss, const double *base, int experts,
                     int64_t examples, double within, Error *err) {
  const Losses l = {loss, base, within};
  *s = (Shares){.share = calloc((size_t)experts, sizeof *s->share),
                .gets = calloc((size_t)experts * (size_t)examples, sizeof *s->gets),
                .experts = experts,
                .examples = examples};
  double *room = calloc((size_t)examples, sizeof *room);
  bool made = s->share && s->gets && room;
  for (int64_t i = 0; made && i < examples; i++) divide_example(s, &l, i);
  for (int e = 0; made && e < experts; e++) s->share[e].margin = median_margin(s, &l, e, room);
  free(room);
  if (made) return STATUS_OK;
  shares_free(s);
  return error_set(err, STATUS_RUN, "out of memory: dividing the examples");
}
