#include "train/run_dir.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "train/metrics.h"

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the run directory");
}

static Status take_lock(RunDir *d, Error *err) {
  char *path = path_join(d->root, ".lock");
  if (!path) return no_memory(err);
  Status status = lock_take(&d->lock, path, "is writing this run", NULL, err);
  free(path);
  return status;
}

/* A run is there from the moment its record is. */
static Status check_occupied(const RunDir *d, bool resume, Error *err) {
  char *record = path_join(d->root, "run.yaml");
  if (!record) return no_memory(err);
  bool occupied = file_exists(record);
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

static Status name_parts(RunDir *d, const char *path, Error *err) {
  d->path = strdup(path);
  d->root = path_root(path);
  d->checkpoints = d->root ? path_join(d->root, "checkpoints") : NULL;
  return d->path && d->checkpoints ? STATUS_OK : no_memory(err);
}

Status run_dir_open(RunDir *d, const char *path, bool resume, Error *err) {
  *d = (RunDir){0};
  TRY(name_parts(d, path, err));
  if (resume) TRY(check_occupied(d, resume, err));
  TRY(dir_make(path, err));
  TRY(dir_check_writable(path, err));
  TRY(take_lock(d, err));
  dir_sweep(path);
  return check_occupied(d, resume, err);
}

/* A run that failed before it had a record leaves nothing of its own behind. */
static void remove_unused(const RunDir *d) {
  static const char *const OWN[] = {METRICS_JSONL, METRICS_CSV, ".lock"};
  char *record = path_join(d->root, "run.yaml");
  bool used = !record || file_exists(record);
  free(record);
  if (used) return;
  dir_remove(d->checkpoints, NULL);
  for (size_t i = 0; i < sizeof OWN / sizeof *OWN; i++) {
    char *path = path_join(d->root, OWN[i]);
    if (path) file_remove(path, NULL);
    free(path);
  }
  rmdir(d->path); /* fails, rightly, when anything else is in it */
}

/* The lock goes last: what the holder removes is nobody else's. */
void run_dir_close(RunDir *d) {
  if (d->lock) remove_unused(d);
  lock_release(d->lock);
  free(d->path);
  free(d->root);
  free(d->checkpoints);
  *d = (RunDir){0};
}

Status run_dir_record(const RunDir *d, const char *record, Error *err) {
  char *path = path_join(d->root, "run.yaml");
  if (!path) return no_memory(err);
  Status status = file_write(path, record, strlen(record), err);
  free(path);
  return status;
}
