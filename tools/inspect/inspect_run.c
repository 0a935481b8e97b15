/* Directories that `skein train` writes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "infer/expert/gate.h"
#include "tools/inspect/inspect.h"
#include "train/run_log.h"

/* The lowest validation loss and the step it was measured at. */
static void add_best(Facts *f, json_t *o, const RunLog *log) {
  const MetricsRow *best = NULL;
  for (size_t i = 0; i < log->count; i++) {
    const MetricsRow *p = &log->point[i];
    if (!isnan(p->valid_loss) && !(best && best->valid_loss <= p->valid_loss)) best = p;
  }
  facts_set(f, o, "best_valid_loss", best ? facts_number(best->valid_loss) : json_null());
  facts_set(f, o, "best_step", best ? json_integer(best->step) : json_null());
}

static void add_log(Facts *f, json_t *o, const RunLog *log) {
  int64_t skipped = 0;
  for (size_t i = 0; i < log->count; i++) skipped += log->point[i].skipped;
  const MetricsRow *last = &log->point[log->count - 1];
  facts_set(f, o, "steps_done", json_integer(last->step));
  facts_set(f, o, "steps_skipped", json_integer(skipped));
  facts_set(f, o, "last_loss", facts_number(last->loss));
  facts_set(f, o, "last_learning_rate", facts_number(last->learning_rate));
  add_best(f, o, log);
}

/* The names in a directory, in order; none when there is no such directory. */
static Status add_names(Facts *f, json_t *o, const char *key, const char *dir, Error *err) {
  DirNames names;
  TRY(dir_names(&names, dir, err));
  json_t *list = facts_array(f, o, key);
  for (size_t i = 0; i < names.count; i++) {
    if (names.name[i][0] != '.') facts_append(f, list, facts_text(names.name[i]));
  }
  dir_names_free(&names);
  return STATUS_OK;
}

/* Whether the run trained its gate, by the gate itself, where there is one. */
static Status add_verdict(Facts *f, json_t *o, const char *dir, Error *err) {
  char *path = path_below(dir, "gate.safetensors");
  if (!path) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  VectorFile gate = {0};
  GateInfo info;
  bool there = file_exists(path);
  Status status = there ? vector_file_open(&gate, path, GATE_FORMAT, err) : STATUS_OK;
  if (there && status == STATUS_OK) {
    status = gate_info_read(&gate, &info, err);
    const char *verdict = gate_verdict_name(info.verdict);
    facts_set(f, o, "verdict", verdict ? facts_text(verdict) : json_null());
  }
  vector_file_close(&gate);
  free(path);
  return status;
}

Status inspect_run(Inspection *in, const char *dir, Error *err) {
  RunLog log;
  TRY(run_log_read(&log, dir, err));
  Facts *f = &in->facts;
  facts_set(f, f->root, "directory", facts_text(dir));
  facts_set(f, f->root, "kind", facts_text("training run"));
  json_t *o = facts_object(f, f->root, "run");
  add_log(f, o, &log);
  run_log_free(&log);
  TRY(add_verdict(f, o, dir, err));
  char *checkpoints = path_below(dir, "checkpoints");
  if (!checkpoints) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  Status status = add_names(f, o, "checkpoints", checkpoints, err);
  free(checkpoints);
  return status == STATUS_OK ? add_names(f, o, "files", dir, err) : status;
}
