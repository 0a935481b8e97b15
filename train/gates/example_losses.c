#include "train/gates/example_losses.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "autograd/ground/extremum.h"
#include "train/gates/loss_table.h"

enum { KEEP_EVERY = 1024 }; /* examples between two writings */

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the losses of the examples");
}

/* LOSSES/<name>.json in a new string; NULL when out of memory. */
static char *table_path(const LossQuestion *q) {
  char *path;
  return asprintf(&path, "%s/%s.json", q->dir, q->name) < 0 ? NULL : path;
}

static Status keep(const LossQuestion *q, const double *loss, int64_t count, Error *err) {
  if (!q->dir) return STATUS_OK;
  char *path = table_path(q);
  Status status = path ? loss_table_write(path, q->identity, loss, count, err) : no_memory(err);
  free(path);
  return status;
}

/* What the table has. */
static Status take_kept(const LossQuestion *q, double *loss, int64_t *count, Error *err) {
  *count = 0;
  if (!q->dir) return STATUS_OK;
  char *path = table_path(q);
  Status status =
      path ? loss_table_read(path, q->identity, loss, q->examples, count, err) : no_memory(err);
  free(path);
  return status;
}

static Status check_finite(const LossQuestion *q, const double *loss, int64_t first, int64_t n,
                           Error *err) {
  for (int64_t i = 0; i < n; i++) {
    if (isfinite(loss[first + i])) continue;
    return error_set(err, STATUS_RUN, "expert '%s': the loss of example %lld is NaN or Inf",
                     q->name, (long long)(first + i + 1));
  }
  return STATUS_OK;
}

/* Sums come micro-batch by micro-batch. */
static void place_means(const Batch *batch, const double *sum, double *loss) {
  for (int64_t i = 0; i < batch->count; i++) {
    const MicroBatch *m = &batch->micro[i];
    for (int64_t k = 0; k < m->target.count; k++)
      loss[m->place[k]] = loss_table_round(*sum++ / (double)ragged_length(m->target, k));
  }
}

static Status ask_block(const LossQuestion *q, double *loss, int64_t first, int64_t n, Error *err) {
  Batch batch;
  double sum[LOSSES_BLOCK];
  TRY(q->drawn ? batch_make(q->set, &q->spec, 0, &batch, err)
               : batch_make_range(q->set, &q->spec, first, n, &batch, err));
  Status status = step_example_losses(q->stepper, q->model, q->adapters, &batch, sum, err);
  if (status == STATUS_OK) place_means(&batch, sum, loss + first);
  batch_free(&batch);
  return status == STATUS_OK ? check_finite(q, loss, first, n, err) : status;
}

static Status stop_asking(const LossQuestion *q, const double *loss, int64_t done, Error *err) {
  TRY(keep(q, loss, done, err));
  return error_set(err, STATUS_INTERRUPTED,
                   "interrupted at example %lld of '%s'; continue with --resume", (long long)done,
                   q->name);
}

Status example_losses(const LossQuestion *q, double *loss, Error *err) {
  int64_t done, kept;
  TRY(take_kept(q, loss, &done, err));
  kept = done;
  while (done < q->examples) {
    if (q->stop && *q->stop) return stop_asking(q, loss, done, err);
    int64_t n = min64(LOSSES_BLOCK, q->examples - done);
    TRY(ask_block(q, loss, done, n, err));
    done += n;
    if (q->asked) q->asked(q->arg, q->name, done, q->examples);
    if (done - kept < KEEP_EVERY && done < q->examples) continue;
    TRY(keep(q, loss, done, err));
    kept = done;
  }
  return STATUS_OK;
}
