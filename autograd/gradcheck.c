#include "autograd/gradcheck.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "autograd/ground/rng.h"

/* Differences over five points, x +- h and x +- 2h: the truncation error is h^4 / 30 times a fifth
 * derivative, 3e-8 of it here. h is a power of two, so that x + h is nearly exact. */
static const double STEP = 0x1p-5;

/* A derivative is accepted when it is within
 *   RELATIVE * sum_i |weight_i d out_i / dx|     backward is f32 and its terms may cancel
 *   + ROUNDING * sum_i |weight_i out_i| / STEP   each output of the f32 forward is a few ulp off
 * over the outputs that x moves, and, over all outputs,
 *   + CANCELLED * sum_i |weight_i out_i|         what is 0 by cancellation may be a few ulp of it
 * A wrong sign or term is at least 1 on the first scale. */
static const double RELATIVE = 1e-3;
static const double ROUNDING = 12 * FLT_EPSILON;
static const double CANCELLED = FLT_EPSILON;

/* Adding to a gradient may change the order of its sum: ulps of terms of about this size. */
static const double ACCUMULATED = 1e-4;

typedef struct Checker {
  const Gradcheck *check;
  Context c;
  Arena *keep; /* what outlives one evaluation */
  Tape *tape;
  int64_t outputs;
  double *weight;   /* [outputs] */
  float *sample[4]; /* [outputs] at x + h, x - h, x + 2h, x - 2h */
  Error *err;
} Checker;

/* One forward and backward. */
typedef struct Result {
  float *out;
  float *grad[GRADCHECK_OPERANDS]; /* NULL where backward made none */
} Result;

static Status fail_memory(Checker *k) {
  return error_set(k->err, STATUS_RUN, "gradcheck: %s: out of memory", k->check->op);
}

static float *keep_floats(Checker *k, const float *from, int64_t count) {
  float *copy = arena_alloc(k->keep, (size_t)count * sizeof *copy);
  if (!copy) fail_memory(k);
  if (copy && from) memcpy(copy, from, (size_t)count * sizeof *copy);
  return copy;
}

/* Forward without a tape into out [outputs]. */
static Status evaluate(Checker *k, float *out) {
  Context c = k->c;
  c.tape = NULL;
  ArenaMark mark = arena_mark(c.arena);
  Tensor *y = k->check->forward(&c, k->check->arg);
  if (y) memcpy(out, y->data, (size_t)k->outputs * sizeof *out);
  arena_release(c.arena, mark);
  return k->err->status;
}

/* What a gradient holds before a backward that has to add to it. */
static float prior_value(int operand, int64_t element) {
  Rng rng = {.key = rng_key(1, (uint64_t)operand, (uint64_t)element, 0)};
  return (float)(2 * rng_uniform(&rng) - 1);
}

/* Gives operand i no gradient buffer, or one of the checker's that holds prior values. */
static Status prepare_grad(Checker *k, int i, bool prior) {
  Tensor *t = k->check->operand[i];
  t->grad = NULL;
  if (!prior || !t->needs_grad) return STATUS_OK;
  t->grad = keep_floats(k, NULL, tensor_count(t));
  for (int64_t e = 0; t->grad && e < tensor_count(t); e++) t->grad[e] = prior_value(i, e);
  return k->err->status;
}

/* Recorded forward, then backward from the weights, into r. */
static Status record_and_go_back(Checker *k, Result *r) {
  Tensor *y = k->check->forward(&k->c, k->check->arg);
  if (!y) return k->err->status;
  r->out = keep_floats(k, y->data, k->outputs);
  if (y->needs_grad) {
    tape_seed(&k->c, y, 1);
    for (int64_t i = 0; y->grad && i < k->outputs; i++) y->grad[i] = (float)k->weight[i];
    tape_backward(&k->c, 0);
  }
  for (int i = 0; i < k->check->operands; i++) {
    const Tensor *t = k->check->operand[i];
    if (t->grad) r->grad[i] = keep_floats(k, t->grad, tensor_count(t));
  }
  return k->err->status;
}

static Status differentiate(Checker *k, int threads, bool prior, Result *r) {
  const Gradcheck *check = k->check;
  float *owned[GRADCHECK_OPERANDS];
  *r = (Result){0};
  k->c.threads = threads;
  ArenaMark mark = arena_mark(k->c.arena);
  for (int i = 0; i < check->operands; i++) {
    owned[i] = check->operand[i]->grad;
    prepare_grad(k, i, prior);
  }
  Status status = k->err->status;
  if (status == STATUS_OK) status = record_and_go_back(k, r);
  for (int i = 0; i < check->operands; i++) check->operand[i]->grad = owned[i];
  tape_clear(k->tape);
  arena_release(k->c.arena, mark);
  k->c.threads = 1;
  return status;
}

static Status check_bits(Checker *k, const char *what, const float *got, const float *want,
                         int64_t count) {
  if (!got && !want) return STATUS_OK;
  for (int64_t e = 0; e < count; e++) {
    if (got && want && memcmp(&got[e], &want[e], sizeof *got) == 0) continue;
    return error_set(k->err, STATUS_RUN,
                     "gradcheck: %s: %s: element %" PRId64 ": got %.9g, want the same bits as %.9g",
                     k->check->op, what, e, got ? (double)got[e] : NAN,
                     want ? (double)want[e] : NAN);
  }
  return STATUS_OK;
}

