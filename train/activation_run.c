/* From settings to activation.safetensors. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/output.h"
#include "data/file/path.h"
#include "data/tensors/safetensors.h"
#include "infer/expert/vector_file.h"
#include "train/activation.h"
#include "train/data_report.h"
#include "train/foundation.h"
#include "train/option_rows.h"
#include "train/run_data.h"
#include "train/run_dir.h"

/* ---- settings ---- */

#define FIELD(path) offsetof(ActivationSettings, path)

/* clang-format off: a table */
static const Option OPTIONS[] = {
    PATH("base", base, true, "Hugging Face T5 directory"),
    PATH("expert", expert, true, "PEFT directory of a LoRA or (IA)3 trained on that base"),
    PATHS("data.train", data.train, true, "the expert's training examples, JSONL or JSONL.zst"),
    EXAMPLE_OPTIONS,
    OUTPUT("output", output, true, "directory of activation.safetensors; made if missing"),
    THREADS_OPTION,
    INT("activation.examples", examples, "1000", 1, 1e7, "the most examples that are used"),
    INT("train.max_tokens", max_tokens, "8192", 1, COUNT_MOST,
        "tokens a micro-batch (inputs + targets)"),
    INT("train.seed", seed, "42", 0, OPTION_INT_MOST,
        "seed of which examples are used, when there are more"),
};
/* clang-format on */

Status activation_settings_init(OptionSet *set, ActivationSettings *settings, Error *err) {
  *settings = (ActivationSettings){0};
  return options_init(set, OPTIONS, LENGTH(OPTIONS), settings, err);
}

/* ---- the file ---- */

static Status no_memory(const char *path, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", path);
}

static Status add_item(SafetensorsItem *item, const Module *module, const char *suffix,
                       const double *values, int64_t n, const char *path, Error *err) {
  char *name = vector_name(module, suffix);
  float *data = calloc((size_t)n, sizeof *data);
  *item = (SafetensorsItem){name, DTYPE_F32, data, 1, n, true};
  for (int64_t k = 0; data && k < n; k++) data[k] = (float)values[k];
  return name && data ? STATUS_OK : no_memory(path, err);
}

static Status add_items(SafetensorsItem *items, size_t *n, const Activation *a,
                        const Modules *modules, const char *path, Error *err) {
  for (int i = 0; i < a->count; i++) {
    const ModuleActivation *m = &a->module[i];
    const Module *module = &modules->module[i];
    if (!m->mean) continue;
    TRY(add_item(&items[(*n)++], module, "mean", m->mean, m->d_in, path, err));
    TRY(add_item(&items[(*n)++], module, "absolute", m->absolute, m->d_in, path, err));
  }
  return STATUS_OK;
}

static Status write_vectors(const Activation *a, const Modules *modules, const TensorMeta *meta,
                            size_t metas, const char *path, Error *err) {
  size_t n = 0;
  SafetensorsItem *items = calloc(2 * (size_t)a->count, sizeof *items);
  if (!items) return no_memory(path, err);
  Status status = add_items(items, &n, a, modules, path, err);
  if (status == STATUS_OK) status = safetensors_write(path, items, n, meta, metas, err);
  for (int i = 0; i < 2 * a->count; i++) {
    free((char *)(uintptr_t)items[i].name);
    free((float *)(uintptr_t)items[i].data);
  }
  free(items);
  return status;
}

static Status write_file(const Activation *a, const Foundation *f, int64_t used, int64_t drawn_by,
                         const char *path, Error *err) {
  char examples[24], seed[24], base[HASH_HEX], expert[HASH_HEX];
  snprintf(examples, sizeof examples, "%" PRId64, used);
  snprintf(seed, sizeof seed, "%" PRId64, drawn_by);
  memcpy(base, f->base_hash, HASH_HEX);
  memcpy(expert, f->expert_hash, HASH_HEX);
  TensorMeta meta[] = {{"format", (char[]){ACTIVATION_FORMAT}},
                       {"version", (char[]){VECTOR_VERSION}},
                       {"base", base},
                       {"expert", expert},
                       {"examples", examples},
                       {"seed", seed}};
  return write_vectors(a, &f->base.model->modules, meta, sizeof meta / sizeof *meta, path, err);
}

/* ---- the run ---- */

typedef struct ActivationParts {
  const ActivationSettings *settings;
  RunDir dir;
  char *path; /* of the file */
  Foundation on;
  ExampleSet *set;
  Batch batch;
} ActivationParts;

static void parts_close(ActivationParts *p) {
  batch_free(&p->batch);
  examples_close(p->set);
  foundation_close(&p->on);
  run_dir_close(&p->dir);
  free(p->path);
}

static Status report_data(const ActivationParts *p, bool strict, NoteTaker notes, Error *err) {
  const ActivationSettings *s = p->settings;
  DataReport report;
  TRY(data_report_make(&report, p->set, NULL, &s->data, s->seed, err));
  Status status = strict ? data_report_require_sound(&report, err) : STATUS_OK;
  if (status == STATUS_OK) data_report_tell(&report, notes);
  data_report_free(&report);
  return status;
}

static Status draw_batch(ActivationParts *p, Error *err) {
  const ActivationSettings *s = p->settings;
  int64_t there = examples_count(p->set);
  BatchSpec spec = {.batch_size = there < s->examples ? there : s->examples,
                    .max_tokens = s->max_tokens,
                    .seed = (uint64_t)s->seed,
                    .shuffle = true,
                    .decoder_start = p->on.base.model->config.decoder_start_id};
  return batch_make(p->set, &spec, 0, &p->batch, err);
}

/* Before the work, that its result may be written. */
static Status check_file(ActivationParts *p, bool replace, Error *err) {
  const OutputRule rule = {.force = replace};
  p->path = path_join(p->dir.root, "activation.safetensors");
  return p->path ? output_check(p->path, &rule, err) : no_memory(p->settings->output, err);
}

static Status parts_open(ActivationParts *p, const ActivationSettings *s, bool replace,
                         Error *err) {
  const DataSettings *d = &s->data;
  ExampleKeys keys = {.input = d->input_key, .target = d->target_key};
  p->settings = s;
  TRY(run_dir_hold(&p->dir, s->output, err));
  TRY(check_file(p, replace, err));
  TRY(foundation_open(&p->on, s->base, s->expert, err));
  return run_data_train(&p->set, d, &keys, p->on.base.tokenizer, err);
}

static Status collect_and_write(ActivationParts *p, const ActivationWatch *watch, Error *err) {
  const ActivationSettings *s = p->settings;
  Activation a = {0};
  Status status = activation_collect(&a, p->on.base.model, &p->on.expert, &p->batch,
                                     (int)s->threads, watch, err);
  if (status == STATUS_OK) status = foundation_check(&p->on, err);
  if (status == STATUS_OK)
    status = write_file(&a, &p->on, p->batch.examples, s->seed, p->path, err);
  activation_free(&a);
  return status;
}

Status activation_run(const ActivationSettings *s, const ActivationHow *how,
                      const ActivationWatch *watch, int64_t *used, Error *err) {
  ActivationParts p = {0};
  NoteTaker notes = {0};
  if (watch) notes = (NoteTaker){watch->note, watch->arg};
  Status status = parts_open(&p, s, how->replace, err);
  if (status == STATUS_OK) status = report_data(&p, how->strict, notes, err);
  if (status == STATUS_OK) status = draw_batch(&p, err);
  if (status == STATUS_OK) status = collect_and_write(&p, watch, err);
  *used = p.batch.examples;
  parts_close(&p);
  return status;
}
