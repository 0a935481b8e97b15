#include "infer/t5/t5_layout.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the walk is. After a failure to allocate, `failed` is set and nothing more is added. */
typedef struct Walk {
  T5 *model;
  const char *stack; /* "encoder", "decoder" */
  int block, layer;
  const char *module; /* "SelfAttention", "EncDecAttention", "DenseReluDense" */
  bool failed;
} Walk;

/* A new string, or NULL when out of memory. */
static char *name_make(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *name_make(const char *format, ...) {
  char *name;
  va_list args;
  va_start(args, format);
  int length = vasprintf(&name, format, args);
  va_end(args);
  return length < 0 ? NULL : name;
}

/* Takes over `name`. */
static void add_tensor(Walk *w, char *name, Tensor *t, int64_t rows, int64_t cols, double std) {
  w->failed = w->failed || !name;
  if (w->failed) {
    free(name);
    return;
  }
  *t = (Tensor){.rows = rows, .cols = cols};
  bool vector = std == 0;
  w->model->tensor[w->model->tensors++] = (T5Tensor){name, t, vector, (float)std};
}

/* "encoder.block.0.layer.0.layer_norm.weight" */
static void add_norm(Walk *w, Tensor *t) {
  char *name = name_make("%s.block.%d.layer.%d.layer_norm.weight", w->stack, w->block, w->layer);
  add_tensor(w, name, t, 1, w->model->config.d_model, 0);
}

/* The encoder reads the prompt, and so do the keys and values of cross-attention. */
static ModuleSide side_of(const Walk *w, const char *part) {
  bool crosses = strcmp(w->module, "EncDecAttention") == 0;
  if (crosses && (strcmp(part, "k") == 0 || strcmp(part, "v") == 0)) return SIDE_PROMPT;
  return strcmp(w->stack, "encoder") == 0 ? SIDE_PROMPT : SIDE_CONTINUATION;
}

/* "encoder.block.0.layer.0.SelfAttention.q" and its weight */
static Linear *add_linear(Walk *w, const char *part, int64_t d_out, int64_t d_in, double std) {
  char *name =
      name_make("%s.block.%d.layer.%d.%s.%s", w->stack, w->block, w->layer, w->module, part);
  w->failed = w->failed || !name;
  if (w->failed) {
    free(name);
    return NULL;
  }
  Modules *modules = &w->model->modules;
  int id = modules->count++;
  Module *module = &modules->module[id];
  *module = (Module){name, t5_group_index(name), d_in, d_out, side_of(w, part), id};
  Linear *linear = &w->model->linear[id];
  linear->module = module;
  add_tensor(w, name_make("%s.weight", name), &linear->weight, d_out, d_in, std);
  return linear;
}

/* `bias`: the relative-position table of the stack, which only block 0 stores, or NULL. */
static void add_attention(Walk *w, T5Attention *a, const char *module, Tensor *bias) {
  const T5Config *c = &w->model->config;
  int64_t d = c->d_model, inner = t5_inner(c);
  w->module = module;
  add_norm(w, &a->norm);
  a->q = add_linear(w, "q", inner, d, pow((double)(d * c->d_kv), -0.5));
  a->k = add_linear(w, "k", inner, d, pow((double)d, -0.5));
  a->v = add_linear(w, "v", inner, d, pow((double)d, -0.5));
  a->o = add_linear(w, "o", d, inner, pow((double)inner, -0.5));
  if (bias) {
    char *name = name_make("%s.block.%d.layer.%d.%s.relative_attention_bias.weight", w->stack,
                           w->block, w->layer, module);
    add_tensor(w, name, bias, c->buckets, c->heads, pow((double)d, -0.5));
  }
  w->layer++;
}

static void add_feed_forward(Walk *w, T5FeedForward *f) {
  const T5Config *c = &w->model->config;
  double wide = pow((double)c->d_model, -0.5);
  w->module = "DenseReluDense";
  add_norm(w, &f->norm);
  f->wi_0 = add_linear(w, c->gated ? "wi_0" : "wi", c->d_ff, c->d_model, wide);
  if (c->gated) f->wi_1 = add_linear(w, "wi_1", c->d_ff, c->d_model, wide);
  f->wo = add_linear(w, "wo", c->d_model, c->d_ff, pow((double)c->d_ff, -0.5));
  w->layer++;
}

static void add_stack(Walk *w, T5Stack *s, const char *name, int layers, bool cross) {
  w->stack = name;
  s->block = calloc((size_t)layers, sizeof *s->block);
  s->layers = layers;
  w->failed = w->failed || !s->block;
  for (int i = 0; i < layers && !w->failed; i++) {
    T5Block *b = &s->block[i];
    w->block = i;
    w->layer = 0;
    add_attention(w, &b->self, "SelfAttention", i == 0 ? &s->bias : NULL);
    if (cross) add_attention(w, &b->cross, "EncDecAttention", NULL);
    add_feed_forward(w, &b->ff);
  }
  add_tensor(w, name_make("%s.final_layer_norm.weight", name), &s->final_norm, 1,
             w->model->config.d_model, 0);
}

static int compare_names(const void *a, const void *b) {
  return strcmp(((const T5Tensor *)a)->name, ((const T5Tensor *)b)->name);
}

Status t5_layout(T5 *model, bool own_head, Error *err) {
  const T5Config *c = &model->config;
  int matrices = c->gated ? 3 : 2, enc = c->encoder_layers, dec = c->decoder_layers;
  int linears = enc * (4 + matrices) + dec * (8 + matrices);
  int stacks = c->encoder_alone ? 1 : 2;
  /* Norms: two an encoder block, three a decoder block; a bias table and a final norm a stack. */
  int tensors = linears + enc * 2 + dec * 3 + 2 * stacks + 1 + own_head;
  Modules *modules = &model->modules;
  modules->module = calloc((size_t)linears, sizeof *modules->module);
  modules->group = T5_GROUP;
  modules->groups = T5_GROUPS;
  snprintf(modules->shape, sizeof modules->shape,
           "%d encoder and %d decoder blocks, %s feed-forward", enc, dec,
           c->gated ? "gated" : "plain");
  model->linear = calloc((size_t)linears, sizeof *model->linear);
  model->tensor = calloc((size_t)tensors, sizeof *model->tensor);
  Walk w = {.model = model, .failed = !modules->module || !model->linear || !model->tensor};
  add_tensor(&w, name_make("shared.weight"), &model->shared, c->vocab_size, c->d_model, 1);
  add_stack(&w, &model->encoder, "encoder", enc, false);
  if (!c->encoder_alone) add_stack(&w, &model->decoder, "decoder", dec, true);
  if (own_head) {
    add_tensor(&w, name_make("lm_head.weight"), &model->head_own, c->vocab_size, c->d_model, 1);
  }
  if (w.failed)
    return error_set(err, STATUS_RUN, "out of memory: the names of %d weights", tensors);
  assert(modules->count == linears && model->tensors == tensors);
  model->head = own_head ? &model->head_own : &model->shared;
  model->head_scale = c->scale_decoder_outputs ? (float)pow((double)c->d_model, -0.5) : 1;
  qsort(model->tensor, (size_t)tensors, sizeof *model->tensor, compare_names);
  return STATUS_OK;
}
