/* gates_run: gates for experts that came without, trained by whoever collects the pool, on text of the
 * collector's own.
 *
 * PHATGOOSE (arXiv 2402.05859) has the contributor of an expert train its gates, on the expert's own
 * data. The room train/gates owns what a collector can do where that did not happen, by one of two
 * ways. It knows pools, and changes none; the trainer is that of train/loop.h.
 *
 * share   1. Every example is asked of the base and of every expert of the pool: the mean
 *            cross-entropy of its target's tokens (example_losses.h).
 *         2. An example goes to the expert under which its target is the likeliest, and to those that
 *            are as near to it as gates.within says (shares.h).
 *         3. Each expert whose gates are wanted learns them on its share, by the objective of
 *            PHATGOOSE, with everything else frozen. One with a share of less than gates.least gets
 *            none.
 * joint   The gates of all experts learn together, from where they are, by the loss of the routed
 *         model (objective_joint.h).
 *
 * What a run leaves:
 *
 *   run.yaml  data.json     the settings, and what the data are like, as of every run
 *   losses/<expert>.json    share: what step 1 found (loss_table.h)
 *   shares/<expert>.jsonl   what step 2 gave whom, lines of the data
 *   shares.json             step 2 in numbers, and the identity of data, experts and settings
 *   experts/<expert>/       the run of `train gate`; joint: its gate.safetensors alone
 *   metrics.*  checkpoints/ joint: as of every run
 *   gates.json              the result (infer/pool/made_gates.h) */
#ifndef SKEIN_GATES_RUN_H
#define SKEIN_GATES_RUN_H

#include "infer/expert/gate.h"
#include "train/gates/shares.h"
#include "train/loop.h"

typedef struct GatesSettings {
  RunSettings run; /* stands first: what reads settings of runs reads these */
  char *pool;      /* directory */
  char *experts;   /* joined with ','; NULL: those without gates */
  int way;         /* GateWay - 1 */
  double within;   /* nats a token */
  int64_t least;   /* examples */
  int64_t top_k;   /* experts a token */
} GatesSettings;

Status gates_settings_init(OptionSet *set, GatesSettings *settings, Error *err);
/* After all sources are read: as settings_finish. STATUS_USAGE where a setting of the other way is
 * given. */
Status gates_settings_finish(OptionSet *set, const char *name, Error *err);

/* How the program watches a run. Every function may be NULL. */
typedef struct GatesWatch {
  void *arg; /* of all functions but those of `train` */
  void (*asked)(void *arg, const char *expert, int64_t done, int64_t of);
  void (*divided)(void *arg, const Shares *shares);
  /* After it, of each expert; `fate`: what becomes of its gates, in words. */
  void (*share)(void *arg, const char *expert, const Share *share, const char *fate);
  void (*begins)(void *arg, const char *expert, int64_t examples);
  /* `dir`: of its run, whose report.txt says why. */
  void (*ends)(void *arg, const char *expert, GateVerdict verdict, const char *dir);
  TrainWatch train; /* of each training, and whom to tell notes and to ask whether to stop */
} GatesWatch;

/* Makes the gates in settings->run.output. STATUS_INTERRUPTED when the watch asks to stop: what was
 * done is kept, and `resume` goes on from it to the same bytes. STATUS_USAGE where there is nothing
 * to train, STATUS_INPUT where no share is large enough. */
Status gates_run(const OptionSet *set, const TrainRequest *request, const GatesWatch *watch,
                 Error *err);

/* What a run would take, as far as can be told before the examples are divided. */
enum { GATES_SAMPLE = 32 };
typedef struct GatesPlan {
  int64_t examples;
  int experts, trained; /* share: of the pool, and how many are to get gates */
  double ask_seconds;   /* share: of step 1, by the time that the sample took */
  TrainPlan train;      /* share: of one expert, with an even share; joint: of all */
} GatesPlan;

/* Opens, checks and says all that a fresh run would, of share asks GATES_SAMPLE examples that the seed draws
 * and tells the watch how they fall, and leaves nothing. */
Status gates_plan(const OptionSet *set, bool strict, const GatesWatch *watch, GatesPlan *plan,
                  Error *err);
#endif
