#include <assert.h>
#include <math.h>
#include <string.h>

#include "autograd/ground/extremum.h"
#include "autograd/op/ops.h"

/* ---- which experts, and how much of each ---- */

/* The pairs of a row and an expert of it, those of an expert together. */
typedef struct Chosen {
  const Routed *m;
  int slots;           /* of a row */
  int32_t *expert;     /* [T, slots], -1: none */
  int64_t *pair;       /* [T, slots] */
  int64_t *row;        /* [pairs] ascending for each expert */
  float *weight;       /* [pairs] */
  LowRankGroup *group; /* [groups] in order of expert */
  int64_t pairs, groups, rank;
} Chosen;

/* The experts with the largest z of a row, the largest first, of equal ones the lowest index. */
static void choose_row(const Chosen *p, const float *z, int32_t *expert) {
  int count = 0;
  for (int e = 0; e < p->m->experts; e++) {
    if (!p->m->expert[e].a || (count == p->slots && !(z[e] > z[expert[count - 1]]))) continue;
    int at = count < p->slots ? count++ : count - 1;
    for (; at > 0 && z[e] > z[expert[at - 1]]; at--) expert[at] = expert[at - 1];
    expert[at] = e;
  }
  while (count < p->slots) expert[count++] = -1;
}

/* The softmax over the experts of a row. */
static void weigh_row(const Chosen *p, const float *z, int64_t row) {
  const int32_t *expert = p->expert + row * p->slots;
  double sum = 0;
  for (int i = 0; i < p->slots && expert[i] >= 0; i++)
    sum += exp((double)(z[expert[i]] - z[expert[0]]));
  for (int i = 0; i < p->slots && expert[i] >= 0; i++)
    p->weight[p->pair[row * p->slots + i]] =
        (float)(exp((double)(z[expert[i]] - z[expert[0]])) / sum);
}

/* Gives each expert the places of its pairs, which begin at begin[e], in order of rows. */
static void place_pairs(Chosen *p, int64_t rows, int64_t *begin) {
  for (int64_t t = 0; t < rows; t++) {
    for (int i = 0; i < p->slots; i++) {
      int32_t e = p->expert[t * p->slots + i];
      if (e < 0) continue;
      p->row[begin[e]] = t;
      p->pair[t * p->slots + i] = begin[e]++;
    }
  }
}

static void group_pairs(Chosen *p, int64_t rows, int64_t *count) {
  for (int64_t k = 0; k < rows * p->slots; k++)
    if (p->expert[k] >= 0) count[p->expert[k]]++;
  for (int e = 0; e < p->m->experts; e++) {
    const LowRank *factor = &p->m->expert[e];
    int64_t n = count[e];
    count[e] = p->pairs;
    if (n == 0) continue;
    p->group[p->groups++] = (LowRankGroup){factor, p->pairs, n};
    p->rank = max64(p->rank, factor->a->rows);
    p->pairs += n;
  }
  place_pairs(p, rows, count);
}

/* In the arena; NULL where the context failed. */
static Chosen *choose(Context *c, const Tensor *z, const Routed *m) {
  Chosen *p = context_alloc(c, sizeof *p);
  int slots = m->top_k < m->experts ? m->top_k : m->experts;
  size_t all = (size_t)z->rows * (size_t)slots, experts = (size_t)m->experts;
  Chosen made = {.m = m,
                 .slots = slots,
                 .expert = context_alloc(c, all * sizeof *made.expert),
                 .pair = context_alloc(c, all * sizeof *made.pair),
                 .row = context_alloc(c, all * sizeof *made.row),
                 .weight = context_alloc(c, all * sizeof *made.weight),
                 .group = context_alloc(c, experts * sizeof *made.group)};
  int64_t *count = context_alloc(c, experts * sizeof *count);
  if (context_failed(c)) return NULL;
  memset(count, 0, experts * sizeof *count);
  for (int64_t t = 0; t < z->rows; t++)
    choose_row(&made, z->data + t * z->cols, made.expert + t * slots);
  group_pairs(&made, z->rows, count);
  for (int64_t t = 0; t < z->rows; t++) weigh_row(&made, z->data + t * z->cols, t);
  *p = made;
  return p;
}

static LowRankPairs passes_of(const Chosen *p, const float *weight) {
  return (LowRankPairs){p->group, p->groups, p->row, weight, p->pairs, p->rank};
}

/* ---- the operation ---- */

static void routed_backward(Context *c, Node *node);
static const Op routed_op = {"routed", routed_backward};

