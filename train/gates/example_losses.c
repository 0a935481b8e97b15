#include "train/gates/example_losses.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/extremum.h"
#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json.h"
#include "data/text/json_put.h"

#define FORMAT "skein-losses"
enum { VERSION = 1 };
enum { KEEP_EVERY = 1024 }; /* examples between two writings */

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the losses of the examples");
}

/* ---- the table ---- */

static char *table_path(const LossQuestion *q) {
  char *path;
  return asprintf(&path, "%s/%s.json", q->dir, q->name) < 0 ? NULL : path;
}

static Status keep(const LossQuestion *q, const double *loss, int64_t count, Error *err) {
  if (!q->dir) return STATUS_OK;
  json_t *root = json_object(), *list = json_array();
  for (int64_t i = 0; i < count; i++) json_push(&list, json_real(loss[i]));
  json_put(&root, "format", json_string(FORMAT));
  json_put(&root, "version", json_integer(VERSION));
  json_put(&root, "identity", json_string(q->identity));
  json_put(&root, "losses", list);
  char *path = table_path(q);
  Status status = root && path ? json_write_file(root, path, err) : no_memory(err);
  json_decref(root);
  free(path);
  return status;
}

static Status check_head(const LossQuestion *q, const JsonDoc *doc, Error *err) {
  const char *format, *identity;
  int64_t version;
  TRY(json_get_string(doc, "format", &format, err));
  if (strcmp(format, FORMAT) != 0)
    return error_set(err, STATUS_INPUT, "%s: format: is \"%.80s\", want \"" FORMAT "\"", doc->file,
                     format);
  TRY(json_get_int(doc, "version", VERSION, VERSION, &version, err));
  TRY(json_get_string(doc, "identity", &identity, err));
  if (strcmp(identity, q->identity) == 0) return STATUS_OK;
  return error_set(err, STATUS_MISMATCH,
                   "%s: identity: is of other data, experts or settings; restore them, or choose "
                   "another output",
                   doc->file);
}

static Status read_losses(const LossQuestion *q, const JsonDoc *doc, double *loss, int64_t *count,
                          Error *err) {
  json_t *list;
  TRY(check_head(q, doc, err));
  TRY(json_get_array(doc, "losses", &list, err));
  *count = (int64_t)json_array_size(list);
  if (*count > q->examples)
    return error_set(err, STATUS_INPUT, "%s: losses: are more than the examples", doc->file);
  for (int64_t i = 0; i < *count; i++) {
    const json_t *one = json_array_get(list, (size_t)i);
    if (!json_is_number(one))
      return error_set(err, STATUS_INPUT, "%s: losses: got %s, want numbers", doc->file,
                       json_kind(one));
    loss[i] = json_number_value(one);
  }
  return STATUS_OK;
}

/* What the table has, from the first example on. */
static Status take_kept(const LossQuestion *q, double *loss, int64_t *count, Error *err) {
  const size_t limit = (size_t)1 << 30;
  bool there = false;
  JsonDoc doc = {0};
  *count = 0;
  if (!q->dir) return STATUS_OK;
  char *path = table_path(q);
  Status status = path ? file_look(path, &there, err) : no_memory(err);
  if (status == STATUS_OK && there) status = json_parse_file(&doc, path, limit, err);
  if (status == STATUS_OK && there) status = read_losses(q, &doc, loss, count, err);
  json_free(&doc);
  free(path);
  return status;
}

/* ---- asking ---- */

/* As the table has it. */
static double rounded(double x) {
  char text[32];
  snprintf(text, sizeof text, "%.15g", x);
  return strtod(text, NULL);
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
      loss[m->place[k]] = rounded(*sum++ / (double)ragged_length(m->target, k));
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
