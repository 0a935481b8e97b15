#include "train/checkpoint.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/order.h"
#include "data/file/file.h"
#include "data/file/path.h"
#include "data/tensors/safetensors.h"
#include "data/tensors/weights.h"

/* The checkpoint under construction. There is one writer, and each save begins by removing what a
 * crash may have left here. */
static const char UNFINISHED[] = "unfinished";

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the checkpoint");
}

/* <dir>/step-N[/<file>], owned by the caller. */
static char *checkpoint_path(const char *dir, int64_t step, const char *file) {
  char *whole = NULL;
  int length =
      asprintf(&whole, "%s/step-%08" PRId64 "%s%s", dir, step, file ? "/" : "", file ? file : "");
  return length < 0 ? NULL : whole;
}

/* ---- state.safetensors ---- */

static const char *const PARTS[] = {"", ".m", ".v"}; /* value, first moment, second moment */
enum { PART_COUNT = 3 };

static float *param_part(const Param *p, int part) {
  return part == 0 ? p->tensor->data : part == 1 ? p->m : p->v;
}

static Status write_state(const char *path, const Snapshot *of, Error *err) {
  size_t count = (size_t)of->params * PART_COUNT;
  SafetensorsItem *item = calloc(count, sizeof *item);
  char **name = calloc(count, sizeof *name);
  Status status = item && name ? STATUS_OK : no_memory(err);
  for (size_t i = 0; status == STATUS_OK && i < count; i++) {
    const Param *p = &of->param[i / PART_COUNT];
    int part = (int)(i % PART_COUNT);
    if (asprintf(&name[i], "%s%s", p->name, PARTS[part]) < 0) {
      name[i] = NULL;
      status = no_memory(err);
      break;
    }
    item[i] = (SafetensorsItem){name[i],         DTYPE_F32,       param_part(p, part),
                                p->tensor->rows, p->tensor->cols, false};
  }
  if (status == STATUS_OK) status = safetensors_write(path, item, count, NULL, 0, err);
  for (size_t i = 0; name && i < count; i++) free(name[i]);
  free(name);
  free(item);
  return status;
}

/* What no run writes: a number that is not finite, a second moment below 0. */
static Status check_part(const char *path, const char *name, const float *x, int64_t n, int part,
                         Error *err) {
  for (int64_t i = 0; i < n; i++) {
    if (isfinite(x[i]) && (part < 2 || x[i] >= 0)) continue;
    return error_set(err, STATUS_INPUT, "%s: tensor '%.200s': [%" PRId64 "] is %g, want %s", path,
                     name, i, (double)x[i], part < 2 ? "a finite number" : "one from 0 on");
  }
  return STATUS_OK;
}

static Status read_part(const char *path, Weights *w, const Param *p, int part, Error *err) {
  char *name = NULL;
  if (asprintf(&name, "%s%s", p->name, PARTS[part]) < 0) return no_memory(err);
  Tensor stored;
  Status status = weights_get(w, name, p->tensor->rows, p->tensor->cols, &stored, err);
  if (status == STATUS_OK) {
    dtype_widen(param_part(p, part), stored.store, stored.dtype, (size_t)tensor_count(&stored));
    status = check_part(path, name, param_part(p, part), tensor_count(&stored), part, err);
  }
  free(name);
  return status;
}

static Status read_state(const char *path, const Snapshot *into, int parts, Error *err) {
  Weights *w = NULL;
  TRY(weights_open(&w, path, err));
  Status status = STATUS_OK;
  for (int64_t i = 0; i < into->params && status == STATUS_OK; i++) {
    for (int part = 0; part < parts && status == STATUS_OK; part++) {
      status = read_part(path, w, &into->param[i], part, err);
    }
  }
  if (status == STATUS_OK && parts == PART_COUNT) status = weights_check_used(w, err);
  weights_close(w);
  return status;
}

/* ---- save ---- */

static Status fill_directory(const char *temp, const Snapshot *of, Error *err) {
  char *state_path = path_join(temp, "state.safetensors");
  char *manifest_path = path_join(temp, "manifest.json");
  bool begun = of->state->step > 0;
  Status status = state_path && manifest_path ? STATUS_OK : no_memory(err);
  if (status == STATUS_OK) status = dir_make(temp, err);
  if (status == STATUS_OK && begun) status = write_state(state_path, of, err);
  if (status == STATUS_OK)
    status = checkpoint_manifest_write(manifest_path, begun ? state_path : NULL, of->state,
                                       of->identity, err);
  if (status == STATUS_OK) status = dir_sync(temp, err);
  free(state_path);
  free(manifest_path);
  return status;
}

/* Puts the finished directory in place; one of the same step (the run was resumed there) gives way.
 */
static Status put_in_place(const char *temp, const char *final, Error *err) {
  TRY(dir_remove(final, err));
  return dir_rename(temp, final, err);
}

Status checkpoint_save(const char *dir, const Snapshot *of, Error *err) {
  char *temp = path_join(dir, UNFINISHED);
  char *final = checkpoint_path(dir, of->state->step, NULL);
  Status status = temp && final ? STATUS_OK : no_memory(err);
  if (status == STATUS_OK) status = dir_make(dir, err);
  if (status == STATUS_OK) status = dir_remove(temp, err);
  if (status == STATUS_OK) status = fill_directory(temp, of, err);
  if (status == STATUS_OK) status = put_in_place(temp, final, err);
  if (status != STATUS_OK && temp) dir_remove(temp, NULL);
  free(temp);
  free(final);
  return status;
}

