/* Every allocation may fail: the first, the second, ... of what is opened, read, written and run.
 * Each time that is a failure which says so; nothing crashes, and under the sanitizers or valgrind
 * nothing leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/examples/batch.h"
#include "data/file/file.h"
#include "infer/embed/embed.h"
#include "infer/merge/merge.h"
#include "infer/pool/pool_expert.h"
#include "tests/no_memory.h"
#include "tests/scratch.h"
#include "tests/settings.h"
#include "tests/tiny.h"
#include "tests/tiny_pool.h"

/* A model, and files of it in a temporary directory. */
typedef struct World {
  void *scratch;
  T5 *model;
  char pool[PATH_MAX], base[PATH_MAX], adapter[PATH_MAX], ia3[PATH_MAX], gate[PATH_MAX],
      embeddings[PATH_MAX], vectors[PATH_MAX], out[PATH_MAX], out_file[PATH_MAX];
  Hex sample, fingerprint;
  Lora *lora; /* of the expert whose gate is `gate` */
  AdapterSet adapters;
  TinyBatch batch;
} World;

static const TinyExpert EXPERTS[] = {
    {"sort", "q,v", 2, 1, DTYPE_F32, true, NULL},
    {"count", "all-linear", 3, 2, DTYPE_BF16, false, NULL},
    {"rescale", "k,v,wo", 0, 3, DTYPE_F32, false, "wo"},
};

static void put_path(World *w, char path[PATH_MAX], const char *name) {
  strcpy(path, scratch_path(w->scratch, name));
}

/* The adapter of `sort` again, with patterns in its configuration. */
static void write_adapter(World *w) {
  static const char CONFIG[] =
      "{\"peft_type\": \"LORA\", \"r\": 3, \"lora_alpha\": 6, \"bias\": \"none\", "
      "\"target_modules\": \".*\\\\.(q|v)\", \"rank_pattern\": {\"(q|v)\": 2, \"wi\": 5}, "
      "\"alpha_pattern\": {\"[qv]\": 6}, \"base_model_name_or_path\": \"tiny\"}";
  Error err = {0};
  Lora *lora = tiny_lora(w->model, "q,v", 2, 1);
  put_path(w, w->adapter, "adapter");
  expect_ok("adapter", lora_save(lora, &w->model->modules, w->adapter, "tiny", DTYPE_F32, &err),
            &err);
  scratch_write(w->scratch, "adapter/adapter_config.json", CONFIG, strlen(CONFIG));
  lora_close(lora);
}

static void write_embeddings(World *w) {
  static const char JSON[] =
      "{\"__metadata__\": {\"embedder\": \"e\"}, \"a\": [1, 2], \"b\": [3, 4]}";
  Error err = {0};
  Embeddings e;
  put_path(w, w->embeddings, "e.safetensors");
  expect_ok("new", embeddings_new(&e, "e", 2, 3, &err), &err);
  e.name[0] = strdup("a");
  e.name[1] = strdup("b");
  assert_non_null(e.text = calloc(2, sizeof *e.text));
  expect_ok("write", embeddings_write(&e, w->embeddings, &err), &err);
  embeddings_free(&e);
  strcpy(w->vectors, scratch_write(w->scratch, "e.json", JSON, strlen(JSON)));
}

static int world_setup(void **state) {
  World *w = calloc(1, sizeof *w);
  Error err = {0};
  assert_non_null(w);
  assert_int_equal(scratch_setup(&w->scratch), 0);
  w->model = tiny_model(true, false);
  put_path(w, w->pool, "pool");
  tiny_pool(w->pool, w->model, EXPERTS, 3);
  put_path(w, w->base, "base");
  expect_ok("dir", dir_make(w->base, &err), &err);
  expect_ok("base", t5_save(w->model, w->base, DTYPE_BF16, &err), &err);
  put_path(w, w->gate, "pool/experts/sort/gate.safetensors");
  put_path(w, w->out, "out");
  expect_ok("out", dir_make(w->out, &err), &err);
  put_path(w, w->out_file, "out/file.safetensors");
  put_path(w, w->adapter, "pool/experts/sort");
  put_path(w, w->ia3, "pool/experts/rescale");
  expect_ok("lora", lora_open(&w->lora, w->adapter, &w->model->modules, &err), &err);
  expect_ok("slots", lora_adapters(w->lora, &w->adapters, &err), &err);
  w->sample = tiny_sample(w->model);
  w->fingerprint = tiny_fingerprint(w->model);
  w->batch = tiny_batch(&w->model->config, 3);
  write_adapter(w);
  write_embeddings(w);
  *state = w;
  return 0;
}

