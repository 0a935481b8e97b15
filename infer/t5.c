#include "infer/t5.h"

#include <string.h>

#include "autograd/matmul.h"

/* What one block computes from: hidden states x and, in the decoder, the encoder's states. */
typedef struct BlockArgs {
  const T5Run *run;
  T5Block *block;
  Tensor *bias;    /* of the stack's self-attention */
  Tensor *x;       /* [T, d_model] */
  Ragged own;      /* sequences of x */
  Tensor *encoded; /* [Tin, d_model]; NULL in the encoder */
  Ragged input;    /* sequences of `encoded` */
} BlockArgs;

static Tensor *norm(Context *c, const T5Run *run, Tensor *w, Tensor *x) {
  return op_rms_norm(c, x, w, (float)run->model->config.norm_eps);
}

static Tensor *linear(Context *c, const T5Run *run, Linear *l, Tensor *x) {
  return linear_forward(c, l, run->adapters, x);
}

/* x + o(attention(q(n), k(m), v(m))), n = norm(x); m = `memory`, or n when it is NULL. */
static Tensor *attend(Context *c, const T5Run *run, T5Attention *a, Tensor *x, Tensor *memory,
                      Tensor *bias, const AttentionSpec *spec) {
  Tensor *n = norm(c, run, &a->norm, x);
  Tensor *m = memory ? memory : n;
  Tensor *q = linear(c, run, a->q, n);
  Tensor *k = linear(c, run, a->k, m);
  Tensor *v = linear(c, run, a->v, m);
  Tensor *y = op_attention(c, q, k, v, bias, spec);
  return op_add(c, x, linear(c, run, a->o, y));
}

/* x + wo(act(wi n)) or x + wo(act(wi_0 n) * wi_1 n), n = norm(x) */
static Tensor *feed_forward(Context *c, const T5Run *run, T5FeedForward *f, Tensor *x) {
  Act act = run->model->config.act;
  Tensor *n = norm(c, run, &f->norm, x);
  Tensor *h = linear(c, run, f->wi_0, n);
  h = f->wi_1 ? op_gated_act(c, act, h, linear(c, run, f->wi_1, n)) : op_act(c, act, h);
  return op_add(c, x, linear(c, run, f->wo, h));
}

static Tensor *block_body(Context *c, void *arg) {
  const BlockArgs *a = arg;
  const T5Config *config = &a->run->model->config;
  bool decoder = a->encoded != NULL;
  AttentionSpec self = {.heads = config->heads,
                        .q = a->own,
                        .k = a->own,
                        .causal = decoder,
                        .buckets = config->buckets,
                        .max_distance = config->max_distance,
                        .bidirectional = !decoder};
  AttentionSpec cross = {.heads = config->heads, .q = a->own, .k = a->input};
  Tensor *x = attend(c, a->run, &a->block->self, a->x, NULL, a->bias, &self);
  if (decoder) x = attend(c, a->run, &a->block->cross, x, a->encoded, NULL, &cross);
  return feed_forward(c, a->run, &a->block->ff, x);
}

/* Without a tape the result takes the place of the input, so that depth costs no memory. */
static Tensor *run_in_place(Context *c, BlockArgs *args) {
  ArenaMark mark = arena_mark(c->arena);
  Tensor *y = block_body(c, args), *x = args->x;
  if (y) memcpy(x->data, y->data, (size_t)tensor_count(x) * sizeof *x->data);
  arena_release(c->arena, mark);
  return y ? x : NULL;
}

static Tensor *run_recomputed(Context *c, const BlockArgs *args) {
  BlockArgs *kept = context_alloc(c, sizeof *kept);
  if (!kept) return NULL;
  *kept = *args;
  Tensor *inputs[] = {kept->x, kept->encoded};
  return op_recompute(c, block_body, kept, inputs, kept->encoded ? 2 : 1);
}

static Tensor *run_stack(Context *c, T5Stack *stack, const int32_t *ids, BlockArgs args) {
  const T5Run *run = args.run;
  args.bias = &stack->bias;
  args.x = op_embedding(c, &run->model->shared, ids, args.own.offset[args.own.count]);
  for (int i = 0; i < stack->layers && !context_failed(c); i++) {
    args.block = &stack->block[i];
    args.x = !c->tape         ? run_in_place(c, &args)
             : run->recompute ? run_recomputed(c, &args)
                              : block_body(c, &args);
  }
  return norm(c, run, &stack->final_norm, args.x);
}

Tensor *t5_encode(Context *c, const T5Run *run, const int32_t *ids, Ragged input) {
  return run_stack(c, &run->model->encoder, ids, (BlockArgs){.run = run, .own = input});
}

Tensor *t5_decode(Context *c, const T5Run *run, Tensor *encoded, Ragged input, const int32_t *ids,
                  Ragged target) {
  if (context_failed(c)) return NULL;
  BlockArgs args = {.run = run, .own = target, .encoded = encoded, .input = input};
  return run_stack(c, &run->model->decoder, ids, args);
}

Tensor *t5_loss(Context *c, const T5Run *run, const int32_t *input_ids, Ragged input,
                const int32_t *decoder_ids, const int32_t *target_ids, Ragged target, float weight,
                float *nll) {
  Tensor *encoded = t5_encode(c, run, input_ids, input);
  Tensor *decoded = t5_decode(c, run, encoded, input, decoder_ids, target);
  return op_cross_entropy(c, decoded, run->model->head, run->model->head_scale, target_ids, weight,
                          nll);
}

Tensor *t5_logits(Context *c, const T5Run *run, Tensor *decoded) {
  if (context_failed(c)) return NULL;
  const T5 *model = run->model;
  Tensor *z = tensor_new(c, decoded->rows, model->head->rows);
  if (!z) return NULL;
  matmul_nt_weight(c, model->head_scale, mat(decoded->data, decoded->rows, decoded->cols),
                   model->head, 0, mat(z->data, z->rows, z->cols));
  return context_failed(c) ? NULL : z;
}