/* ---- the directory ---- */

typedef struct StepList {
  int64_t *step; /* ascending */
  size_t count;
} StepList;

/* The step of a checkpoint's directory name; -1 for anything else. */
static int64_t step_of(const char *name) {
  int64_t step = 0;
  int used = 0;
  if (sscanf(name, "step-%" SCNd64 "%n", &step, &used) != 1 || name[used] || step < 0) return -1;
  return step;
}

Status checkpoint_check_dir(const char *dir, Error *err) {
  DirNames names;
  TRY(dir_names(&names, dir, err));
  Status status = STATUS_OK;
  for (size_t i = 0; i < names.count && status == STATUS_OK; i++) {
    const char *name = names.name[i];
    if (step_of(name) >= 0 || strcmp(name, UNFINISHED) == 0) continue;
    status =
        error_set(err, STATUS_USAGE,
                  "output: %s holds '%s', which is no checkpoint, and the run would remove it; "
                  "choose another output",
                  dir, name);
  }
  dir_names_free(&names);
  return status;
}

static Status list_steps(const char *dir, StepList *list, Error *err) {
  DirNames names;
  *list = (StepList){0};
  TRY(dir_names(&names, dir, err));
  list->step = calloc(names.count + 1, sizeof *list->step);
  for (size_t i = 0; list->step && i < names.count; i++) {
    int64_t step = step_of(names.name[i]);
    if (step >= 0) list->step[list->count++] = step;
  }
  dir_names_free(&names);
  if (!list->step) return no_memory(err);
  qsort(list->step, list->count, sizeof *list->step, order_int64);
  return STATUS_OK;
}

static Status remove_step(const char *dir, int64_t step, Error *err) {
  char *path = checkpoint_path(dir, step, NULL);
  Status status = path ? dir_remove(path, err) : no_memory(err);
  free(path);
  return status;
}

Status checkpoint_rotate(const char *dir, int64_t step, int64_t best_step, Error *err) {
  enum { KEEP = 2 };
  StepList list;
  Status status = list_steps(dir, &list, err);
  while (list.count > 0 && list.step[list.count - 1] > step) list.count--;
  for (size_t i = 0; status == STATUS_OK && i + KEEP < list.count; i++) {
    if (list.step[i] != best_step) status = remove_step(dir, list.step[i], err);
  }
  free(list.step);
  return status;
}

/* ---- resume ---- */

/* The manifest of the folder of a step, with the checks that make a checkpoint valid. */
static Status read_step(const char *dir, int64_t step, CheckpointManifest *m, Error *err) {
  char *path = checkpoint_path(dir, step, "manifest.json");
  char *state_path = checkpoint_path(dir, step, "state.safetensors");
  Status status =
      path && state_path ? checkpoint_manifest_read(m, path, state_path, err) : no_memory(err);
  if (status == STATUS_OK && m->state.step != step) {
    status = error_set(err, STATUS_INPUT, "%s: step: is %" PRId64 ", the folder says %" PRId64,
                       path, m->state.step, step);
    checkpoint_manifest_free(m);
  }
  free(path);
  free(state_path);
  return status;
}

/* The newest valid manifest. What this process cannot do says nothing about a checkpoint. */
static Status newest_valid(const char *dir, const StepList *list, CheckpointManifest *m,
                           NoteTaker notes, Error *err) {
  for (size_t i = list->count; i-- > 0;) {
    Error why = {0};
    Status status = read_step(dir, list->step[i], m, &why);
    if (status == STATUS_OK) return STATUS_OK;
    if (status == STATUS_RUN) return error_set(err, status, "%s", why.text);
    note_take(notes, "skipped a checkpoint that cannot be used: %s", why.text);
  }
  return error_set(err, STATUS_RUN,
                   "%s: no valid checkpoint to resume from; start the run in another output", dir);
}

static void note_kernel(const CheckpointManifest *m, NoteTaker notes) {
  char now[MANIFEST_KERNELS];
  checkpoint_kernels(now);
  if (strcmp(m->kernel, now) == 0) return;
  note_take(notes,
            "the run was started with the kernels %s, now they are %s: the last bits may differ",
            m->kernel, now);
}

static Status load_step(const char *dir, int64_t step, const Snapshot *into, int parts,
                        Error *err) {
  if (step == 0) return STATUS_OK;
  char *path = checkpoint_path(dir, step, "state.safetensors");
  Status status = path ? read_state(path, into, parts, err) : no_memory(err);
  free(path);
  return status;
}

Status checkpoint_resume(const char *dir, const Snapshot *into, NoteTaker notes, int64_t *planned,
                         Error *err) {
  StepList list;
  CheckpointManifest m = {0};
  Status status = list_steps(dir, &list, err);
  if (status == STATUS_OK) status = newest_valid(dir, &list, &m, notes, err);
  free(list.step);
  TRY(status);
  status = checkpoint_manifest_check(&m, into->identity, err);
  if (status == STATUS_OK) status = load_step(dir, m.state.step, into, PART_COUNT, err);
  if (status == STATUS_OK) note_kernel(&m, notes);
  *into->state = m.state;
  *planned = m.planned;
  checkpoint_manifest_free(&m);
  return status;
}

Status checkpoint_load_values(const char *dir, int64_t step, const Snapshot *into, Error *err) {
  CheckpointManifest m = {0};
  TRY(read_step(dir, step, &m, err));
  checkpoint_manifest_free(&m);
  return load_step(dir, step, into, 1, err);
}
