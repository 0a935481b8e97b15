#include "tools/bench/bench_train.h"

#include <stdio.h>
#include <stdlib.h>

#include "autograd/ground/order.h"
#include "autograd/ground/rng.h"
#include "data/file/file.h"
#include "data/file/temporary.h"
#include "infer/expert/gate.h"
#include "optim/adamw.h"
#include "tools/shell/machine.h"
#include "train/step.h"

/* Input and target tokens of 64 P3 prompts, evenly spread over 44,001 rows of 34 sets ordered by
 * length, at 4.2 characters a token, EOS included, cut at 512. */
static const int16_t LENGTHS[][2] = {
    {65, 2},    {43, 4},  {460, 2},  {24, 1},  {58, 13}, {28, 2},   {512, 4}, {512, 2},
    {21, 1},    {106, 2}, {39, 1},   {35, 2},  {86, 2},  {76, 6},   {73, 39}, {37, 2},
    {226, 2},   {56, 10}, {512, 38}, {41, 1},  {275, 2}, {173, 6},  {50, 2},  {163, 1},
    {509, 10},  {512, 1}, {99, 14},  {68, 1},  {328, 2}, {211, 12}, {63, 1},  {241, 1},
    {197, 2},   {114, 1}, {122, 17}, {257, 2}, {61, 1},  {512, 5},  {141, 9}, {48, 1},
    {512, 324}, {492, 6}, {13, 9},   {152, 4}, {79, 5},  {361, 3},  {17, 4},  {500, 10},
    {31, 1},    {46, 1},  {71, 1},   {184, 1}, {90, 1},  {82, 19},  {512, 3}, {94, 5},
    {33, 1},    {52, 2},  {26, 3},   {296, 1}, {421, 2}, {497, 36}, {131, 4}, {54, 11},
};
enum { LENGTH_COUNT = sizeof LENGTHS / sizeof *LENGTHS };

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the benchmark");
}

/* ---- one micro-batch of random ids ---- */

static void fill_offsets(int64_t *input, int64_t *target, int64_t count) {
  input[0] = target[0] = 0;
  for (int64_t i = 0; i < count; i++) {
    input[i + 1] = input[i] + LENGTHS[i % LENGTH_COUNT][0];
    target[i + 1] = target[i] + LENGTHS[i % LENGTH_COUNT][1];
  }
}

static int64_t count_that_fit(int64_t max_tokens) {
  int64_t count = 0, tokens = 0;
  for (;; count++) {
    tokens += LENGTHS[count % LENGTH_COUNT][0] + LENGTHS[count % LENGTH_COUNT][1];
    if (tokens > max_tokens) return count > 0 ? count : 1;
  }
}

static int32_t *random_ids(Rng *rng, int64_t n, int64_t vocabulary) {
  int32_t *ids = malloc((size_t)(n + 1) * sizeof *ids);
  for (int64_t i = 0; ids && i < n; i++) ids[i] = (int32_t)rng_below(rng, (uint64_t)vocabulary);
  return ids;
}

static Status random_batch(Batch *b, int64_t max_tokens, int64_t vocabulary, Error *err) {
  int64_t count = count_that_fit(max_tokens);
  int64_t *input = malloc((size_t)(count + 1) * sizeof *input);
  int64_t *target = malloc((size_t)(count + 1) * sizeof *target);
  MicroBatch *m = b->micro = calloc(1, sizeof *m);
  if (!input || !target || !m) {
    free(input);
    free(target);
    return no_memory(err);
  }
  fill_offsets(input, target, count);
  Rng rng = {rng_key(7, 0, 0, 0), 0};
  *m = (MicroBatch){.input = {count, input}, .target = {count, target}};
  m->input_ids = random_ids(&rng, input[count], vocabulary);
  m->decoder_ids = random_ids(&rng, target[count], vocabulary);
  m->target_ids = random_ids(&rng, target[count], vocabulary);
  b->count = 1;
  b->examples = count;
  b->input_tokens = input[count];
  b->target_tokens = target[count];
  return m->input_ids && m->decoder_ids && m->target_ids ? STATUS_OK : no_memory(err);
}

/* ---- gates to learn, on random weights ---- */

/* What is measured: the gates of a random expert of a random base. */
typedef struct GateWork {
  T5 *model;
  Lora *lora;
  Gate *gate;
  AdapterSet adapters;
  Param *param; /* [params] */
  int64_t params;
} GateWork;

static void close_work(GateWork *w) {
  if (w->param) params_free(w->param, w->params);
  free(w->param);
  free(w->adapters.slot);
  gate_close(w->gate);
  lora_close(w->lora);
  t5_close(w->model);
}

