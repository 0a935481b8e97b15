#include "train/checkpoint_manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/version.h"
#include "autograd/kernel/kernels.h"
#include "autograd/product/blas.h"
#include "data/file/file.h"
#include "data/text/json_put.h"

static const char FORMAT[] = "skein-checkpoint";
enum { MANIFEST_MOST = 1 << 20 };

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the checkpoint");
}

/* The hashed parts of a run, in the order in which they are compared. */
typedef struct Part {
  const char *name, *hash;
} Part;
enum { PARTS = 5 };

static void list_parts(const RunIdentity *id, Part part[PARTS]) {
  const Part all[PARTS] = {{"base", id->base},
                           {"expert", id->expert},
                           {"tokenizer", id->tokenizer},
                           {"train", id->train},
                           {"valid", id->valid}};
  memcpy(part, all, sizeof all);
}

/* ---- writing ---- */

static void put_counters(json_t **o, const TrainState *s) {
  json_put(o, "step", json_integer(s->step));
  json_put(o, "updates", json_integer(s->updates));
  json_put(o, "skipped", json_integer(s->skipped));
  json_put(o, "skipped_in_a_row", json_integer(s->skipped_in_a_row));
  json_put(o, "stale_evals", json_integer(s->stale_evals));
  json_put(o, "best_step", json_integer(s->best_step));
  json_put(o, "best_loss", s->best_step < 0 ? json_null() : json_real(s->best_loss));
  json_put(o, "stopped", json_boolean(s->stopped));
  json_put(o, "seconds", json_real(s->seconds));
  if (s->extended.count > 0) json_put(o, "extended", extensions_json(&s->extended));
}

void checkpoint_kernels(char names[MANIFEST_KERNELS]) {
  snprintf(names, MANIFEST_KERNELS, "%s, OpenBLAS %s", kernels_default()->name, blas_kernel());
}

static json_t *kernel_names(void) {
  char names[MANIFEST_KERNELS];
  checkpoint_kernels(names);
  return json_string(names);
}

Status checkpoint_manifest_write(const char *path, const char *state_path, const TrainState *state,
                                 const RunIdentity *identity, Error *err) {
  char hash[HASH_HEX] = "";
  Part part[PARTS];
  if (state_path) TRY(hash_file(state_path, hash, err));
  json_t *o = json_object();
  json_put(&o, "format", json_string(FORMAT));
  json_put(&o, "version", json_integer(1));
  json_put(&o, "code", json_string(version_text()));
  json_put(&o, "kernel", kernel_names());
  put_counters(&o, state);
  json_put(&o, "identity", json_string(identity->settings));
  list_parts(identity, part);
  for (int i = 0; i < PARTS; i++) json_put(&o, part[i].name, json_string(part[i].hash));
  json_put(&o, "state", json_string(hash));
  char *text = o ? json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) : NULL;
  Status status = text ? file_write(path, text, strlen(text), err) : no_memory(err);
  free(text);
  json_decref(o);
  return status;
}

/* ---- reading ---- */

static const char STEPS[] = "train.steps=";

static bool says_steps(const char *line) {
  return strncmp(line, STEPS, strlen(STEPS)) == 0;
}

static int64_t planned_steps(const char *identity) {
  int64_t steps = -1;
  for (const char *line = identity; *line; line += strcspn(line, "\n"), line += *line == '\n') {
    if (says_steps(line) && sscanf(line + strlen(STEPS), "%10" SCNd64, &steps) != 1) return -1;
  }
  return steps;
}

/* Counters that contradict each other are damage: a run that went on from them would be another. */
static Status check_counters(const JsonDoc *doc, const TrainState *s, int64_t planned, Error *err) {
  const char *key = NULL;
  if (s->skipped > s->step || s->updates != s->step - s->skipped)
    key = "updates";
  else if (s->skipped_in_a_row > s->skipped)
    key = "skipped_in_a_row";
  else if (s->best_step > s->step)
    key = "best_step";
  else if (planned >= 0 && s->step > planned)
    key = "step";
  if (!key) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: %s: damaged: it does not agree with the other counters",
                   doc->file, key);
}

