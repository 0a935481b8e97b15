#include "train/step.h"

#include <assert.h>
#include <math.h>

#include "autograd/kernel/kernels.h"
#include "autograd/tape.h"
#include "optim/clip.h"

Status stepper_init(Stepper *s, int threads, bool recompute, Precision precision, Error *err) {
  *s = (Stepper){0};
  if (precision == PRECISION_BF16)
    TRY(kernels_require_bf16(kernels_default(), "train.precision", err));
  *s = (Stepper){.arena = arena_new(),
                 .tape = tape_new(),
                 .threads = threads,
                 .recompute = recompute,
                 .precision = precision};
  if (s->arena && s->tape) return STATUS_OK;
  stepper_free(s);
  return error_set(err, STATUS_RUN, "out of memory: preparing the step");
}

void stepper_free(Stepper *s) {
  arena_free(s->arena);
  tape_free(s->tape);
  *s = (Stepper){0};
}

static const ArenaMark EMPTY = {0, 0};

/* What a micro-batch of `of` adds to the loss and, with a tape, to the gradients of the parameters;
 * an ordinary one with this weight on each target token. */
static Status run_micro(Stepper *s, const T5Run *run, const MicroBatch *m, const Batch *of,
                        float weight, Tape *tape, double *loss, Error *err) {
  Context c = context_make(s->arena, tape, s->threads, err);
  c.precision = s->precision;
  Tensor *out = s->loss.micro ? s->loss.micro(&c, run, m, of, s->loss.arg)
                              : t5_loss(&c, run, m, weight, NULL);
  if (out) *loss += (double)out->data[0];
  if (out && tape) {
    tape_seed(&c, out, 1);
    tape_backward(&c, 0);
  }
  if (tape) tape_clear(tape);
  arena_release(s->arena, EMPTY);
  return err->status;
}

Status step_train(Stepper *s, const Learner *l, const Batch *batch, int64_t update, float lr,
                  StepResult *result, Error *err) {
  T5Run run = {l->model, l->adapters, s->recompute};
  float weight = 1 / (float)batch->target_tokens;
  *result = (StepResult){0};
  params_zero_grad(l->param, l->params);
  for (int64_t i = 0; i < batch->count; i++) {
    TRY(run_micro(s, &run, &batch->micro[i], batch, weight, s->tape, &result->loss, err));
  }
  if (s->loss.constant) result->loss += s->loss.constant(batch, s->loss.arg);
  result->grad_norm = params_grad_norm(l->param, l->params);
  result->skipped = !isfinite(result->loss) || !isfinite(result->grad_norm);
  if (result->skipped) return STATUS_OK;
  OptimizerStep step = {update, (double)lr, clip_factor(result->grad_norm, l->clip_norm),
                        s->threads};
  l->optimizer.update(l->optimizer.rule, l->param, l->params, &step);
  return STATUS_OK;
}

Status step_loss(Stepper *s, T5 *model, const AdapterSet *adapters, const Batch *batch,
                 double *loss, Error *err) {
  T5Run run = {model, adapters, false};
  *loss = 0;
  for (int64_t i = 0; i < batch->count; i++) {
    TRY(run_micro(s, &run, &batch->micro[i], batch, 1, NULL, loss, err));
  }
  if (!s->loss.micro) *loss /= (double)batch->target_tokens;
  if (s->loss.constant) *loss += s->loss.constant(batch, s->loss.arg);
  return STATUS_OK;
}

/* The cross-entropies of a micro-batch's target tokens, summed a sequence. */
static Status sum_sequences(Stepper *s, const T5Run *run, const MicroBatch *m, double *sum,
                            Error *err) {
  Context c = context_make(s->arena, NULL, s->threads, err);
  c.precision = s->precision;
  float *nll = context_alloc(&c, (size_t)m->target.offset[m->target.count] * sizeof *nll);
  if (nll && t5_loss(&c, run, m, 1, nll)) {
    for (int64_t i = 0; i < m->target.count; i++) {
      sum[i] = 0;
      for (int64_t t = m->target.offset[i]; t < m->target.offset[i + 1]; t++)
        sum[i] += (double)nll[t];
    }
  }
  arena_release(s->arena, EMPTY);
  return err->status;
}

Status step_example_losses(Stepper *s, T5 *model, const AdapterSet *adapters, const Batch *batch,
                           double *sum, Error *err) {
  T5Run run = {model, adapters, false};
  assert(batch->choices == 0);
  for (int64_t i = 0; i < batch->count; i++) {
    TRY(sum_sequences(s, &run, &batch->micro[i], sum, err));
    sum += batch->micro[i].target.count;
  }
  return STATUS_OK;
}
