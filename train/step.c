#include "train/step.h"

#include <math.h>

#include "autograd/kernel/kernels.h"
#include "autograd/tape.h"
#include "optim/clip.h"

Status stepper_init(Stepper *s, int threads, bool recompute, Precision precision, Error *err) {
  *s = (Stepper){0};
  if (precision == PRECISION_BF16)
    TRY(kernels_require_bf16(kernels_default(), "train.precision", err));
  *s = (Stepper){arena_new(), tape_new(), threads, recompute, precision};
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

/* Loss of one micro-batch and, with a tape, the gradients added to the parameters. */
static Status run_micro(Stepper *s, const T5Run *run, const MicroBatch *m, float weight, Tape *tape,
                        double *loss, Error *err) {
  Context c = context_make(s->arena, tape, s->threads, err);
  c.precision = s->precision;
  Tensor *out = t5_loss(&c, run, m->input_ids, m->input, m->decoder_ids, m->target_ids, m->target,
                        weight, NULL);
  if (out) *loss += (double)out->data[0];
  if (out && tape) {
    tape_seed(&c, out, 1);
    tape_backward(&c, 0);
  }
  if (tape) tape_clear(tape);
  arena_release(s->arena, EMPTY);
  return err->status;
}

Status step_train(Stepper *s, Objective *o, const Batch *batch, int64_t update, float lr,
                  StepResult *result, Error *err) {
  T5Run run = {o->model, o->adapters.slot ? &o->adapters : NULL, s->recompute};
  float weight = 1 / (float)batch->target_tokens;
  *result = (StepResult){0};
  params_zero_grad(o->param, o->params);
  for (int64_t i = 0; i < batch->count; i++) {
    TRY(run_micro(s, &run, &batch->micro[i], weight, s->tape, &result->loss, err));
  }
  result->grad_norm = params_grad_norm(o->param, o->params);
  result->skipped = !isfinite(result->loss) || !isfinite(result->grad_norm);
  if (result->skipped) return STATUS_OK;
  AdamW rule = adamw_defaults();
  rule.beta2 = o->settings->train.beta2;
  rule.weight_decay = (float)o->settings->train.weight_decay;
  float scale = clip_factor(result->grad_norm, o->settings->train.clip_norm);
  adamw_update(&rule, o->param, o->params, update, lr, scale, s->threads);
  return STATUS_OK;
}

Status step_loss(Stepper *s, T5 *model, const AdapterSet *adapters, const Batch *batch, double *sum,
                 Error *err) {
  T5Run run = {model, adapters, false};
  *sum = 0;
  for (int64_t i = 0; i < batch->count; i++) {
    TRY(run_micro(s, &run, &batch->micro[i], 1, NULL, sum, err));
  }
  return STATUS_OK;
}