static Status read_counters(const JsonDoc *doc, TrainState *s, Error *err) {
  const int64_t most = INT64_MAX;
  *s = (TrainState){.best_step = -1};
  TRY(json_get_int(doc, "step", 0, most, &s->step, err));
  TRY(json_get_int(doc, "updates", 0, most, &s->updates, err));
  TRY(json_get_int(doc, "skipped", 0, most, &s->skipped, err));
  TRY(json_get_int(doc, "skipped_in_a_row", 0, most, &s->skipped_in_a_row, err));
  TRY(json_get_int(doc, "stale_evals", 0, most, &s->stale_evals, err));
  TRY(json_get_int(doc, "best_step", -1, most, &s->best_step, err));
  if (s->best_step >= 0) TRY(json_get_real(doc, "best_loss", -1e300, 1e300, &s->best_loss, err));
  TRY(json_get_bool(doc, "stopped", &s->stopped, err));
  TRY(json_get_real(doc, "seconds", 0, 1e300, &s->seconds, err));
  return extensions_read(&s->extended, doc, err);
}

static Status check_format(const JsonDoc *doc, Error *err) {
  const char *format = NULL;
  int64_t version;
  TRY(json_get_string(doc, "format", &format, err));
  if (strcmp(format, FORMAT) != 0) {
    return error_set(err, STATUS_INPUT, "%s: format: '%s' is not '%s'", doc->file, format, FORMAT);
  }
  return json_get_int(doc, "version", 1, 1, &version, err);
}

static Status check_state(const JsonDoc *doc, int64_t step, const char *state_path, Error *err) {
  char hash[HASH_HEX];
  const char *want = NULL;
  TRY(json_get_string(doc, "state", &want, err));
  if (step == 0 && *want == '\0') return STATUS_OK;
  TRY(hash_file(state_path, hash, err));
  if (strcmp(hash, want) == 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: damaged: its SHA-256 is %.12s, the manifest says %.12s",
                   state_path, hash, want);
}

static Status read_all(CheckpointManifest *m, const char *state_path, Error *err) {
  const char *kernel = NULL, *identity = NULL;
  TRY(json_parse_file(&m->doc, m->path, MANIFEST_MOST, err));
  TRY(check_format(&m->doc, err));
  TRY(read_counters(&m->doc, &m->state, err));
  TRY(json_get_string(&m->doc, "identity", &identity, err));
  m->planned = planned_steps(identity);
  TRY(check_counters(&m->doc, &m->state, m->planned, err));
  TRY(json_get_string(&m->doc, "kernel", &kernel, err));
  snprintf(m->kernel, sizeof m->kernel, "%s", kernel);
  return check_state(&m->doc, m->state.step, state_path, err);
}

Status checkpoint_manifest_read(CheckpointManifest *m, const char *path, const char *state_path,
                                Error *err) {
  *m = (CheckpointManifest){.path = strdup(path)};
  if (!m->path) return no_memory(err);
  Status status = read_all(m, state_path, err);
  if (status != STATUS_OK) checkpoint_manifest_free(m);
  return status;
}

void checkpoint_manifest_free(CheckpointManifest *m) {
  json_free(&m->doc);
  free(m->path);
  *m = (CheckpointManifest){0};
}

/* ---- comparing ---- */

/* The first line of `now` that `before` does not have in the same place, but for numbers of steps. */
static Status check_settings(const char *before, const char *now, const char *path, Error *err) {
  while (*now || *before) {
    size_t a = strcspn(before, "\n"), b = strcspn(now, "\n");
    bool same = a == b && strncmp(before, now, a) == 0;
    if (!same && !(says_steps(before) && says_steps(now))) {
      return error_set(err, STATUS_MISMATCH,
                       "%s: the run was started with %.*s, now it is %.*s; restore the setting or "
                       "choose another output",
                       path, (int)a, before, (int)b, now);
    }
    before += a + (before[a] == '\n');
    now += b + (now[b] == '\n');
  }
  return STATUS_OK;
}

Status checkpoint_manifest_check(const CheckpointManifest *m, const RunIdentity *identity,
                                 Error *err) {
  const char *text = NULL;
  Part part[PARTS];
  TRY(json_get_string(&m->doc, "identity", &text, err));
  TRY(check_settings(text, identity->settings, m->path, err));
  list_parts(identity, part);
  for (int i = 0; i < PARTS; i++) {
    TRY(json_get_string(&m->doc, part[i].name, &text, err));
    if (strcmp(text, part[i].hash) == 0) continue;
    return error_set(
        err, STATUS_MISMATCH,
        "%s: %s: not what the run was started with (SHA-256 %.12s, now %.12s); restore "
        "it or choose another output",
        m->path, part[i].name, text, part[i].hash);
  }
  return STATUS_OK;
}
