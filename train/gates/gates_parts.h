/* gates_parts: everything that a run of gates_run.h holds, opened and checked before it begins. A run
 * and a dry run begin by the same function. */
#ifndef SKEIN_GATES_PARTS_H
#define SKEIN_GATES_PARTS_H

#include "infer/pool/pool.h"
#include "infer/t5/base.h"
#include "train/data_report.h"
#include "train/gates/gates_run.h"
#include "train/run_dir.h"

typedef struct GatesParts {
  const OptionSet *options;
  const GatesSettings *settings;
  const GatesWatch *watch;
  NoteTaker notes;
  RunDir dir;
  char *losses, *shares; /* directories */
  Stepper stepper;
  const char *base_dir; /* borrowed from the settings or from the pool's manifest */
  Base base;
  char base_hash[HASH_HEX];
  Pool *pool;
  bool *wanted; /* [experts] to get gates */
  int trained;  /* how many of them */
  ExampleSet *examples;
  DataReport data;
  char identity[HASH_HEX];
} GatesParts;

/* Close with gates_parts_close, also after failure. With `strict` a warning about the data is
 * STATUS_INPUT. */
Status gates_parts_open(GatesParts *p, const OptionSet *set, RunStart start, bool strict,
                        const GatesWatch *watch, Error *err);
void gates_parts_close(GatesParts *p);

/* Asks the base and all experts the first `examples`, with tables in `dir`, or (NULL) so many that the
 * seed draws, and divides them by what they said. */
Status gates_parts_divide(GatesParts *p, int64_t examples, const char *dir, Shares *shares,
                          Error *err);

/* Whether the expert gets gates: they are wanted, and its share is enough; and what becomes of it, in
 * words. */
bool gates_parts_trains(const GatesParts *p, const Shares *shares, int expert);
const char *gates_parts_fate(const GatesParts *p, const Shares *shares, int expert);
/* Tells the watch of the shares. */
void gates_parts_tell(const GatesParts *p, const Shares *shares);

/* The settings of `train gate` for an expert, on the data `train` (a value of data.train) and into
 * `output`, with at most `most` examples a batch. Free with options_free. */
Status gates_parts_settings(const GatesParts *p, int expert, const char *train, const char *output,
                            int64_t most, OptionSet *set, RunSettings *settings, Error *err);

#endif
