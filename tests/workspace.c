#include "tests/workspace.h"

#include "autograd/product/blas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"

const char *workspace_path(const Workspace *w, const char *name) {
  enum { BUFFERS = 8 };
  static char buffer[BUFFERS][256];
  static int next;
  char *path = buffer[next++ % BUFFERS];
  snprintf(path, sizeof buffer[0], "%s/%s", w->dir, name);
  return path;
}

void workspace_write(const Workspace *w, const char *name, const char *text) {
  Error err = {0};
  if (file_write(workspace_path(w, name), text, strlen(text), &err) != STATUS_OK)
    fail_msg("%s", err.text);
}

bool workspace_same(const Workspace *w, const char *a, const char *b) {
  Error err = {0};
  char first[HASH_HEX], second[HASH_HEX];
  hash_file(workspace_path(w, a), first, &err);
  hash_file(workspace_path(w, b), second, &err);
  if (err.status != STATUS_OK) fail_msg("%s", err.text);
  return strcmp(first, second) == 0;
}

/* Sentences of a few words, so that a tokenizer can be trained on them and lengths differ. */
static const char *const WORD[] = {"red",   "stone", "river", "seven",  "small", "bird", "sings",
                                   "under", "the",   "old",   "bridge", "and",   "wind", "turns"};
enum { WORDS = sizeof WORD / sizeof *WORD };

/* With choices: three words each, of which the target is one. */
static void write_choices(const Workspace *w, const char *name, int count, uint64_t seed) {
  FILE *f = fopen(workspace_path(w, name), "w");
  assert_non_null(f);
  Rng rng = {rng_key(seed, 0, 0, 0), 0};
  for (int i = 0; i < count; i++) {
    uint64_t first = rng_below(&rng, WORDS), label = rng_below(&rng, 3);
    fprintf(f, "{\"input\": \"which is it: %s\", \"label\": %d, \"choices\": [", WORD[first],
            (int)label);
    for (uint64_t k = 0; k < 3; k++)
      fprintf(f, "%s\"%s\"", k ? ", " : "", WORD[(first + 5 * (k + 3 - label)) % WORDS]);
    fprintf(f, "]}\n");
  }
  assert_int_equal(fclose(f), 0);
}

static void write_examples(const Workspace *w, const char *name, int count, uint64_t seed) {
  FILE *f = fopen(workspace_path(w, name), "w");
  assert_non_null(f);
  Rng rng = {rng_key(seed, 0, 0, 0), 0};
  for (int i = 0; i < count; i++) {
    fprintf(f, "{\"input\": \"say it back:");
    int words = 1 + (int)rng_below(&rng, 12);
    for (int k = 0; k < words; k++) fprintf(f, " %s", WORD[rng_below(&rng, WORDS)]);
    fprintf(f, "\", \"target\": \"%s %s\"}\n", WORD[rng_below(&rng, WORDS)],
            WORD[rng_below(&rng, WORDS)]);
  }
  assert_int_equal(fclose(f), 0);
}

static void write_base(const Workspace *w, Error *err) {
  T5Config config;
  T5 *model = NULL;
  assert_true(t5_config_named(&config, "demo"));
  config.d_model = 16;
  config.d_kv = 6;
  config.heads = 2;
  config.d_ff = 24;
  config.encoder_layers = 2;
  config.decoder_layers = 1;
  config.vocab_size = 192;
  const char *dir = workspace_path(w, "base");
  ExampleKeys keys = {.input = "input", .target = "target"};
  dir_make(dir, err);
  const SourceFile file = {workspace_path(w, "train.jsonl"), 0};
  examples_train_tokenizer(&(ExampleSource){&file, 1, 0}, &keys, 40, "pieces",
                           workspace_path(w, "base/spiece.model"), err);
  t5_random(&model, &config, 3, false, err);
  if (err->status == STATUS_OK) t5_save(model, dir, DTYPE_F32, err);
  t5_close(model);
}

