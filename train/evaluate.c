#include "train/evaluate.h"

#include <stdint.h>

#include "autograd/ground/extremum.h"

Status probe_open(Probe *p, const ExampleSet *train, const ExampleSet *valid, const BatchSpec *spec,
                  int64_t limit, Error *err) {
  *p = (Probe){.held_out = valid != NULL};
  if (!valid && examples_mixture(train)->files > 1) {
    BatchSpec drawn = *spec; /* of all files, not of the first */
    drawn.batch_size = min64(PROBE_TRAIN, examples_count(train));
    return batch_make(train, &drawn, 0, &p->batch, err);
  }
  if (!valid) return batch_make_range(train, spec, 0, PROBE_TRAIN, &p->batch, err);
  return batch_make_range(valid, spec, 0, limit ? limit : INT64_MAX, &p->batch, err);
}

void probe_close(Probe *p) {
  batch_free(&p->batch);
  *p = (Probe){0};
}

Status probe_loss(const Probe *p, Stepper *s, T5 *model, const AdapterSet *adapters, double *loss,
                  Error *err) {
  return step_loss(s, model, adapters, &p->batch, loss, err);
}

Status probe_example_losses(const Probe *p, Stepper *s, T5 *model, const AdapterSet *adapters,
                            double *sum, Error *err) {
  return step_example_losses(s, model, adapters, &p->batch, sum, err);
}

void probe_example_tokens(const Probe *p, int64_t *tokens) {
  for (int64_t i = 0; i < p->batch.count; i++) {
    Ragged target = p->batch.micro[i].target;
    for (int64_t k = 0; k < target.count; k++) *tokens++ = ragged_length(target, k);
  }
}
