#include "train/evaluate.h"

#include <stdint.h>

Status probe_open(Probe *p, const ExampleSet *train, const ExampleSet *valid, const BatchSpec *spec,
                  int64_t limit, Error *err) {
  *p = (Probe){.held_out = valid != NULL};
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
