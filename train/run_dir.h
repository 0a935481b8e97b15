/* run_dir: the directory of one run, held by one process at a time.
 *
 *   run.yaml          the settings, resolved; reads back as a configuration
 *   metrics.jsonl     metrics.csv          train/metrics.h
 *   data.json         train/data_report.h
 *   checkpoints/      train/checkpoint.h
 *   .lock             held with flock while a run writes here
 *   <result>          gate.safetensors | adapter_* | a Hugging Face directory
 *   last/<result>     the parameters after the last step, where validation chose another
 *   report.txt        report.json          train gate: train/report.h */
#ifndef SKEIN_RUN_DIR_H
#define SKEIN_RUN_DIR_H

#include <jansson.h>
#include <stdbool.h>

#include "data/examples/examples.h"
#include "data/file/lock.h"
#include "data/options/options.h"
#include "train/extension.h"

#define DATA_JSON "data.json"

typedef enum RunStart {
  RUN_FRESH,
  RUN_RESUMED, /* from the newest checkpoint that is there */
  RUN_DRY,     /* nothing is begun: all is looked at as for a fresh run */
} RunStart;

typedef struct RunDir {
  char *path; /* as named */
  char *root; /* path_root of it: files are joined to this one, so that no link in it is followed;
                 of a dry run a temporary directory */
  char *checkpoints;
  Lock *lock;      /* NULL when not held */
  bool begun;      /* what a run leaves without its record is this one's, to be removed */
  bool borrowed;   /* held for an output that is no run */
  char *temporary; /* of a dry run, removed at the end */
} RunDir;

/* Makes and locks the directory, and removes the temporaries of processes that died. A fresh run
 * refuses a directory that already holds one, checkpoints that are none, or anything else (output.h); a resumed run refuses one
 * that holds none. `result` is the file of the result: what cannot be replaced by it, or by another
 * file of a run, is refused. A held lock is STATUS_RUN naming the directory and its holder. A dry run
 * refuses all that a fresh one does and makes, beside the output, a temporary directory. Close with
 * run_dir_close, also after failure. */
Status run_dir_open(RunDir *d, const char *path, RunStart start, const char *result, Error *err);
/* The same of a directory for an output that is no run: made, locked and swept. The lock goes at the
 * end, and the directory, where nothing is in it. */
Status run_dir_hold(RunDir *d, const char *path, Error *err);
void run_dir_close(RunDir *d); /* a zeroed RunDir is allowed */

/* What run.yaml says: the settings, and in comments the files of examples and how the run was
 * extended. All is borrowed. */
typedef struct RunRecord {
  const OptionSet *set;
  const ExampleSet *train, *valid; /* valid: NULL where there is none */
  const Extensions *extended;
} RunRecord;

/* Writes it. */
Status run_dir_record(const RunDir *d, const RunRecord *record, Error *err);
/* Writes DIR/NAME from JSON, which it takes; NULL is out of memory. */
Status run_dir_write_json(const char *dir, const char *name, json_t *root, Error *err);

#endif