Tensor *op_routed(Context *c, Tensor *y, Tensor *x, Tensor *z, const Routed *m) {
  if (context_failed(c)) return NULL;
  assert(y->rows == x->rows && z->rows == x->rows && z->cols == m->experts && m->top_k >= 1);
  Tensor *out = tensor_new(c, y->rows, y->cols);
  Node *node = tape_record(c, &routed_op, out, (Tensor *[]){y, x, z}, 3);
  ArenaMark mark = arena_mark(c->arena);
  Chosen *p = context_failed(c) ? NULL : choose(c, z, m);
  if (node) {
    node->saved = p;
    mark = arena_mark(c->arena);
  }
  float *u = p ? context_alloc(c, (size_t)(p->pairs * p->rank) * sizeof *u) : NULL;
  if (context_failed(c)) return NULL;
  const LowRankPairs passes = passes_of(p, p->weight);
  memcpy(out->data, y->data, (size_t)tensor_count(y) * sizeof *y->data);
  low_rank_down(c, &passes, x, u);
  low_rank_up(c, &passes, u, out);
  arena_release(c->arena, mark);
  return out;
}

/* t^T in the arena; NULL where the context failed. */
static Tensor *turned(Context *c, const Tensor *t) {
  Tensor *turned = tensor_new(c, t->cols, t->rows);
  for (int64_t i = 0; turned && i < t->rows; i++)
    for (int64_t k = 0; k < t->cols; k++) turned->data[k * t->rows + i] = t->data[i * t->cols + k];
  return turned;
}

/* The groups with factors that take dout [d_out] down by B^T and up by A^T; NULL where the context
 * failed. */
static LowRankGroup *turned_groups(Context *c, const Chosen *p) {
  LowRankGroup *group = context_alloc(c, (size_t)p->groups * sizeof *group);
  LowRank *factor = context_alloc(c, (size_t)p->groups * sizeof *factor);
  for (int64_t g = 0; !context_failed(c) && g < p->groups; g++) {
    const LowRank *f = p->group[g].factor;
    factor[g] = (LowRank){turned(c, f->b), turned(c, f->a), f->scale};
    group[g] = (LowRankGroup){&factor[g], p->group[g].begin, p->group[g].count};
  }
  return context_failed(c) ? NULL : group;
}

/* dw [pairs] = scale <h, g>, and g becomes w scale g. */
static void weigh_pairs(Context *c, const Chosen *p, const float *h, float *g, float *dw) {
  for (int64_t k = 0; k < p->groups; k++) {
    const LowRankGroup *group = &p->group[k];
    int64_t r = group->factor->a->rows;
    for (int64_t i = group->begin; i < group->begin + group->count; i++) {
      dw[i] = group->factor->scale * c->kernels->dot(h + i * p->rank, g + i * p->rank, r);
      c->kernels->scale(g + i * p->rank, p->weight[i] * group->factor->scale, g + i * p->rank, r);
    }
  }
}

static void logits_backward(const Chosen *p, const float *dw, float *dz, int64_t rows) {
  for (int64_t t = 0; t < rows; t++) {
    const int32_t *expert = p->expert + t * p->slots;
    const int64_t *pair = p->pair + t * p->slots;
    double mean = 0;
    for (int i = 0; i < p->slots && expert[i] >= 0; i++)
      mean += (double)p->weight[pair[i]] * (double)dw[pair[i]];
    for (int i = 0; i < p->slots && expert[i] >= 0; i++)
      dz[t * p->m->experts + expert[i]] +=
          (float)((double)p->weight[pair[i]] * ((double)dw[pair[i]] - mean));
  }
}

static void routed_backward(Context *c, Node *node) {
  Tensor *y = node->in[0], *x = node->in[1], *z = node->in[2];
  const Chosen *p = node->saved;
  const Tensor dout = tensor_view(node->out->grad, DTYPE_F32, y->rows, y->cols);
  grad_add(c, y, node->out->grad);
  float *dx = grad_open_zeroed(c, x), *dz = grad_open_zeroed(c, z);
  ArenaMark mark = arena_mark(c->arena);
  size_t size = (size_t)(p->pairs * p->rank);
  float *h = context_alloc(c, size * sizeof *h), *g = context_alloc(c, size * sizeof *g);
  float *dw = context_alloc(c, (size_t)p->pairs * sizeof *dw);
  LowRankPairs down = passes_of(p, NULL), back = down;
  back.group = turned_groups(c, p);
  if (!context_failed(c)) {
    low_rank_down(c, &down, x, h);
    low_rank_down(c, &back, &dout, g);
    weigh_pairs(c, p, h, g, dw);
    if (dz) logits_backward(p, dw, dz, z->rows);
    Tensor to = tensor_view(dx, DTYPE_F32, x->rows, x->cols);
    if (dx) low_rank_up(c, &back, g, &to);
  }
  arena_release(c->arena, mark);
}
