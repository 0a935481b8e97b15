#include "train/estimate.h"

Status work_sample(WorkSample *w, const Objective *o, const ExampleSet *set, Error *err) {
  const Mixture *m = examples_mixture(set);
  int64_t count = examples_count(set), sample = count < WORK_SAMPLE ? count : WORK_SAMPLE;
  Corruption corruption;
  BatchSpec spec = objective_batch_spec(o, &corruption);
  *w = (WorkSample){.examples = count};
  for (int64_t i = 0; i < sample; i++) {
    Example e;
    int64_t at = mixture_place(m, 0, false, i * m->epoch / sample).index;
    TRY(spec.corruption ? examples_get_corrupted(set, at, 0, spec.corruption, &e, err)
                        : examples_get(set, at, &e, err));
    w->mean_input += (double)e.input_len / (double)sample;
    w->mean_target += (double)e.target_len / (double)sample;
    int64_t length = e.input_len + e.target_len;
    if (length > w->longest) w->longest = length;
    example_free(&e);
  }
  return STATUS_OK;
}

/* Floats kept for one token by a block, and in flight while it runs backward. `cross` adds a
 * decoder block's cross-attention; its keys and values, for the encoder's tokens, come apart. */
static double block_floats(const T5Config *c, bool cross) {
  double d = (double)c->d_model, inner = (double)t5_inner(c), ff = (double)c->d_ff;
  double attention = d + 4 * inner + d + d; /* norm; q, k, v, context; o; sum */
  double feed = d + (c->gated ? 3 : 2) * ff + d + d;
  return attention + feed + (cross ? d + 2 * inner + d + d : 0);
}

/* What is learnt is in memory, and counted with its state. */
static double mapped_bytes(const T5 *model) {
  double bytes = 0;
  for (int i = 0; i < model->tensors; i++) {
    const Tensor *t = model->tensor[i].tensor;
    if (!t->needs_grad) bytes += (double)tensor_count(t) * (double)dtype_size(t->dtype);
  }
  return bytes;
}

/* Activations of a micro-batch of `in` encoder and `out` decoder tokens, in floats. */
static double activation_floats(const T5Config *c, double in, double out, bool recompute) {
  double encoder = in * block_floats(c, false);
  double decoder = out * block_floats(c, true) + 2 * in * (double)t5_inner(c);
  double largest = encoder > decoder ? encoder : decoder;
  double inputs = (double)c->d_model * (in * c->encoder_layers + out * c->decoder_layers);
  double kept =
      recompute ? inputs + largest : encoder * c->encoder_layers + decoder * c->decoder_layers;
  double in_flight = 0.5 * largest; /* gradients of the block that runs backward */
  return kept + in_flight + 3 * (double)c->d_model * (in + out);
}

Estimate estimate_run(const Objective *o, const WorkSample *w) {
  const T5Config *c = &o->on.base.model->config;
  const TrainSettings *t = &o->settings->train;
  double batch = (double)t->batch_size, pair = w->mean_input + w->mean_target;
  double in = batch * w->mean_input, out = batch * w->mean_target;
  double forward = t5_forward_flops(c, (int64_t)in, (int64_t)out, w->mean_input, w->mean_target);
  int passes = o->kind->passes + (t->recompute ? 1 : 0);
  double micro = batch * pair < (double)t->max_tokens ? batch * pair : (double)t->max_tokens;
  if (micro < (double)w->longest) micro = (double)w->longest;
  Estimate e = {.tokens_per_step = in + out,
                .flops_per_step = forward * passes,
                .weight_bytes = mapped_bytes(o->on.base.model)};
  double held = t->steps > 0 ? 16 : 4; /* what is never learnt has neither gradient nor moments */
  for (int64_t i = 0; i < o->params; i++)
    e.state_bytes += held * (double)tensor_count(o->param[i].tensor);
  if (t->steps == 0) return e;
  e.activation_bytes = 4 * activation_floats(c, micro * w->mean_input / pair,
                                             micro * w->mean_target / pair, t->recompute);
  return e;
}