/* PEFT's B = 0 would make the gates' gradients zero. */
static void write_expert(const Workspace *w, Error *err) {
  T5 *model = NULL;
  Lora *lora = NULL;
  t5_open(&model, workspace_path(w, "base"), err);
  if (err->status == STATUS_OK) lora_new(&lora, &model->modules, 2, 4, "all-linear", 5, err);
  for (int i = 0; lora && i < lora->count; i++) {
    Rng rng = {rng_key(6, (uint64_t)i, 0, 0), 0};
    Tensor *a = &lora->factor[i].a, *b = &lora->factor[i].b;
    for (int64_t k = 0; k < tensor_count(a); k++) a->data[k] = 0.3f * rng_normal(&rng);
    for (int64_t k = 0; k < tensor_count(b); k++) b->data[k] = 0.3f * rng_normal(&rng);
  }
  dir_make(workspace_path(w, "expert"), err);
  if (lora) lora_save(lora, &model->modules, workspace_path(w, "expert"), "base", DTYPE_F32, err);
  lora_close(lora);
  t5_close(model);
}

void workspace_make(Workspace *w) {
  Error err = {0};
  snprintf(w->dir, sizeof w->dir, "/tmp/skein-test-XXXXXX");
  assert_non_null(mkdtemp(w->dir));
  write_examples(w, "train.jsonl", 50, 1);
  write_examples(w, "valid.jsonl", 9, 2);
  write_choices(w, "train-choices.jsonl", 50, 1);
  write_choices(w, "valid-choices.jsonl", 9, 2);
  write_base(w, &err);
  write_expert(w, &err);
  if (err.status != STATUS_OK) fail_msg("%s", err.text);
}

void workspace_remove(Workspace *w) {
  dir_remove(w->dir, NULL);
}

Workspace space;

int make_space(void **state) {
  (void)state;
  blas_init();
  workspace_make(&space);
  return 0;
}

int remove_space(void **state) {
  (void)state;
  workspace_remove(&space);
  return 0;
}

static Status assign_path(OptionSet *set, const Workspace *w, const char *key, const char *name,
                          Error *err) {
  char text[400];
  snprintf(text, sizeof text, "%s=%s", key, workspace_path(w, name));
  return options_assign(set, text, err);
}

static Status assign_defaults(OptionSet *set, const Workspace *w, const ObjectiveKind *kind,
                              const char *output, Error *err) {
  static const char *const COMMON[] = {"train.steps=12", "train.batch_size=8", "train.eval_every=4",
                                       "train.max_tokens=64", "train.save_every=3"};
  for (size_t i = 0; i < sizeof COMMON / sizeof *COMMON; i++)
    TRY(options_assign(set, COMMON[i], err));
  bool choices = kind == &objective_ia3;
  TRY(assign_path(set, w, "data.train", choices ? "train-choices.jsonl" : "train.jsonl", err));
  TRY(assign_path(set, w, "data.valid", choices ? "valid-choices.jsonl" : "valid.jsonl", err));
  TRY(assign_path(set, w, "output", output, err));
  if (kind == &objective_gate) TRY(assign_path(set, w, "expert", "expert", err));
  if (kind != &objective_base) return assign_path(set, w, "base", "base", err);
  static const char *const BASE[] = {"model.d_model=16", "model.d_ff=24", "model.pieces=40",
                                     "model.encoder_layers=1", "model.decoder_layers=1"};
  for (size_t i = 0; i < sizeof BASE / sizeof *BASE; i++) TRY(options_assign(set, BASE[i], err));
  return STATUS_OK;
}

Status workspace_settings(const Workspace *w, const ObjectiveKind *kind, const char *output,
                          const char *const *assignments, OptionSet *set, RunSettings *settings,
                          Error *err) {
  TRY(settings_init(set, settings, kind, err));
  TRY(assign_defaults(set, w, kind, output, err));
  for (; assignments && *assignments; assignments++) TRY(options_assign(set, *assignments, err));
  return settings_finish(set, "test", err);
}

Status workspace_train(const Workspace *w, const ObjectiveKind *kind, const char *output,
                       bool resume, const char *const *assignments, const TrainWatch *watch,
                       TrainOutcome *outcome, Error *err) {
  OptionSet set = {0};
  RunSettings settings;
  TrainOutcome ignored = {0};
  Status status = workspace_settings(w, kind, output, assignments, &set, &settings, err);
  if (status == STATUS_OK)
    status = train_run(&set, &(TrainRequest){.resume = resume}, watch, outcome ? outcome : &ignored,
                       err);
  train_outcome_free(&ignored);
  options_free(&set);
  return status;
}
