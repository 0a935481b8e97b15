/* verdict: whether a gate is trained, from the losses of the examples it is judged on and the curve
 * of its training.
 *
 * Losses are compared example by example, with the same examples in every state of the gate: the
 * difference of two states is R = sum_i d_i / sum_i n_i nats a token, d_i being the difference of
 * example i's sums over its n_i target tokens, with the 95 % interval of a ratio estimate,
 * R +- t s, s^2 = N / (N - 1) sum_i (d_i - R n_i)^2 / (sum_i n_i)^2 (Cochran, Sampling Techniques,
 * 1977, section 6.4), t of Student's distribution with N - 1 degrees of freedom. "Below" means that
 * the interval is.
 *
 *   not      a gate never moved; or the plain expert's loss is not below the base's, or that of half
 *            the expert (sigma = 1/2, the zero gate) is below the plain expert's: the data is not
 *            the expert's; or the loss is not below the zero gate's
 *   trained  none of that; the plain expert is below half of it; the loss has come down from the zero
 *            gate's to within VERDICT_LACKING of the way to the plain expert's, or below it, and
 *            surely more than half of the way; and the training loss no longer falls: the line
 *            through those of the last half of the steps does not surely fall, or by less than
 *            VERDICT_FALLING of what all steps gained
 *   barely   everything else */
#ifndef SKEIN_VERDICT_H
#define SKEIN_VERDICT_H

#include <stddef.h>

#include "infer/expert/gate.h"

#define VERDICT_LACKING 0.1
#define VERDICT_FALLING 0.01

/* A number and half of the width of its 95 % interval; infinite where there is no telling. */
typedef struct Measured {
  double value, half;
} Measured;

/* The states that a gate is compared in. */
typedef enum GateState {
  STATE_BASE,    /* the base without the expert */
  STATE_REMOVED, /* sigma = 1: the plain expert */
  STATE_ZERO,    /* sigma = 1/2: the gate as it starts */
  STATE_TRAINED,
  GATE_STATES,
} GateState;

/* Losses of N examples. */
typedef struct ExampleLosses {
  double *sum[GATE_STATES]; /* [count] nats over the target tokens of an example */
  int64_t *tokens;          /* [count] how many those are */
  int64_t count;
} ExampleLosses;

Status example_losses_new(ExampleLosses *e, int64_t count, Error *err);
void example_losses_free(ExampleLosses *e); /* zeroed ExampleLosses are allowed */

/* Nats a target token. */
double example_losses_mean(const ExampleLosses *e, GateState state);
/* The weighed sum of the states' losses a token; a difference has weights 1 and -1. */
Measured example_losses_contrast(const ExampleLosses *e, const double weight[GATE_STATES]);

/* How much a line through y [n] at x [n] (least squares, normal errors) falls over the span of x. No
 * telling below 4 points. */
Measured curve_fall(const double *x, const double *y, size_t n);

typedef struct Verdict {
  GateVerdict word;
  const char *reason; /* a clause */
  Measured help;      /* base - plain expert: what the expert is good for on this data */
  Measured half;      /* zero gate - plain expert: what half of it lacks */
  Measured gained;    /* zero gate - trained gate */
  Measured lacking;   /* trained gate - plain expert */
  Measured fall;      /* of the curve over the last half of the steps */
} Verdict;

/* `moved`: every gate did. */
Verdict verdict_of(const ExampleLosses *e, Measured fall, bool moved);

#endif
