#include "train/activation.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static Status no_memory(Error *err) {
  return error_set(err, STATUS_RUN, "out of memory: the activations of an expert");
}

/* ---- sums ---- */

typedef struct Collector {
  Activation *sums;
  double *row; /* [largest d_in] of one example */
} Collector;

static void add_example(ModuleActivation *m, double *sum, const float *x, int64_t rows) {
  int64_t d = m->d_in;
  for (int64_t k = 0; k < d; k++) sum[k] = 0;
  for (int64_t t = 0; t < rows; t++, x += d) {
    for (int64_t k = 0; k < d; k++) {
      sum[k] += (double)x[k];
      m->absolute[k] += fabs((double)x[k]);
    }
  }
  for (int64_t k = 0; k < d; k++) m->mean[k] += sum[k] / (double)rows;
  m->tokens += rows;
  m->examples++;
}

/* An AdapterAdd that adds nothing and looks at x. */
static void add_inputs(Context *c, void *arg, const Module *module, const Rows *rows,
                       const Tensor *x, Tensor *z, Tensor *y) {
  (void)c;
  (void)y, (void)z;
  Collector *collector = arg;
  ModuleActivation *m = &collector->sums->module[module->id];
  if (!m->mean) return;
  assert(x->cols == m->d_in);
  for (int64_t s = 0; s < rows->sequence.count; s++) {
    int64_t begin = rows->sequence.offset[s];
    add_example(m, collector->row, x->data + begin * x->cols, ragged_length(rows->sequence, s));
  }
}

static Status make_sums(Activation *a, Collector *collector, const Modules *modules,
                        const Expert *expert, Error *err) {
  int64_t largest = 1;
  *a = (Activation){calloc((size_t)modules->count, sizeof *a->module), modules->count};
  if (!a->module) return no_memory(err);
  for (int i = 0; i < a->count; i++) {
    ModuleActivation *m = &a->module[i];
    if (!expert_covers(expert, i)) continue;
    m->d_in = modules->module[i].d_in;
    m->mean = calloc((size_t)m->d_in, sizeof *m->mean);
    m->absolute = calloc((size_t)m->d_in, sizeof *m->absolute);
    if (!m->mean || !m->absolute) return no_memory(err);
    if (m->d_in > largest) largest = m->d_in;
  }
  *collector = (Collector){a, calloc((size_t)largest, sizeof *collector->row)};
  return collector->row ? STATUS_OK : no_memory(err);
}

static void take_means(Activation *a) {
  for (int i = 0; i < a->count; i++) {
    ModuleActivation *m = &a->module[i];
    for (int64_t k = 0; k < m->d_in; k++) {
      m->mean[k] /= (double)m->examples;
      m->absolute[k] /= (double)m->tokens;
    }
  }
}

void activation_free(Activation *a) {
  for (int i = 0; i < a->count; i++) {
    free(a->module[i].mean);
    free(a->module[i].absolute);
  }
  free(a->module);
  *a = (Activation){0};
}

/* ---- forwards ---- */

static Status forward_micro(Context *c, const T5Run *run, const MicroBatch *m) {
  ArenaMark mark = arena_mark(c->arena);
  Tensor *encoded = t5_encode(c, run, m->input_ids, m->input);
  t5_decode(c, run, encoded, m->input, m->decoder_ids, (Rows){m->target, NULL});
  arena_release(c->arena, mark);
  return c->error->status;
}

static Status forward_batch(const T5Run *run, const Batch *batch, int threads,
                            const ActivationWatch *watch, Error *err) {
  Arena *arena = arena_new();
  if (!arena) return no_memory(err);
  Context c = context_make(arena, NULL, threads, err);
  Status status = STATUS_OK;
  int64_t seen = 0;
  for (int64_t i = 0; i < batch->count && status == STATUS_OK; i++) {
    status = forward_micro(&c, run, &batch->micro[i]);
    seen += batch->micro[i].input.count;
    if (status == STATUS_OK && watch && watch->seen) watch->seen(watch->arg, seen, batch->examples);
  }
  arena_free(arena);
  return status;
}

Status activation_collect(Activation *a, T5 *model, const Expert *expert, const Batch *batch,
                          int threads, const ActivationWatch *watch, Error *err) {
  Collector collector = {0};
  AdapterSet adapters = {0};
  T5Run run = {model, &adapters, false};
  Status status = make_sums(a, &collector, &model->modules, expert, err);
  if (status == STATUS_OK) status = expert_adapters(expert, &adapters, err);
  adapters.add = add_inputs;
  adapters.arg = &collector;
  if (status == STATUS_OK) status = forward_batch(&run, batch, threads, watch, err);
  free(adapters.slot);
  free(collector.row);
  if (status == STATUS_OK) {
    take_means(a);
  } else {
    activation_free(a);
  }
  return status;
}
