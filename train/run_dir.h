/* run_dir: the directory of one run, held by one process at a time.
 *
 *   run.yaml          the settings, resolved; reads back as a configuration
 *   metrics.jsonl     metrics.csv          train/metrics.h
 *   checkpoints/      train/checkpoint.h
 *   .lock             held with flock while a run writes here
 *   <result>          gate.safetensors | adapter_* | a Hugging Face directory
 *   last/<result>     the parameters after the last step, where validation chose another
 *   report.txt        report.json          train gate: train/report.h */
#ifndef SKEIN_RUN_DIR_H
#define SKEIN_RUN_DIR_H

#include <stdbool.h>

#include "data/file/lock.h"

typedef struct RunDir {
  char *path; /* as named */
  char *root; /* path_root of it: files are joined to this one, so that no link in it is followed */
  char *checkpoints;
  Lock *lock; /* NULL when not held */
} RunDir;

/* Makes and locks the directory, and removes the temporaries of processes that died. A fresh run
 * refuses a directory that already holds one; a resumed run refuses one that holds none. A held
 * lock is STATUS_RUN naming the directory and its holder. */
Status run_dir_open(RunDir *d, const char *path, bool resume, Error *err);
void run_dir_close(RunDir *d); /* a zeroed RunDir is allowed */

/* Writes run.yaml. */
Status run_dir_record(const RunDir *d, const char *record, Error *err);

#endif
