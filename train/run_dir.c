#include "train/run_dir.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "autograd/ground/text_stream.h"
#include "data/file/file.h"
#include "data/file/output.h"
#include "data/file/path.h"
#include "data/file/temporary.h"
#include "train/checkpoint.h"
#include "train/metrics.h"
#include "train/run_data.h"

static const char LOCK[] = ".lock";
#define RECORD "run.yaml"

/* What a run writes before its record; the tokenizer is that of a new base. */
static const char *const BEGUN[] = {"checkpoints", METRICS_JSONL,  METRICS_CSV, DATA_JSON,
                                    RECORD,        "spiece.model", NULL};

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the run directory");
}

/* ---- looking ---- */

static Status take_lock(Lock **lock, const RunDir *d, Error *err) {
  char *path = path_join(d->root, LOCK);
  if (!path) return no_memory(err);
  const char *does = d->borrowed ? "is writing into this directory" : "is writing this run";
  Status status = lock_take(lock, path, does, NULL, err);
  free(path);
  return status;
}

static Status has_file(const RunDir *d, const char *name, bool *there, Error *err) {
  char *path = path_join(d->root, name);
  if (!path) return no_memory(err);
  *there = file_exists(path);
  free(path);
  return STATUS_OK;
}

static Status check_free(const char *path, Error *err) {
  const OutputDir kind = {"run of skein", RECORD, BEGUN};
  return output_check_dir(path, &kind, err);
}

/* A run is there from the moment its record is. */
static Status check_occupied(const RunDir *d, RunStart start, Error *err) {
  bool occupied = false, resume = start == RUN_RESUMED;
  TRY(has_file(d, RECORD, &occupied, err));
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

static Status check_output(const RunDir *d, const char *name, Error *err) {
  bool there = false;
  TRY(has_file(d, name, &there, err));
  if (!there) return STATUS_OK;
  char *path = path_join(d->root, name);
  const OutputRule rule = {.force = true}; /* the directory is a run's */
  Status status = path ? output_check(path, &rule, err) : no_memory(err);
  free(path);
  return status;
}

/* What the run would fail to write after its work is refused before it. */
static Status check_outputs(const RunDir *d, const char *result, Error *err) {
  const char *const NAMES[] = {METRICS_JSONL, METRICS_CSV,   DATA_JSON,
                               "report.txt",  "report.json", result};
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) TRY(check_output(d, NAMES[i], err));
  return checkpoint_check_dir(d->checkpoints, err);
}

/* ---- opening ---- */

static Status name_parts(RunDir *d, const char *path, Error *err) {
  d->path = strdup(path);
  d->root = path_root(path);
  d->checkpoints = d->root ? path_join(d->root, "checkpoints") : NULL;
  return d->path && d->checkpoints ? STATUS_OK : no_memory(err);
}

static Status make_and_lock(RunDir *d, Error *err) {
  TRY(dir_make(d->path, err));
  TRY(dir_check_writable(d->path, err));
  TRY(take_lock(&d->lock, d, err));
  dir_sweep(d->path);
  return STATUS_OK;
}

/* Whether the lock could be had, where there is one. */
static Status try_lock(const RunDir *d, Error *err) {
  bool there = false;
  Lock *lock = NULL;
  TRY(has_file(d, LOCK, &there, err));
  if (!there) return STATUS_OK;
  TRY(take_lock(&lock, d, err));
  lock_release(lock);
  return STATUS_OK;
}

static Status use_temporary(RunDir *d, Error *err) {
  TRY(temporary_dir(&d->temporary, "the dry run", err));
  free(d->root);
  d->root = strdup(d->temporary);
  return d->root ? STATUS_OK : no_memory(err);
}

Status run_dir_open(RunDir *d, const char *path, RunStart start, const char *result, Error *err) {
  *d = (RunDir){0};
  TRY(name_parts(d, path, err));
  if (start == RUN_RESUMED) TRY(check_occupied(d, start, err));
  TRY(check_free(path, err));
  if (start == RUN_DRY) {
    TRY(dir_check_makeable(path, err));
    TRY(try_lock(d, err));
  } else {
    TRY(make_and_lock(d, err));
  }
  TRY(check_occupied(d, start, err));
  TRY(check_outputs(d, result, err));
  d->begun = start == RUN_FRESH;
  return start == RUN_DRY ? use_temporary(d, err) : STATUS_OK;
}

Status run_dir_hold(RunDir *d, const char *path, Error *err) {
  *d = (RunDir){.borrowed = true};
  TRY(name_parts(d, path, err));
  return make_and_lock(d, err);
}

/* ---- closing ---- */

static void remove_part(const RunDir *d, const char *name) {
  char *path = path_join(d->root, name);
  if (path) dir_remove(path, NULL);
  free(path);
}

/* A run that failed before it had a record leaves nothing of its own behind; that what has these
 * names is its own, check_free saw to. */
static void remove_unused(const RunDir *d) {
  bool used = true;
  if (has_file(d, RECORD, &used, NULL) != STATUS_OK || used) return;
  for (const char *const *name = BEGUN; d->begun && *name; name++) remove_part(d, *name);
  remove_part(d, LOCK);
  rmdir(d->path); /* fails, rightly, when anything else is in it */
}

/* The lock goes last: what the holder removes is nobody else's. */
void run_dir_close(RunDir *d) {
  if (d->lock) remove_unused(d);
  lock_release(d->lock);
  if (d->temporary) dir_remove(d->temporary, NULL);
  free(d->temporary);
  free(d->path);
  free(d->root);
  free(d->checkpoints);
  *d = (RunDir){0};
}

/* ---- files ---- */

static Status write_whole(const char *dir, const char *name, const char *text, Error *err) {
  char *path = path_join(dir, name);
  Status status = path && text ? file_write(path, text, strlen(text), err) : no_memory(err);
  free(path);
  return status;
}

/* A line of a comment, which is freed; false when there is none. */
static bool put_comment(FILE *out, const char *what, char *line) {
  fprintf(out, "# %s%s\n", what, line ? line : "");
  free(line);
  return line != NULL;
}

static bool put_record(FILE *out, const RunRecord *r) {
  const Extensions *x = r->extended;
  char *settings = options_record(r->set);
  bool whole = settings != NULL;
  if (settings) fputs(settings, out);
  free(settings);
  for (size_t k = 0; k < examples_mixture(r->train)->files; k++)
    whole = put_comment(out, "data.train: ", run_data_line(r->train, k)) && whole;
  for (size_t k = 0; r->valid && k < examples_mixture(r->valid)->files; k++)
    whole = put_comment(out, "data.valid: ", run_data_line(r->valid, k)) && whole;
  for (int i = 0; i < x->count; i++)
    whole = put_comment(out, "", extension_text(&x->one[i])) && whole;
  return whole;
}

Status run_dir_record(const RunDir *d, const RunRecord *record, Error *err) {
  TextStream s;
  if (!text_stream_open(&s)) return no_memory(err);
  bool whole = put_record(s.out, record);
  char *text = text_stream_close(&s);
  Status status = whole ? write_whole(d->root, RECORD, text, err) : no_memory(err);
  free(text);
  return status;
}

Status run_dir_write_json(const char *dir, const char *name, json_t *root, Error *err) {
  char *json = root ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL,
       *text = NULL;
  json_decref(root);
  if (json && asprintf(&text, "%s\n", json) < 0) text = NULL;
  free(json);
  Status status = write_whole(dir, name, text, err);
  free(text);
  return status;
}
