#include "infer/t5/t5.h"

#include <assert.h>
#include <string.h>

#include "autograd/product/matmul.h"
#include "infer/t5/t5_cache.h"

/* What the queries of cross-attention read: sequences one after another that read the same example
 * are one sequence there, since no query sees another's. */
typedef struct Reading {
  Ragged queries;
  const RowSpan *span; /* [queries.count] rows of the encoder's states, or the example of a cache */
} Reading;

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
  Reading read;    /* span NULL: each sequence of x its own of `encoded` */
  T5Cache *cache;  /* or NULL */
} BlockArgs;

static Tensor *norm(Context *c, const T5Run *run, Tensor *w, Tensor *x) {
  return op_rms_norm(c, x, w, (float)run->model->config.norm_eps);
}

static Tensor *linear(Context *c, const T5Run *run, Linear *l, const Rows *rows, Tensor *x) {
  return linear_forward(c, l, run->adapters, rows, x);
}

/* x + o(attention(q(n), k(n), v(n))), n = norm(x) */
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
  Tensor *qkv[3], *y;
  linear_forward_all(c, (Linear *[]){a->q, a->k, a->v}, 3, b->run->adapters, &b->own,
                     norm(c, b->run, &a->norm, x), qkv);
  if (b->cache) {
    AttentionCache *kept = &b->cache->layer[b->layer].self;
    spec.k_span = b->cache->span;
    attention_cache_append(c, kept, b->own.sequence, b->cache->length, qkv[1], qkv[2]);
    y = op_attention_cached(c, qkv[0], kept, b->bias, &spec);
  } else {
    y = op_attention(c, qkv[0], qkv[1], qkv[2], b->bias, &spec);
  }
  return op_add(c, x, linear(c, b->run, a->o, &b->own, y));
}

/* x + o(attention(q(norm(x)), k(encoded), v(encoded))) */
static Tensor *attend_cross(Context *c, const BlockArgs *b, Tensor *x) {
  T5Attention *a = &b->block->cross;
  AttentionSpec spec = {.heads = b->run->model->config.heads,
                        .q = b->read.span ? b->read.queries : b->own.sequence,
                        .k = b->input.sequence,
                        .k_span = b->read.span};
  Tensor *q = linear(c, b->run, a->q, &b->own, norm(c, b->run, &a->norm, x)), *kv[2], *y;
  if (b->cache) {
    y = op_attention_cached(c, q, &b->cache->layer[b->layer].cross, NULL, &spec);
  } else {
    linear_forward_all(c, (Linear *[]){a->k, a->v}, 2, b->run->adapters, &b->input, b->encoded, kv);
    y = op_attention(c, q, kv[0], kv[1], NULL, &spec);
  }
  return op_add(c, x, linear(c, b->run, a->o, &b->own, y));
}

/* x + wo(act(wi n)) or x + wo(act(wi_0 n) * wi_1 n), n = norm(x) */
static Tensor *feed_forward(Context *c, const BlockArgs *b, Tensor *x) {
  const T5Run *run = b->run;
  T5FeedForward *f = &b->block->ff;
  Act act = run->model->config.act;
  Tensor *h[2];
  linear_forward_all(c, (Linear *[]){f->wi_0, f->wi_1}, f->wi_1 ? 2 : 1, run->adapters, &b->own,
                     norm(c, run, &f->norm, x), h);
  h[0] = f->wi_1 ? op_gated_act(c, act, h[0], h[1]) : op_act(c, act, h[0]);
  return op_add(c, x, linear(c, run, f->wo, &b->own, h[0]));
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

/* Merges sequences that read the same example; spans are the examples themselves. */
static Reading reading(Context *c, Rows rows) {
  int64_t n = rows.sequence.count, count = 0;
  int64_t *offset = context_alloc(c, (size_t)(n + 1) * sizeof *offset);
  RowSpan *span = context_alloc(c, (size_t)n * sizeof *span);
  if (context_failed(c)) return (Reading){{0}, NULL};
  offset[0] = 0;
  for (int64_t s = 0; s < n; s++) {
    if (s == 0 || rows.source[s] != rows.source[s - 1]) span[count++].begin = rows.source[s];
    offset[count] = rows.sequence.offset[s + 1];
  }
  return (Reading){{count, offset}, span};
}

/* The same where the examples are stretches of rows. */
static Reading reading_rows(Context *c, Ragged input, Rows rows) {
  Reading r = reading(c, rows);
  RowSpan *span = context_alloc(c, (size_t)r.queries.count * sizeof *span);
  for (int64_t i = 0; span && i < r.queries.count; i++) {
    int64_t from = r.span[i].begin;
    span[i] = (RowSpan){input.offset[from], ragged_length(input, from)};
  }
  r.span = span;
  return r;
}

/* The same where a cache has their keys. */
static Reading reading_cached(Context *c, const T5Cache *cache, Rows rows) {
  Reading r = reading(c, rows);
  RowSpan *span = context_alloc(c, (size_t)r.queries.count * sizeof *span);
  for (int64_t i = 0; span && i < r.queries.count; i++)
    span[i] = (RowSpan){r.span[i].begin, cache->keys[r.span[i].begin]};
  r.span = span;
  return r;
}

Tensor *t5_decode(Context *c, const T5Run *run, Tensor *encoded, Ragged input, const int32_t *ids,
                  Rows target) {
  if (context_failed(c)) return NULL;
  BlockArgs args = {.run = run,
                    .own = target,
                    .decoder = true,
                    .encoded = encoded,
                    .input = {input, NULL},
                    .read = target.source ? reading_rows(c, input, target) : (Reading){{0}, NULL}};
  return run_stack(c, &run->model->decoder, ids, args);
}

Tensor *t5_decode_next(Context *c, const T5Run *run, T5Cache *cache, const int32_t *ids,
                       Ragged added) {
  if (context_failed(c)) return NULL;
  assert(!c->tape && added.count == cache->sequences);
  for (int64_t s = 0; s < added.count; s++) {
    int64_t length = cache->length[s] + ragged_length(added, s);
    assert(length <= cache->capacity);
    cache->span[s] = (RowSpan){s, length};
  }
  Rows own = {added, cache->source};
  BlockArgs args = {.run = run,
                    .own = own,
                    .decoder = true,
                    .read = reading_cached(c, cache, own),
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
  ArenaMark mark = arena_mark(c->arena);
  Mat h = mat(decoded->data, decoded->rows, decoded->cols);
  if (model->head_scale != 1) {
    h.data = context_alloc(c, (size_t)tensor_count(decoded) * sizeof *h.data);
    if (h.data) c->kernels->scale(h.data, model->head_scale, decoded->data, tensor_count(decoded));
  }
  if (h.data) matmul_nt_weight(c, h, model->head, false, mat(z->data, z->rows, z->cols));
  arena_release(c->arena, mark);
  return context_failed(c) ? NULL : z;
}
