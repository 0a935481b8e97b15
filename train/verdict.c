#include "train/verdict.h"

#include <math.h>
#include <stdlib.h>

/* ---- intervals ---- */

/* The 97.5 % point of Student's distribution (Abramowitz and Stegun 26.7.5), to 2 % from 3 degrees of
 * freedom on. With fewer there is no telling. */
static double student_point(double degrees) {
  const double z = 1.959963984540054, z2 = z * z;
  if (degrees < 2) return INFINITY;
  double g1 = z * (z2 + 1) / 4;
  double g2 = z * ((5 * z2 + 16) * z2 + 3) / 96;
  double g3 = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
  return z + (g1 + (g2 + g3 / degrees) / degrees) / degrees;
}

static bool is_above(Measured m, double bound) {
  return m.value - m.half > bound;
}

static bool is_below(Measured m, double bound) {
  return m.value + m.half < bound;
}

/* ---- losses ---- */

Status example_losses_new(ExampleLosses *e, int64_t count, Error *err) {
  *e = (ExampleLosses){.tokens = calloc((size_t)count + 1, sizeof *e->tokens), .count = count};
  bool there = e->tokens != NULL;
  for (int s = 0; s < GATE_STATES; s++) {
    e->sum[s] = calloc((size_t)count + 1, sizeof *e->sum[s]);
    there = there && e->sum[s];
  }
  return there ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: the gate report");
}

void example_losses_free(ExampleLosses *e) {
  for (int s = 0; s < GATE_STATES; s++) free(e->sum[s]);
  free(e->tokens);
  *e = (ExampleLosses){0};
}

static double weighed(const ExampleLosses *e, const double weight[GATE_STATES], int64_t i) {
  double sum = 0;
  for (int s = 0; s < GATE_STATES; s++) sum += weight[s] * e->sum[s][i];
  return sum;
}

Measured example_losses_contrast(const ExampleLosses *e, const double weight[GATE_STATES]) {
  double sum = 0, tokens = 0, squares = 0, n = (double)e->count;
  for (int64_t i = 0; i < e->count; i++) {
    sum += weighed(e, weight, i);
    tokens += (double)e->tokens[i];
  }
  double ratio = sum / tokens;
  for (int64_t i = 0; i < e->count; i++) {
    double rest = weighed(e, weight, i) - ratio * (double)e->tokens[i];
    squares += rest * rest;
  }
  double error = sqrt(n / (n - 1) * squares) / tokens;
  return (Measured){ratio, e->count < 3 ? INFINITY : student_point(n - 1) * error};
}

double example_losses_mean(const ExampleLosses *e, GateState state) {
  double weight[GATE_STATES] = {0};
  weight[state] = 1;
  return example_losses_contrast(e, weight).value;
}

static Measured difference(const ExampleLosses *e, GateState of, GateState to) {
  double weight[GATE_STATES] = {0};
  weight[of] = 1;
  weight[to] = -1;
  return example_losses_contrast(e, weight);
}

/* ---- the curve ---- */

Measured curve_fall(const double *x, const double *y, size_t n) {
  double mean_x = 0, mean_y = 0, xx = 0, xy = 0, squares = 0;
  if (n < 4) return (Measured){0, INFINITY};
  for (size_t i = 0; i < n; i++) {
    mean_x += x[i] / (double)n;
    mean_y += y[i] / (double)n;
  }
  for (size_t i = 0; i < n; i++) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  double slope = xy / xx, degrees = (double)(n - 2), span = x[n - 1] - x[0];
  for (size_t i = 0; i < n; i++) {
    double rest = y[i] - mean_y - slope * (x[i] - mean_x);
    squares += rest * rest;
  }
  double error = sqrt(squares / degrees / xx);
  return (Measured){-slope * span, student_point(degrees) * error * span};
}

/* ---- the rule ---- */

static Verdict say(Verdict v, GateVerdict word, const char *reason) {
  v.word = word;
  v.reason = reason;
  return v;
}

/* On the way from half the expert to the whole, beyond the middle. */
static bool is_surely_beyond(const ExampleLosses *e) {
  const double beyond[GATE_STATES] = {
      [STATE_TRAINED] = 1, [STATE_ZERO] = -0.5, [STATE_REMOVED] = -0.5};
  return is_below(example_losses_contrast(e, beyond), 0);
}

Verdict verdict_of(const ExampleLosses *e, Measured fall, bool moved) {
  Verdict v = {.help = difference(e, STATE_BASE, STATE_REMOVED),
               .half = difference(e, STATE_ZERO, STATE_REMOVED),
               .gained = difference(e, STATE_ZERO, STATE_TRAINED),
               .lacking = difference(e, STATE_TRAINED, STATE_REMOVED),
               .fall = fall};
  if (!moved) return say(v, VERDICT_NOT, "some gates never moved from zero");
  if (!isfinite(v.help.value + v.half.value + v.gained.value))
    return say(v, VERDICT_NOT, "a loss is NaN or infinite");
  if (!is_above(v.help, 0))
    return say(v, VERDICT_NOT,
               "on these examples the expert is not surely better than the plain base: they are "
               "not its data, or too few");
  if (is_below(v.half, 0))
    return say(
        v, VERDICT_NOT,
        "half of the expert does better than the whole: the examples are not its data, or it "
        "is overfitted");
  if (!is_above(v.gained, 0))
    return say(v, VERDICT_NOT,
               "the loss is not surely below that of the zero gate: train longer, or judge on more "
               "examples");
  if (!is_above(v.half, 0))
    return say(v, VERDICT_BARELY,
               "these examples do not tell the whole expert from half of it; judge on more");
  if (v.lacking.value > VERDICT_LACKING * v.half.value)
    return say(v, VERDICT_BARELY,
               "the loss is below that of the zero gate, but not yet near the plain expert's");
  if (!is_surely_beyond(e))
    return say(v, VERDICT_BARELY,
               "these examples do not tell how near the loss is to the plain expert's; judge on "
               "more");
  if (!isfinite(fall.half))
    return say(v, VERDICT_BARELY, "too few steps to see whether the loss still falls");
  if (is_above(fall, 0) && fall.value > VERDICT_FALLING * v.gained.value)
    return say(v, VERDICT_BARELY, "the loss still falls; train longer");
  return say(
      v, VERDICT_TRAINED,
      "every gate moved, the loss is near the plain expert's or below it, and no longer falls");
}
