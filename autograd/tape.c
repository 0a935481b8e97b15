#include "autograd/tape.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/parallel.h"

/* A gradient buffer that was given back and waits for the next tensor of its size. */
typedef struct Spare {
  float *data;
  int64_t count;
} Spare;

struct Tape {
  Node *node;
  int64_t nodes, node_capacity;
  Arena *grads; /* gradient buffers of activations; outlives releases of the context's arena */
  Spare *spare;
  int64_t spares, spare_capacity;
};

Tape *tape_new(void) {
  Tape *tape = calloc(1, sizeof *tape);
  if (!tape) return NULL;
  tape->grads = arena_new();
  if (tape->grads) return tape;
  free(tape);
  return NULL;
}

void tape_free(Tape *tape) {
  if (!tape) return;
  arena_free(tape->grads);
  free(tape->node);
  free(tape->spare);
  free(tape);
}

void tape_clear(Tape *tape) {
  tape->nodes = 0;
  tape->spares = 0;
  arena_release(tape->grads, (ArenaMark){0, 0});
}

int64_t tape_mark(const Tape *tape) {
  return tape->nodes;
}

/* Room for one more element of `size` in a growing array; false when out of memory. */
static bool reserve(void **array, int64_t used, int64_t *capacity, size_t size) {
  if (used < *capacity) return true;
  int64_t grown = *capacity ? 2 * *capacity : 64;
  void *moved = realloc(*array, (size_t)grown * size);
  if (!moved) return false;
  *array = moved;
  *capacity = grown;
  return true;
}

Node *tape_push(Context *c, const Op *op, Tensor *out, Tensor *const *in, int n) {
  Tape *tape = c->tape;
  assert(n <= NODE_INPUTS);
  if (!reserve((void **)&tape->node, tape->nodes, &tape->node_capacity, sizeof *tape->node)) {
    error_set(c->error, STATUS_RUN, "out of memory: the tape of operations");
    return NULL;
  }
  Node *node = &tape->node[tape->nodes++];
  *node = (Node){.op = op, .out = out};
  for (int i = 0; i < n; i++) node->in[i] = in[i];
  out->needs_grad = true;
  return node;
}

Node *tape_record(Context *c, const Op *op, Tensor *out, Tensor *const *in, int n) {
  if (context_failed(c) || !c->tape) return NULL;
  for (int i = 0; i < n; i++) {
    if (in[i] && in[i]->needs_grad) return tape_push(c, op, out, in, n);
  }
  return NULL;
}

/* A buffer of `count` floats from the spares, or a new one; NULL with the context's error set. */
static float *take_buffer(Context *c, int64_t count) {
  Tape *tape = c->tape;
  for (int64_t i = tape->spares - 1; i >= 0; i--) {
    if (tape->spare[i].count != count) continue;
    float *data = tape->spare[i].data;
    tape->spare[i] = tape->spare[--tape->spares];
    return data;
  }
  float *data = arena_alloc(tape->grads, (size_t)count * sizeof *data);
  if (!data) error_set(c->error, STATUS_RUN, "out of memory: gradients of activations");
  return data;
}

/* Gives t's gradient buffer back. Only activations are given back; parameters keep theirs. */
static void give_back(Context *c, Tensor *t) {
  Tape *tape = c->tape;
  if (!t->grad) return;
  if (reserve((void **)&tape->spare, tape->spares, &tape->spare_capacity, sizeof *tape->spare)) {
    tape->spare[tape->spares++] = (Spare){t->grad, tensor_count(t)};
  }
  t->grad = NULL;
}

void tape_backward(Context *c, int64_t mark) {
  Tape *tape = c->tape;
  while (tape->nodes > mark && !context_failed(c)) {
    /* A copy: a backward may record (recompute), which reuses the slot. */
    Node node = tape->node[--tape->nodes];
    if (!node.out->grad) continue;
    node.op->backward(c, &node);
    give_back(c, node.out);
  }
}

void tape_seed(Context *c, Tensor *out, float value) {
  if (context_failed(c)) return;
  out->grad = take_buffer(c, tensor_count(out));
  for (int64_t i = 0; out->grad && i < tensor_count(out); i++) out->grad[i] = value;
}

float *grad_open(Context *c, Tensor *t, float *beta) {
  *beta = 1;
  if (!t || !t->needs_grad || context_failed(c)) return NULL;
  if (t->grad) return t->grad;
  *beta = 0;
  t->grad = take_buffer(c, tensor_count(t));
  return t->grad;
}

float *grad_open_zeroed(Context *c, Tensor *t) {
  float beta;
  float *grad = grad_open(c, t, &beta);
  if (grad && beta == 0) memset(grad, 0, (size_t)tensor_count(t) * sizeof *grad);
  return grad;
}

enum { SHARE_CHUNK = 1 << 16 };

typedef struct Share {
  float *to;
  const float *from;
  int64_t count;
} Share;

static void add_share(void *arg, int64_t task, int worker) {
  (void)worker;
  const Share *s = arg;
  int64_t end = (task + 1) * SHARE_CHUNK < s->count ? (task + 1) * SHARE_CHUNK : s->count;
  for (int64_t i = task * SHARE_CHUNK; i < end; i++) s->to[i] += s->from[i];
}

void grad_add(Context *c, Tensor *to, const float *share) {
  float beta;
  float *grad = grad_open(c, to, &beta);
  if (!grad) return;
  int64_t count = tensor_count(to);
  if (beta == 0) {
    memcpy(grad, share, (size_t)count * sizeof *grad);
    return;
  }
  Share work = {grad, share, count};
  parallel_for(c->threads, (count + SHARE_CHUNK - 1) / SHARE_CHUNK, add_share, &work);
}

void grad_move(Context *c, Tensor *to, Tensor *from) {
  if (!to || !to->needs_grad) return;
  if (to->grad) {
    grad_add(c, to, from->grad);
    return;
  }
  to->grad = from->grad;
  from->grad = NULL;
}