static int world_teardown(void **state) {
  World *w = *state;
  int failed = scratch_teardown(&w->scratch);
  free(w->adapters.slot);
  lora_close(w->lora);
  t5_close(w->model);
  free(w);
  return failed;
}

/* Experts. */

static Status open_expert(const World *w, const char *dir, Error *err) {
  Expert expert;
  AdapterSet set;
  TRY(expert_open(&expert, dir, &w->model->modules, err));
  Status status = expert_adapters(&expert, &set, err);
  if (status == STATUS_OK) free(set.slot);
  expert_close(&expert);
  return status;
}

static Status open_adapters(void *arg, Error *err) {
  const World *w = arg;
  TRY(open_expert(w, w->adapter, err));
  return open_expert(w, w->ia3, err);
}

static Status save_adapter(void *arg, Error *err) {
  const World *w = arg;
  Lora *lora;
  TRY(lora_new(&lora, &w->model->modules, 2, 4, "q,wo", 5, err));
  Status status = lora_save(lora, &w->model->modules, w->out, "tiny", DTYPE_F16, err);
  lora_close(lora);
  return status;
}

static Status save_ia3(void *arg, Error *err) {
  const World *w = arg;
  Ia3 *ia3;
  TRY(ia3_new(&ia3, &w->model->modules, "k,wo", "wo", err));
  Status status = ia3_save(ia3, &w->model->modules, w->out, "tiny", DTYPE_BF16, err);
  ia3_close(ia3);
  return status;
}

static Status use_gate(void *arg, Error *err) {
  World *w = arg;
  Gate *gate;
  GateInfo info;
  AdapterSet set;
  TRY(gate_open(&gate, w->gate, &(Expert){.lora = w->lora}, &w->model->modules, w->fingerprint.hex,
                &info, err));
  Status status = gate_adapters(gate, &(Expert){.lora = w->lora}, &set, err);
  if (status == STATUS_OK) free(set.slot);
  if (status == STATUS_OK) status = gate_save(gate, &w->model->modules, w->out_file, &info, err);
  gate_close(gate);
  return status;
}

static void experts_are_opened_and_saved(void **state) {
  fail_each_allocation("adapters opened", open_adapters, *state, 40, 0);
  fail_each_allocation("adapter saved", save_adapter, *state, 20, 0);
  fail_each_allocation("(IA)3 saved", save_ia3, *state, 20, 0);
  fail_each_allocation("gate", use_gate, *state, 20, 0);
}

/* Pools. */

static Status rewrite_manifest(void *arg, Error *err) {
  const World *w = arg;
  PoolManifest m;
  TRY(manifest_read(&m, w->pool, err));
  Status status = manifest_write(&m, err);
  manifest_free(&m);
  return status;
}

/* Every factor and vector of a pool. */
static Status read_pool(Pool *pool, float *room, Error *err) {
  for (int e = 0; e < pool_count(pool); e++) {
    for (int i = 0; i < pool_modules(pool)->count; i++) {
      Adapter adapter;
      bool has;
      TRY(pool_adapter(pool, e, i, &adapter, err));
      TRY(pool_vector(pool, VECTOR_GATE, e, i, room, &has, err));
    }
  }
  return STATUS_OK;
}

static Status use_pool(void *arg, Error *err) {
  const World *w = arg;
  Pool *pool;
  Merged merged;
  MergeSettings mean = merge_mean();
  float room[256];
  TRY(pool_open(&pool, w->pool, &w->model->modules, w->sample.hex, "sort,count,rescale", err));
  Status status = read_pool(pool, room, err);
  if (status == STATUS_OK) status = merge_pool(&merged, pool, &mean, err);
  if (status == STATUS_OK) merged_free(&merged);
  pool_close(pool);
  return status;
}

static void pools_are_opened_and_read(void **state) {
  fail_each_allocation("manifest", rewrite_manifest, *state, 20, 0);
  fail_each_allocation("pool", use_pool, *state, 100, 0);
}

/* Embeddings. */

static Status use_embeddings(void *arg, Error *err) {
  const World *w = arg;
  Embeddings e;
  TRY(embeddings_read(&e, w->embeddings, err));
  Status status = embeddings_write(&e, w->out_file, err);
  embeddings_free(&e);
  return status;
}

