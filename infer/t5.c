#include "infer/t5.h"

#include <assert.h>
#include <string.h>

#include "autograd/matmul.h"
#include "infer/t5_cache.h"

/* What one block computes from: hidden states x and, in the decoder, the encoder's states or what a
 * cache keeps of them. */
typedef struct BlockArgs {
  const T5Run *run;
  T5Block *block;
  int layer;
  Tensor *bias; /* of the stack's self-attention */
  Tensor *x;    /* [T, d_model] */
  Rows own;     /* of x */
  bool decoder;
  Tensor *encoded; /* [Tin, d_model]; decoder without a cache */
  Rows input;      /* of `encoded` */
  const RowSpan
      *read;      /* rows of `encoded` that each sequence of x reads; NULL: as it is numbered */
  T5Cache *cache; /* or NULL */
} BlockArgs;

/* What attention reads. */
typedef struct KeyValue {
  Tensor *k, *v; /* [Tk, inner] */
} KeyValue;

static Tensor *norm(Context *c, const T5Run *run, Tensor *w, Tensor *x) {
  return op_rms_norm(c, x, w, (float)run->model->config.norm_eps);
}

static Tensor *linear(Context *c, const T5Run *run, Linear *l, const Rows *rows, Tensor *x) {
  return linear_forward(c, l, run->adapters, rows, x);
}

static KeyValue key_value(Context *c, const T5Run *run, T5Attention *a, const Rows *rows,
                          Tensor *x) {
  return (KeyValue){linear(c, run, a->k, rows, x), linear(c, run, a->v, rows, x)};
}

/* x + o(attention(q(n), k, v)), n = norm(x) */
static Tensor *attend(Context *c, const BlockArgs *b, T5Attention *a, Tensor *x, Tensor *n,
                      KeyValue from, Tensor *bias, const AttentionSpec *spec) {
  Tensor *q = linear(c, b->run, a->q, &b->own, n);
  Tensor *y = op_attention(c, q, from.k, from.v, bias, spec);
  return op_add(c, x, linear(c, b->run, a->o, &b->own, y));
}

static Tensor *attend_self(Context *c, const BlockArgs *b, Tensor *x) {
  const T5Config *config = &b->run->model->config;
  T5Attention *a = &b->block->self;
  AttentionSpec spec = {.heads = config->heads,
                        .q = b->own.sequence,
                        .k = b->own.sequence,
                        .causal = b->decoder,
                        .buckets = config->buckets,
                        .max_distance = config->max_distance,
                        .bidirectional = !b->decoder};
  Tensor *n = norm(c, b->run, &a->norm, x);
  KeyValue own = key_value(c, b->run, a, &b->own, n);
  if (b->cache && !context_failed(c)) {
    t5_cache_append(b->cache, b->layer, b->own.sequence, &own.k, &own.v);
    spec.k_span = b->cache->self_span;
  }
  return attend(c, b, a, x, n, own, b->bias, &spec);
}

static Tensor *attend_cross(Context *c, const BlockArgs *b, Tensor *x) {
  T5Attention *a = &b->block->cross;
  AttentionSpec spec = {.heads = b->run->model->config.heads,
                        .q = b->own.sequence,
                        .k = b->input.sequence,
                        .k_span = b->read};
  KeyValue from;
  if (b->cache) {
    T5LayerCache *kept = &b->cache->layer[b->layer];
    from = (KeyValue){&kept->cross_k, &kept->cross_v};
  } else {
    from = key_value(c, b->run, a, &b->input, b->encoded);
  }
  return attend(c, b, a, x, norm(c, b->run, &a->norm, x), from, NULL, &spec);
}

/* x + wo(act(wi n)) or x + wo(act(wi_0 n) * wi_1 n), n = norm(x) */
static Tensor *feed_forward(Context *c, const BlockArgs *b, Tensor *x) {
  const T5Run *run = b->run;
  T5FeedForward *f = &b->block->ff;
  Act act = run->model->config.act;
  Tensor *n = norm(c, run, &f->norm, x);
  Tensor *h = linear(c, run, f->wi_0, &b->own, n);
  h = f->wi_1 ? op_gated_act(c, act, h, linear(c, run, f->wi_1, &b->own, n)) : op_act(c, act, h);
  return op_add(c, x, linear(c, run, f->wo, &b->own, h));
}

static Tensor *block_body(Context *c, void *arg) {
  const BlockArgs *a = arg;
  Tensor *x = attend_self(c, a, a->x);
  if (a->decoder) x = attend_cross(c, a, x);
  return feed_forward(c, a, x);
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
  args.x =
      op_embedding(c, &run->model->shared, ids, args.own.sequence.offset[args.own.sequence.count]);
  for (args.layer = 0; args.layer < stack->layers && !context_failed(c); args.layer++) {
    args.block = &stack->block[args.layer];
    args.x = !c->tape         ? run_in_place(c, &args)
             : run->recompute ? run_recomputed(c, &args)
                              : block_body(c, &args);
  }
  return norm(c, run, &stack->final_norm, args.x);
}

Tensor *t5_encode(Context *c, const T5Run *run, const int32_t *ids, Ragged input) {
  return run_stack(c, &run->model->encoder, ids, (BlockArgs){.run = run, .own = {input, NULL}});
}

/* The rows of the encoder's states that each sequence of `target` reads. */
static const RowSpan *spans_read(Context *c, Ragged input, Rows target) {
  RowSpan *span = context_alloc(c, (size_t)target.sequence.count * sizeof *span);
  for (int64_t s = 0; span && s < target.sequence.count; s++) {
    int64_t from = target.source[s];
    span[s] = (RowSpan){input.offset[from], ragged_length(input, from)};
  }
  return span;
}

Tensor *t5_decode(Context *c, const T5Run *run, Tensor *encoded, Ragged input, const int32_t *ids,
                  Rows target) {
  if (context_failed(c)) return NULL;
  BlockArgs args = {.run = run,
                    .own = target,
                    .decoder = true,
                    .encoded = encoded,
                    .input = {input, NULL},
                    .read = target.source ? spans_read(c, input, target) : NULL};
  return run_stack(c, &run->model->decoder, ids, args);
}

Tensor *t5_decode_next(Context *c, const T5Run *run, T5Cache *cache, const int32_t *ids,
                       Ragged added) {
  if (context_failed(c)) return NULL;
  assert(!c->tape && added.count == cache->sequences);
  for (int64_t s = 0; s < added.count; s++) {
    int64_t length = cache->length[s] + ragged_length(added, s);
    assert(length <= cache->capacity);
    cache->self_span[s] = (RowSpan){s * cache->capacity, length};
  }
  BlockArgs args = {.run = run,
                    .own = {added, cache->source},
                    .decoder = true,
                    .read = cache->cross_span,
                    .cache = cache};
  Tensor *y = run_stack(c, &run->model->decoder, ids, args);
  for (int64_t s = 0; y && s < added.count; s++) cache->length[s] += ragged_length(added, s);
  return y;
}

Tensor *t5_loss(Context *c, const T5Run *run, const int32_t *input_ids, Ragged input,
                const int32_t *decoder_ids, const int32_t *target_ids, Ragged target, float weight,
                float *nll) {
  Tensor *encoded = t5_encode(c, run, input_ids, input);
  Tensor *decoded = t5_decode(c, run, encoded, input, decoder_ids, (Rows){target, NULL});
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