static Status check_element(Checker *k, const char *what, int i, int64_t e, double got, double want,
                            double tolerance) {
  if (fabs(got - want) <= tolerance) return STATUS_OK; /* false for NaN */
  const Tensor *t = k->check->operand[i];
  return error_set(k->err, STATUS_RUN,
                   "gradcheck: %s: %s of operand %s: element [%" PRId64 ", %" PRId64
                   "]: got %.9g, want %.9g (within %.2g)",
                   k->check->op, what, k->check->name[i], e / t->cols, e % t->cols, got, want,
                   tolerance);
}

/* The derivative of L by element e of operand i, and how far backward's may be from it. */
static Status derivative(Checker *k, int i, int64_t e, double *want, double *tolerance) {
  static const double steps[4] = {1, -1, 2, -2};
  float *x = &k->check->operand[i]->data[e], old = *x;
  for (int s = 0; s < 4; s++) {
    *x = (float)((double)old + steps[s] * STEP);
    evaluate(k, k->sample[s]);
  }
  *x = old;
  double size = 0, rounding = 0, all = 0;
  *want = 0;
  for (int64_t o = 0; o < k->outputs; o++) {
    double near = (double)k->sample[0][o] - (double)k->sample[1][o];
    double far = (double)k->sample[2][o] - (double)k->sample[3][o];
    double share = k->weight[o] * (8 * near - far) / (12 * STEP);
    *want += share;
    size += fabs(share);
    all += fabs(k->weight[o] * (double)k->sample[0][o]);
    if (share != 0) rounding += fabs(k->weight[o] * (double)k->sample[0][o]);
  }
  *tolerance = RELATIVE * size + ROUNDING * rounding / STEP + CANCELLED * all;
  return k->err->status;
}

static Status check_derivatives(Checker *k, const Result *r, int i) {
  const Tensor *t = k->check->operand[i];
  for (int64_t e = 0; e < tensor_count(t); e++) {
    double want, tolerance;
    TRY(derivative(k, i, e, &want, &tolerance));
    double got = r->grad[i] ? (double)r->grad[i][e] : 0;
    TRY(check_element(k, "gradient", i, e, got, want, tolerance));
  }
  return STATUS_OK;
}

static Status check_accumulation(Checker *k, const Result *fresh) {
  Result added;
  TRY(differentiate(k, 1, true, &added));
  for (int i = 0; i < k->check->operands; i++) {
    const Tensor *t = k->check->operand[i];
    for (int64_t e = 0; t->needs_grad && e < tensor_count(t); e++) {
      double share = fresh->grad[i] ? (double)fresh->grad[i][e] : 0;
      double want = (double)prior_value(i, e) + share;
      TRY(check_element(k, "accumulated gradient", i, e, (double)added.grad[i][e], want,
                        ACCUMULATED * (1 + fabs(share))));
    }
  }
  return STATUS_OK;
}

/* Learns the number of outputs and allots what every evaluation uses. */
static Status measure(Checker *k) {
  ArenaMark mark = arena_mark(k->c.arena);
  Context plain = k->c;
  plain.tape = NULL;
  Tensor *y = k->check->forward(&plain, k->check->arg);
  if (!y) return k->err->status;
  k->outputs = tensor_count(y);
  arena_release(k->c.arena, mark);
  for (int s = 0; s < 4; s++) k->sample[s] = keep_floats(k, NULL, k->outputs);
  k->weight = arena_alloc(k->keep, (size_t)k->outputs * sizeof *k->weight);
  if (!k->weight) return fail_memory(k);
  Rng rng = {.key = rng_key(2, 0, 0, 0)};
  for (int64_t o = 0; o < k->outputs; o++)
    k->weight[o] = (double)(float)(2 * rng_uniform(&rng) - 1);
  return k->err->status;
}

static Status check_all(Checker *k) {
  const Gradcheck *check = k->check;
  Result one, two;
  TRY(measure(k));
  TRY(differentiate(k, 1, false, &one));
  TRY(evaluate(k, k->sample[0]));
  TRY(check_bits(k, "forward without a tape", k->sample[0], one.out, k->outputs));
  TRY(differentiate(k, 2, false, &two));
  TRY(check_bits(k, "forward on 2 threads", two.out, one.out, k->outputs));
  for (int i = 0; i < check->operands; i++) {
    if (check->operand[i]->needs_grad) {
      TRY(check_derivatives(k, &one, i));
    } else if (one.grad[i]) {
      return error_set(k->err, STATUS_RUN, "gradcheck: %s: frozen operand %s got a gradient",
                       check->op, check->name[i]);
    }
    TRY(check_bits(k, check->name[i], two.grad[i], one.grad[i], tensor_count(check->operand[i])));
  }
  return check_accumulation(k, &one);
}

Status gradcheck_run(const Gradcheck *check, Error *err) {
  Error local = {0};
  Checker k = {.check = check, .err = &local, .keep = arena_new(), .tape = tape_new()};
  k.c = context_make(arena_new(), k.tape, 1, &local);
  Status status = k.keep && k.tape && k.c.arena ? check_all(&k) : fail_memory(&k);
  arena_free(k.c.arena);
  arena_free(k.keep);
  tape_free(k.tape);
  return status == STATUS_OK ? STATUS_OK : error_set(err, status, "%s", local.text);
}
