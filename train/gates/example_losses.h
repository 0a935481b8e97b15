/* example_losses: how likely each example's target is under one model, the base or an expert on it:
 * the mean cross-entropy of its tokens, nats. A table a model is kept on disk (loss_table.h),
 * losses/<expert>.json, and losses/+base.json of the base, which is no expert's name. It may end
 * before the examples do, where a run was ended; it is gone on with. */
#ifndef SKEIN_EXAMPLE_LOSSES_H
#define SKEIN_EXAMPLE_LOSSES_H

#include <signal.h>
#include <stdbool.h>

#include "train/step.h"

/* What is asked. All is borrowed. */
typedef struct LossQuestion {
  const ExampleSet *set;
  int64_t examples; /* the first of the set */
  bool drawn;       /* not the first, but those that the spec draws; no more than fit a block */
  BatchSpec spec;
  Stepper *stepper;
  T5 *model;
  const AdapterSet *adapters; /* NULL: the plain base */
  const char *dir;            /* where the table is kept; NULL: it is not */
  const char *name;           /* of it: an expert's, or LOSSES_OF_BASE */
  const char *identity;
  void *arg;                                                            /* of `asked` */
  void (*asked)(void *arg, const char *name, int64_t done, int64_t of); /* may be NULL */
  const volatile sig_atomic_t *stop; /* may be NULL; non-zero: STATUS_INTERRUPTED, with what is
                                        there kept */
} LossQuestion;

#define LOSSES_OF_BASE "+base"
enum { LOSSES_BLOCK = 64 }; /* examples asked together */

/* Fills loss [examples], from the table as far as there is one. A table of another identity is
 * STATUS_MISMATCH. The numbers are those that the table has, 15 digits, whether it was there or
 * not. */
Status example_losses(const LossQuestion *q, double *loss, Error *err);

#endif
