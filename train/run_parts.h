/* run_parts: everything that a run holds, opened and checked before it begins. For loop.c: a run and
 * a dry run begin by the same function. */
#ifndef SKEIN_RUN_PARTS_H
#define SKEIN_RUN_PARTS_H

#include <time.h>

#include "autograd/ground/memory_left.h"
#include "train/checkpoint.h"
#include "train/data_report.h"
#include "train/estimate.h"
#include "train/metrics.h"
#include "train/objective.h"
#include "train/run_dir.h"

typedef struct Run {
  const RunSettings *settings;
  const struct TrainWatch *watch; /* loop.h; set by who runs it */
  NoteTaker notes;
  RunDir dir;
  Objective objective;
  ExampleSet *train, *valid;
  DataReport data;
  Corruption corruption;
  BatchSpec spec;
  BatchReader *reader;
  Probe probe;
  Stepper stepper;
  Metrics *metrics;
  RunIdentity identity;
  MemoryLeft left; /* before anything was opened */
  WorkSample work;
  Estimate estimate;
  TrainState state;
  double seconds_before; /* of earlier parts of a resumed run */
  struct timespec started;
} Run;

/* Opens all but what moves: reader, metrics, state. Everything that can be refused before the first
 * step is refused here; at the end the data are reported, and with `strict` a warning about them is
 * STATUS_INPUT. Close with run_close, also after failure. */
Status run_open(Run *r, const OptionSet *set, RunStart start, bool strict, NoteTaker notes,
                Error *err);
void run_close(Run *r);

#endif
