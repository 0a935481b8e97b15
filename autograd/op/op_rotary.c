#include <assert.h>
#include <math.h>

#include "autograd/ground/extremum.h"
#include "autograd/ground/parallel.h"
#include "autograd/op/ops.h"

enum { ROWS_PER_TASK = 64 };

typedef struct RotarySaved {
  int heads;
  Ragged rows;
  float base;
} RotarySaved;

/* Rows that are turned by their angles, or, with `back`, by the opposite ones. */
typedef struct Turning {
  const Kernels *kernels;
  const float *x;
  float *y;
  int64_t cols, half; /* of all heads; half of those of one */
  int64_t count;
  const int64_t *position;    /* [count] */
  const float *cosine, *sine; /* [longest, half] */
  const float *minus;         /* [longest, half] -sine */
} Turning;

static void turn_rows(void *arg, int64_t task, int worker) {
  (void)worker;
  const Turning *r = arg;
  int64_t end = min64((task + 1) * ROWS_PER_TASK, r->count);
  for (int64_t t = task * ROWS_PER_TASK; t < end; t++) {
    int64_t at = r->position[t] * r->half;
    for (int64_t h = t * r->cols; h < (t + 1) * r->cols; h += 2 * r->half) {
      const float *low = r->x + h, *high = low + r->half;
      r->kernels->rotate(r->y + h, low, high, r->cosine + at, r->sine + at, r->half);
      r->kernels->rotate(r->y + h + r->half, high, low, r->cosine + at, r->minus + at, r->half);
    }
  }
}

/* Angles are f32 products, as in the models' own code. */
static void fill_angles(float *cosine, float *sine, float *minus, int64_t longest, int64_t half,
                        float base, bool back) {
  for (int64_t i = 0; i < half; i++) {
    float step = 1 / powf(base, (float)(2 * i) / (float)(2 * half));
    for (int64_t p = 0; p < longest; p++) {
      float angle = (float)p * step, s = sinf(angle);
      cosine[p * half + i] = cosf(angle);
      sine[p * half + i] = back ? -s : s;
      minus[p * half + i] = back ? s : -s;
    }
  }
}

static const int64_t *positions(Context *c, Ragged rows) {
  int64_t *position = context_alloc(c, (size_t)rows.offset[rows.count] * sizeof *position);
  for (int64_t s = 0; position && s < rows.count; s++) {
    for (int64_t t = rows.offset[s]; t < rows.offset[s + 1]; t++) position[t] = t - rows.offset[s];
  }
  return position;
}

/* y = the rows of x turned; both may be the same. */
static void turn(Context *c, const RotarySaved *how, const float *x, float *y, int64_t cols,
                 bool back) {
  ArenaMark mark = arena_mark(c->arena);
  int64_t half = cols / how->heads / 2, longest = ragged_longest(how->rows);
  float *table = context_alloc(c, (size_t)(3 * longest * half) * sizeof *table);
  Turning r = {.kernels = c->kernels,
               .x = x,
               .y = y,
               .cols = cols,
               .half = half,
               .count = how->rows.offset[how->rows.count],
               .position = table ? positions(c, how->rows) : NULL};
  if (r.position) {
    float *sine = table + longest * half, *minus = sine + longest * half;
    fill_angles(table, sine, minus, longest, half, how->base, back);
    r.cosine = table;
    r.sine = sine;
    r.minus = minus;
    parallel_for(c->threads, ceil_div(r.count, ROWS_PER_TASK), turn_rows, &r);
  }
  arena_release(c->arena, mark);
}

static void rotary_backward(Context *c, Node *node);
static const Op rotary_op = {"rotary", rotary_backward};

Tensor *op_rotary(Context *c, Tensor *x, int heads, Ragged rows, float base) {
  if (context_failed(c)) return NULL;
  assert(x->cols % (2 * heads) == 0 && rows.offset[rows.count] == x->rows);
  Tensor *y = tensor_new(c, x->rows, x->cols);
  Node *node = tape_record(c, &rotary_op, y, &x, 1);
  RotarySaved how = {heads, rows, base}, *saved = node ? context_alloc(c, sizeof *saved) : NULL;
  if (context_failed(c)) return NULL;
  if (node) {
    *saved = how;
    node->saved = saved;
  }
  turn(c, &how, x->data, y->data, x->cols, false);
  return context_failed(c) ? NULL : y;
}

static void rotary_backward(Context *c, Node *node) {
  Tensor *x = node->in[0];
  ArenaMark mark = arena_mark(c->arena);
  float *share = context_alloc(c, (size_t)tensor_count(x) * sizeof *share);
  if (share) turn(c, node->saved, node->out->grad, share, x->cols, true);
  if (!context_failed(c)) grad_add(c, x, share);
  arena_release(c->arena, mark);
}
