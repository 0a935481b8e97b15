/* evaluate: the loss of a parameter setting on a fixed set of examples. */
#ifndef SKEIN_EVALUATE_H
#define SKEIN_EVALUATE_H

#include "train/step.h"

/* The examples that runs are judged on, as ready batches. */
typedef struct Probe {
  Batch batch;
  bool held_out; /* validation examples; false: training examples, for lack of others */
} Probe;

/* Validation examples (at most `limit`; 0: all), or, where `valid` is NULL, the first PROBE_TRAIN
 * training examples (of several files the first that are drawn), in batches as `spec` says. */
enum { PROBE_TRAIN = 256 };
Status probe_open(Probe *p, const ExampleSet *train, const ExampleSet *valid, const BatchSpec *spec,
                  int64_t limit, Error *err);
void probe_close(Probe *p); /* a zeroed Probe is allowed */

/* The loss of the probe, nats, with these adapters. */
Status probe_loss(const Probe *p, Stepper *s, T5 *model, const AdapterSet *adapters, double *loss,
                  Error *err);

/* The loss of each example of the probe as step_example_losses has it, and the numbers of their
 * target tokens in the same order. [p->batch.examples] */
Status probe_example_losses(const Probe *p, Stepper *s, T5 *model, const AdapterSet *adapters,
                            double *sum, Error *err);
void probe_example_tokens(const Probe *p, int64_t *tokens);

#endif
