/* estimate: what a run will cost, before it starts. */
#ifndef SKEIN_ESTIMATE_H
#define SKEIN_ESTIMATE_H

#include "train/objective.h"

/* The shape of the work, measured on a sample of the examples. */
typedef struct WorkSample {
  int64_t examples;               /* in the whole set */
  double mean_input, mean_target; /* tokens an example */
  int64_t longest;                /* tokens of the longest example seen, input + target */
} WorkSample;

typedef struct Estimate {
  double tokens_per_step;  /* inputs + targets */
  double flops_per_step;   /* forward, backward and, with recomputation, the second forward */
  double weight_bytes;     /* frozen, mapped */
  double state_bytes;      /* parameters, gradients, two moments */
  double activation_bytes; /* of the largest micro-batch, gradients included */
} Estimate;

/* Tokenises up to WORK_SAMPLE examples, evenly spread. */
enum { WORK_SAMPLE = 512 };
Status work_sample(WorkSample *w, const Objective *o, const ExampleSet *set, Error *err);

/* A run without steps holds no activations: what a validation holds is less than what a step does.
 * Flops count a multiply-add as two, as t5_forward_flops does. The activations follow the tensors
 * that infer/t5/t5 makes for one token of each stack. */
Estimate estimate_run(const Objective *o, const WorkSample *w);

#endif