static Status random_expert(GateWork *w, const BenchSpec *spec, Error *err) {
  TRY(lora_new(&w->lora, &w->model->modules, (int)spec->rank, 1, "all-linear", 1, err));
  for (int i = 0; i < w->lora->count; i++) {
    LoraFactor *f = &w->lora->factor[i];
    Rng rng = {rng_key(2, (uint64_t)i, 0, 0), 0};
    for (int64_t k = 0; k < tensor_count(&f->b); k++) f->b.data[k] = 0.01f * rng_normal(&rng);
    f->a.needs_grad = f->b.needs_grad = false;
  }
  TRY(gate_new(&w->gate, &(Expert){.lora = w->lora}, &w->model->modules, err));
  return gate_adapters(w->gate, &(Expert){.lora = w->lora}, &w->adapters, err);
}

static Status collect_gates(GateWork *w, Error *err) {
  w->param = calloc((size_t)w->model->modules.count, sizeof *w->param);
  if (!w->param) return no_memory(err);
  for (int i = 0; i < w->model->modules.count; i++) {
    w->param[w->params++] =
        (Param){.name = w->model->modules.module[i].name, .tensor = &w->gate->vector[i]};
  }
  return params_init(w->param, w->params, err);
}

/* Random weights through a file, so that the base is mapped and stored as a user's is. */
static Status random_base(T5 **model, const BenchSpec *spec, Error *err) {
  char *dir;
  T5Config config;
  T5 *made = NULL;
  if (!t5_config_named(&config, spec->shape)) {
    return error_set(err, STATUS_USAGE, "--shape: unknown shape '%s'; known: %s", spec->shape,
                     t5_config_names());
  }
  TRY(temporary_dir(&dir, "a random base", err));
  Status status = t5_random(&made, &config, 1, false, err);
  if (status == STATUS_OK) status = t5_save(made, dir, spec->dtype, err);
  t5_close(made);
  if (status == STATUS_OK) status = t5_open(model, dir, err);
  dir_remove(dir, NULL); /* the mapping stays */
  free(dir);
  return status;
}

/* What the mathematics needs: forward; the same again for the gradients of activations, but for q,
 * k, v of the first blocks, whose inputs need none; and four products with A and B a linear. */
static double needed_flops(const GateWork *w, const Batch *b) {
  const T5Config *c = &w->model->config;
  double in = (double)b->input_tokens, out = (double)b->target_tokens, n = (double)b->examples;
  double flops = 2 * t5_forward_flops(c, b->input_tokens, b->target_tokens, in / n, out / n);
  flops -= 2 * 3 * (double)c->d_model * (double)t5_inner(c) * (in + out);
  for (int i = 0; i < w->model->modules.count; i++) {
    const Module *m = &w->model->modules.module[i];
    double rank = (double)w->lora->factor[i].a.rows;
    flops += 4 * rank * (double)(m->d_out + m->d_in) * (m->side == SIDE_PROMPT ? in : out);
  }
  return flops;
}

static Status time_steps(const BenchSpec *spec, const GateWork *w, const Batch *batch,
                         double *median, Error *err) {
  Stepper stepper;
  StepResult result;
  AdamW rule = adamw_defaults();
  Learner learner = {w->model, &w->adapters, w->param, w->params, adamw_optimizer(&rule), 1};
  double *seconds = calloc((size_t)spec->steps, sizeof *seconds);
  if (!seconds) return no_memory(err);
  Status status = stepper_init(&stepper, (int)spec->threads, spec->recompute, spec->precision, err);
  for (int64_t i = -1; status == STATUS_OK && i < spec->steps; i++) {
    double start = machine_seconds();
    status = step_train(&stepper, &learner, batch, i + 2, 5e-3f, &result, err);
    if (i >= 0) seconds[i] = machine_seconds() - start;
  }
  qsort(seconds, (size_t)spec->steps, sizeof *seconds, order_double);
  *median = (seconds[(spec->steps - 1) / 2] + seconds[spec->steps / 2]) / 2;
  free(seconds);
  stepper_free(&stepper);
  return status;
}

static Status measure_steps(const BenchSpec *spec, GateWork *w, Batch *batch, BenchResult *r,
                            Error *err) {
  TRY(random_base(&w->model, spec, err));
  TRY(random_expert(w, spec, err));
  TRY(collect_gates(w, err));
  TRY(random_batch(batch, spec->max_tokens, w->model->config.vocab_size, err));
  double before = machine_fma_rate((int)spec->threads);
  machine_reset_peak();
  TRY(time_steps(spec, w, batch, &r->step_seconds, err));
  r->peak_bytes = machine_peak_resident();
  r->fma_rate = (before + machine_fma_rate((int)spec->threads)) / 2;
  r->input_tokens = batch->input_tokens;
  r->target_tokens = batch->target_tokens;
  r->flops = needed_flops(w, batch);
  for (int i = 0; i < w->model->tensors; i++) {
    const Tensor *t = w->model->tensor[i].tensor;
    r->weight_bytes += (double)tensor_count(t) * (double)dtype_size(t->dtype);
  }
  return STATUS_OK;
}

Status bench_train(const BenchSpec *spec, BenchResult *result, Error *err) {
  GateWork work = {0};
  Batch batch = {0};
  *result = (BenchResult){0};
  Status status = measure_steps(spec, &work, &batch, result, err);
  batch_free(&batch);
  close_work(&work);
  return status;
}
