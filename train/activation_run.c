/* From settings to activation.safetensors. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "data/file/path.h"
#include "infer/expert/vector_file.h"
#include "train/activation.h"

/* ---- settings ---- */

#define FIELD(path) offsetof(ActivationSettings, path)
#define PATH(key, path, help) \
  { key, OPTION_PATH, FIELD(path), NULL, 0, 0, NULL, true, help }
#define TEXT(key, path, initial, help) \
  { key, OPTION_STRING, FIELD(path), initial, 0, 0, NULL, false, help }
#define INT(key, path, initial, min, max, help) \
  { key, OPTION_INT, FIELD(path), initial, min, max, NULL, false, help }

/* clang-format off: a table */
static const Option OPTIONS[] = {
    PATH("base", run.base, "Hugging Face T5 directory"),
    PATH("expert", run.expert, "PEFT LoRA directory trained on that base"),
    PATH("data.train", run.data.train, "the expert's training examples, JSONL or JSONL.zst"),
    TEXT("data.input_key", run.data.input_key, "input", "JSON key of the input text"),
    TEXT("data.target_key", run.data.target_key, "target", "JSON key of the target text"),
    INT("data.max_input", run.data.max_input, "512", 1, 1048576, "input tokens kept, EOS included"),
    INT("data.max_target", run.data.max_target, "512", 1, 1048576,
        "target tokens kept, EOS included"),
    PATH("output", run.output, "directory of activation.safetensors; made if missing"),
    INT("threads", run.threads, "2", 1, 256, "threads; changes speed, not one bit of the result"),
    INT("activation.examples", examples, "1000", 1, 1e7, "the most examples that are used"),
    INT("train.max_tokens", run.train.max_tokens, "8192", 1, 1e9,
        "tokens a micro-batch (inputs + targets)"),
    INT("train.seed", run.train.seed, "42", 0, 9007199254740992.0,
        "seed of which examples are used, when there are more"),
};
/* clang-format on */

Status activation_settings_init(OptionSet *set, ActivationSettings *settings, Error *err) {
  *settings = (ActivationSettings){.run.objective = OBJECTIVE_GATE};
  return options_init(set, OPTIONS, sizeof OPTIONS / sizeof *OPTIONS, settings, err);
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

static Status write_file(const Activation *a, Objective *o, int64_t used, const char *path,
                         Error *err) {
  size_t n = 0;
  SafetensorsItem *items = calloc(2 * (size_t)a->count, sizeof *items);
  if (!items) return no_memory(path, err);
  char examples[24], seed[24];
  snprintf(examples, sizeof examples, "%" PRId64, used);
  snprintf(seed, sizeof seed, "%" PRId64, o->settings->train.seed);
  SafetensorsMeta meta[] = {{"format", (char[]){ACTIVATION_FORMAT}},
                            {"version", (char[]){VECTOR_VERSION}},
                            {"base", o->base_hash},
                            {"expert", o->expert_hash},
                            {"examples", examples},
                            {"seed", seed}};
  Status status = add_items(items, &n, a, &o->model->modules, path, err);
  if (status == STATUS_OK) {
    status = safetensors_write(path, items, n, meta, sizeof meta / sizeof *meta, err);
  }
  for (int i = 0; i < 2 * a->count; i++) {
    free((char *)(uintptr_t)items[i].name);
    free((float *)(uintptr_t)items[i].data);
  }
  free(items);
  return status;
}

/* ---- the run ---- */

static Status make_batch(Batch *batch, const ActivationSettings *s, const Objective *o,
                         const ExampleSet *train, Error *err) {
  int64_t there = examples_count(train);
  BatchSpec spec = {.batch_size = there < s->examples ? there : s->examples,
                    .max_tokens = s->run.train.max_tokens,
                    .seed = (uint64_t)s->run.train.seed,
                    .shuffle = true,
                    .decoder_start = o->model->config.decoder_start_id};
  return batch_make(train, &spec, 0, batch, err);
}

static Status collect_and_write(const ActivationSettings *s, Objective *o, const Batch *batch,
                                const ActivationWatch *watch, Error *err) {
  Activation a = {0};
  char *path = path_join(s->run.output, "activation.safetensors");
  if (!path) return no_memory(s->run.output, err);
  Status status = activation_collect(&a, o->model, o->lora, batch, (int)s->run.threads, watch, err);
  if (status == STATUS_OK) status = objective_check_frozen(o, err);
  if (status == STATUS_OK) status = dir_make(s->run.output, err);
  if (status == STATUS_OK) status = write_file(&a, o, batch->examples, path, err);
  activation_free(&a);
  free(path);
  return status;
}

Status activation_run(const ActivationSettings *s, const ActivationWatch *watch, int64_t *used,
                      Error *err) {
  Objective o = {0};
  ExampleSet *train = NULL, *valid = NULL;
  Batch batch = {0};
  Status status = objective_open(&o, &s->run, s->run.output, false, err);
  if (status == STATUS_OK) status = objective_open_data(&o, &train, &valid, err);
  if (status == STATUS_OK) status = make_batch(&batch, s, &o, train, err);
  if (status == STATUS_OK) status = collect_and_write(s, &o, &batch, watch, err);
  *used = batch.examples;
  batch_free(&batch);
  examples_close(train);
  objective_close(&o);
  return status;
}
