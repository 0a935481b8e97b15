/* loop: a training run from its settings to its result; the only trainer, for every objective.
 *
 * The room train owns what is learnt (objective.h, a table of kinds), the step (step.h), the loop
 * around it, and what a run leaves in its directory (run_dir.h): checkpoints, metrics, reports, the
 * result; and the mean inputs of an expert's modules (activation.h). It may touch models and
 * experts only through infer/module, infer/t5 and infer/expert: no pool, no router, no evaluation;
 * and it prints nothing. */
#ifndef SKEIN_LOOP_H
#define SKEIN_LOOP_H

#include <signal.h>

#include "autograd/ground/memory_left.h"
#include "train/checkpoint.h"
#include "train/estimate.h"
#include "train/metrics.h"
#include "train/run_settings.h"

/* How the program watches a run. Every member may be NULL. */
typedef struct TrainWatch {
  void *arg;
  /* After every step; `steps` is the number the run will make. */
  void (*step)(void *arg, const MetricsRow *row, int64_t steps);
  NoteFn note;
  /* Non-zero asks the run to stop after the step it is in. */
  const volatile sig_atomic_t *stop;
} TrainWatch;

/* What a run came to. */
typedef struct TrainOutcome {
  TrainState state;
  int64_t result_step; /* the step whose parameters are the result */
  char *report;        /* what the objective says of the result, for people; NULL: nothing */
} TrainOutcome;

/* How a run is begun. */
typedef struct TrainRequest {
  bool resume; /* from the newest checkpoint: the bits are those of a run never interrupted */
  bool strict; /* a warning about the data is an error (data_report.h) */
} TrainRequest;

/* Trains as the settings say, in settings->output, and writes the result there. The watch is told
 * what the data are like. STATUS_INTERRUPTED when `watch->stop` was set: the state is saved and no
 * result is written. Three non-finite steps in a row are STATUS_RUN; checkpoints before them stay. */
Status train_run(const OptionSet *set, const TrainRequest *request, const TrainWatch *watch,
                 TrainOutcome *outcome, Error *err);
void train_outcome_free(TrainOutcome *outcome); /* a zeroed TrainOutcome is allowed */

/* What a run would take. */
typedef struct TrainPlan {
  int64_t params; /* tensors that are learnt */
  WorkSample work;
  Estimate estimate;
  MemoryLeft left;
} TrainPlan;

/* Opens, checks and says all that a fresh run does before its first step, refuses what it would
 * refuse, and leaves nothing. */
Status train_plan(const OptionSet *set, bool strict, const TrainWatch *watch, TrainPlan *plan,
                  Error *err);

#endif
