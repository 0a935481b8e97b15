/* The readers of training: settings, checkpoints, what was measured. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "tests/fuzz/target.h"
#include "train/checkpoint.h"
#include "train/gates/loss_table.h"
#include "train/metrics.h"
#include "train/objective.h"
#include "train/run_log.h"

/* ---- settings ---- */

static Status read_settings(OptionSet *set, RunSettings *s, const ObjectiveKind *kind,
                            const char *path, Error *err) {
  TRY(settings_init(set, s, kind, err));
  TRY(options_read_file(set, path, err));
  return settings_finish(set, path, err);
}

/* What a run records of its settings reads back to them. */
static void check_record(const Input *in, const OptionSet *set, const ObjectiveKind *kind) {
  Error err = {0};
  OptionSet again;
  RunSettings s;
  char *record = options_record(set), *copy = place(in, "copy.yaml");
  MUST(record);
  sound(file_write(copy, record, strlen(record), &err), &err);
  sound(read_settings(&again, &s, kind, copy, &err), &err);
  char *a = settings_identity(set), *b = settings_identity(&again);
  MUST(a && b && strcmp(a, b) == 0);
  free(a);
  free(b);
  options_free(&again);
  free(record);
  free(copy);
}

static void read_run(const Input *in) {
  for (int i = 0; i < OBJECTIVES; i++) {
    Error err = {0};
    OptionSet set;
    RunSettings s;
    if (taken(in, read_settings(&set, &s, OBJECTIVE[i], in->path, &err), &err)) {
      check_record(in, &set, OBJECTIVE[i]);
    }
    options_free(&set);
  }
}

/* ---- checkpoints ---- */

enum { COLS = 4, OLDER = 7, STEP = 40 };
#define FOLDER   "step-00000040"
#define MANIFEST FOLDER "/manifest.json"
#define STATE    FOLDER "/state.safetensors"

/* A run of one parameter, with two checkpoints, of which the older one is sound. */
typedef struct World {
  Tensor values;
  Param param;
  TrainState state;
  RunIdentity identity;
} World;

static Snapshot snapshot(World *w) {
  return (Snapshot){&w->state, &w->identity, &w->param, 1};
}

static void save(World *w, const char *dir, int64_t step) {
  Error err = {0};
  w->state = (TrainState){.step = step, .updates = step, .best_step = OLDER, .best_loss = 2.5};
  const Snapshot of = snapshot(w);
  sound(checkpoint_save(dir, &of, &err), &err);
}

static void *write_checkpoints(const char *dir) {
  Error err = {0};
  World *w = calloc(1, sizeof *w);
  MUST(w && (w->identity.settings = strdup("train.steps=100\n")));
  char *const hash[] = {w->identity.base, w->identity.expert, w->identity.tokenizer,
                        w->identity.train, w->identity.valid};
  for (size_t i = 0; i < sizeof hash / sizeof *hash; i++) memset(hash[i], 'a', HASH_HEX - 1);
  sound(tensor_create(&w->values, 1, COLS, true, &err), &err);
  w->param = (Param){.name = "v", .tensor = &w->values};
  sound(params_init(&w->param, 1, &err), &err);
  save(w, dir, OLDER);
  save(w, dir, STEP);
  return w;
}

static void end_checkpoint(void *world) {
  World *w = world;
  params_free(&w->param, 1);
  tensor_destroy(&w->values);
  free(w->identity.settings);
  free(w);
}

/* A run goes on from the step of a folder alone, with counters that agree, and finite numbers. */
static void resume(const Input *in) {
  Error err = {0};
  World *w = in->world;
  int64_t planned;
  const Snapshot into = snapshot(w);
  if (!taken(in, checkpoint_resume(in->dir, &into, (NoteTaker){0}, &planned, &err), &err)) return;
  const TrainState *s = &w->state;
  MUST(s->step == STEP || s->step == OLDER);
  MUST(s->skipped >= 0 && s->updates >= 0 && s->updates + s->skipped == s->step);
  MUST(s->best_step >= -1 && s->best_step <= STEP && isfinite(s->best_loss) && s->seconds >= 0);
  for (int i = 0; i < COLS; i++) {
    MUST(isfinite(w->values.data[i]) && isfinite(w->param.m[i]));
    MUST(isfinite(w->param.v[i]) && w->param.v[i] >= 0);
  }
}

/* The manifest is of the bytes, as if a stranger had made both. */
static void resume_state(const Input *in) {
  Error err = {0};
  World *w = in->world;
  char *manifest = place(in, MANIFEST);
  const TrainState state = {.step = STEP, .updates = STEP, .best_step = -1};
  sound(checkpoint_manifest_write(manifest, in->path, &state, &w->identity, &err), &err);
  resume(in);
  free(manifest);
}

/* ---- what was measured ---- */

/* A run that goes on keeps a log that can be read, whatever the log was. */
static void read_log(const Input *in) {
  Error err = {0};
  RunLog log;
  Metrics *m;
  MetricsRow row = {.step = INT64_MAX, .validated = true, .valid_loss = 2};
  if (!taken(in, run_log_read(&log, in->dir, &err), &err)) return;
  MUST(log.count > 0);
  for (size_t i = 1; i < log.count; i++) MUST(log.point[i - 1].step < log.point[i].step);
  sound(metrics_open(&m, in->dir, log.point[0].step, &err), &err);
  sound(metrics_add(m, &row, &err), &err);
  sound(metrics_flush(m, &err), &err);
  metrics_close(m);
  run_log_free(&log);
  sound(run_log_read(&log, in->dir, &err), &err);
  MUST(log.count == 2 && log.point[1].step == INT64_MAX);
  run_log_free(&log);
}

/* ---- losses of examples ---- */

static void read_losses(const Input *in) {
  enum { MOST = 8 };
  Error err = {0};
  double loss[MOST], again[MOST];
  int64_t count, copied;
  char *copy = place(in, "copy.json");
  if (taken(in, loss_table_read(in->path, "same", loss, MOST, &count, &err), &err)) {
    for (int64_t i = 0; i < count; i++) loss[i] = loss_table_round(loss[i]);
    sound(loss_table_write(copy, "same", loss, count, &err), &err);
    sound(loss_table_read(copy, "same", again, MOST, &copied, &err), &err);
    MUST(copied == count && (count == 0 || memcmp(loss, again, (size_t)count * sizeof *loss) == 0));
    remove(copy);
  }
  free(copy);
}

const Target train_targets[] = {
    {.name = "losses",
     .file = "losses.json",
     .seeds = "tests/fuzz/seeds/losses.json",
     .words = "json",
     .most = 512,
     .run = read_losses},
    {.name = "run",
     .file = "run.yaml",
     .seeds = "configs/*/*.yaml tests/fuzz/seeds/run.yaml",
     .words = "yaml",
     .most = 2048,
     .run = read_run},
    {.name = "checkpoint",
     .file = MANIFEST,
     .seeds = "",
     .words = "json",
     .most = 2048,
     .world = write_checkpoints,
     .end = end_checkpoint,
     .run = resume},
    {.name = "checkpoint-state",
     .file = STATE,
     .seeds = "",
     .words = "safetensors",
     .most = 1024,
     .world = write_checkpoints,
     .end = end_checkpoint,
     .run = resume_state},
    {.name = "metrics",
     .file = METRICS_JSONL,
     .seeds = "tests/fuzz/seeds/metrics.jsonl",
     .words = "json",
     .most = 1024,
     .run = read_log},
    {0},
};
