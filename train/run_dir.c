#include "train/run_dir.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/file/file.h"
#include "data/file/lock.h"
#include "data/file/path.h"
#include "train/metrics.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the run directory");
}

static Status take_lock(RunDir *d, Error *err) {
  char *path = path_join(d->path, ".lock");
  if (!path) return no_memory(err);
  Status status = STATUS_OK;
  LockResult result = lock_take(path, &d->lock);
  if (result == LOCK_ELSEWHERE) {
    status = error_set(err, STATUS_RUN,
                       "%s: another process is writing this run; wait for it or "
                       "choose another output",
                       d->path);
  } else if (result != LOCK_HELD) {
    status = error_set_errno(err, STATUS_RUN, "%s: cannot lock", path);
  }
  free(path);
  return status;
}

/* A run is there from the moment its record is. */
static Status check_occupied(const RunDir *d, bool resume, Error *err) {
  char *record = path_join(d->path, "run.yaml");
  if (!record) return no_memory(err);
  bool occupied = access(record, F_OK) == 0;
  free(record);
  if (occupied && !resume) {
    return error_set(err, STATUS_USAGE,
                     "output: %s already holds a run; continue it with --resume or "
                     "choose another output",
                     d->path);
  }
  if (!occupied && resume) {
    return error_set(err, STATUS_USAGE,
                     "output: %s holds no run to resume; start it without --resume", d->path);
  }
  return STATUS_OK;
}

Status run_dir_open(RunDir *d, const char *path, bool resume, Error *err) {
  *d = (RunDir){.path = strdup(path), .lock = -1};
  if (!d->path) return no_memory(err);
  d->checkpoints = path_join(path, "checkpoints");
  if (!d->checkpoints) return no_memory(err);
  if (resume) TRY(check_occupied(d, resume, err));
  TRY(dir_make(path, err));
  TRY(dir_check_writable(path, err));
  TRY(take_lock(d, err));
  return check_occupied(d, resume, err);
}

/* A run that failed before it had a record leaves nothing of its own behind. */
static void remove_unused(const RunDir *d) {
  static const char *const OWN[] = {METRICS_JSONL, METRICS_CSV, ".lock"};
  char *record = path_join(d->path, "run.yaml");
  bool used = !record || access(record, F_OK) == 0;
  free(record);
  if (used) return;
  dir_remove(d->checkpoints, NULL);
  for (size_t i = 0; i < sizeof OWN / sizeof *OWN; i++) {
    char *path = path_join(d->path, OWN[i]);
    if (path) unlink(path);
    free(path);
  }
  rmdir(d->path); /* fails, rightly, when anything else is in it */
}

void run_dir_close(RunDir *d) {
  if (d->path && d->lock >= 0) {
    remove_unused(d);
    close(d->lock);
  }
  free(d->path);
  free(d->checkpoints);
  *d = (RunDir){.lock = -1};
}

Status run_dir_record(const RunDir *d, const char *record, Error *err) {
  char *path = path_join(d->path, "run.yaml");
  if (!path) return no_memory(err);
  Status status = file_write(path, record, strlen(record), err);
  free(path);
  return status;
}