static Status import_vectors(void *arg, Error *err) {
  const World *w = arg;
  Embeddings e;
  TRY(embeddings_import(&e, w->vectors, NULL, err));
  embeddings_free(&e);
  return STATUS_OK;
}

static Status use_embedder(const EmbedderSpec *spec, const char *key, Error *err) {
  Embedder *e;
  float vector[2048];
  TRY(embedder_open(&e, spec, err));
  Status status = embedder_embed(e, key, "put the words into order", vector, err);
  embedder_close(e);
  return status;
}

static Status embed_lexically(void *arg, Error *err) {
  (void)arg;
  static const char *const corpus[] = {"sort the words", "count the words"};
  EmbedderSpec spec = {.kind = EMBEDDER_LEXICAL, .corpus = corpus, .corpus_count = 2};
  return use_embedder(&spec, NULL, err);
}

static Status embed_from_file(void *arg, Error *err) {
  const World *w = arg;
  EmbedderSpec spec = {.kind = EMBEDDER_PRECOMPUTED, .file = w->vectors};
  return use_embedder(&spec, "a", err);
}

static void embeddings_are_read_and_made(void **state) {
  fail_each_allocation("embeddings", use_embeddings, *state, 10, 0);
  fail_each_allocation("vectors", import_vectors, *state, 5, 0);
  fail_each_allocation("lexical", embed_lexically, *state, 5, 0);
  fail_each_allocation("precomputed", embed_from_file, *state, 5, 0);
}

/* Options. */

static Status write_options(const OptionSet *o, Error *err) {
  char *record = options_record(o), *lines = options_lines(o, NULL, 0);
  Status status = record && lines ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory");
  free(record);
  free(lines);
  return status;
}

static Status use_options(void *arg, Error *err) {
  (void)arg;
  static const char TEXT[] =
      "data: {train: x.jsonl, task: 'a task'}\ntrain: {steps: 7, schedule: cosine}\n"
      "experts: [one, two, three]\n";
  Settings settings;
  OptionSet o;
  TRY(options_init(&o, SETTINGS, SETTINGS_COUNT, &settings, err));
  Status status = options_read_text(&o, TEXT, strlen(TEXT), "run.yaml", err);
  if (status == STATUS_OK) status = options_assign(&o, "seed=3", err);
  if (status == STATUS_OK) status = write_options(&o, err);
  options_free(&o);
  return status;
}

static void options_are_read_and_written(void **state) {
  fail_each_allocation("options", use_options, *state, 10, 0);
}

/* Models. */

static Status use_checkpoint(void *arg, Error *err) {
  const World *w = arg;
  T5 *model;
  TRY(t5_open(&model, w->base, err));
  Status status = t5_save(model, w->out, DTYPE_F32, err);
  t5_close(model);
  return status;
}

/* A forward with its loss; with a tape the backward, too. */
static Status run_model(const World *w, Tape *tape, int threads, Error *err) {
  float nll[TINY_TOKENS];
  T5Run run = {w->model, &w->adapters, tape != NULL};
  Arena *arena = arena_new();
  if (!arena) return error_set(err, STATUS_RUN, "out of memory: an arena");
  Context c = context_make(arena, tape, threads, err);
  TinyBatch b = w->batch;
  MicroBatch micro = tiny_micro(&b);
  Tensor *loss = t5_loss(&c, &run, &micro, 1, nll);
  if (loss && tape) {
    tape_seed(&c, loss, 1);
    tape_backward(&c, 0);
  }
  arena_free(arena);
  return err->status;
}

static Status run_forward(void *arg, Error *err) {
  return run_model(arg, NULL, 2, err);
}

static Status run_backward(void *arg, Error *err) {
  Tape *tape = tape_new();
  if (!tape) return error_set(err, STATUS_RUN, "out of memory: a tape");
  Status status = run_model(arg, tape, 1, err);
  tape_free(tape);
  return status;
}

static void models_are_opened_and_run(void **state) {
  fail_each_allocation("checkpoint", use_checkpoint, *state, 50, 0);
  fail_each_allocation("forward", run_forward, *state, 1, 0);
  /* Without the list of spare gradients they are not used again. */
  fail_each_allocation("backward", run_backward, *state, 2, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(experts_are_opened_and_saved),
      cmocka_unit_test(pools_are_opened_and_read),
      cmocka_unit_test(embeddings_are_read_and_made),
      cmocka_unit_test(options_are_read_and_written),
      cmocka_unit_test(models_are_opened_and_run),
  };
  return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
