#include "infer/pool/pool_similarity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/product/matmul.h"

/* Sums of cosines over modules and their number, [experts, experts] each. */
typedef struct Sums {
  double *cosine, *modules;
} Sums;

/* The factors of the experts at one module, laid end to end. */
typedef struct Stacked {
  Tensor *a;      /* [ranks, d_in] */
  Tensor *b;      /* [d_out, ranks] */
  int64_t *first; /* [experts + 1] the row of A at which an expert begins */
} Stacked;

/* Adds the cosines of one module, given the inner products of its experts. Those of a zero vector
 * (its product with itself is not above zero) do not count, nor do those of experts that have no
 * inner product (NaN). */
static void add_cosines(Sums *sums, const double *inner, int experts) {
  for (int i = 0; i < experts; i++) {
    for (int k = 0; k < experts; k++) {
      double norms = inner[i * experts + i] * inner[k * experts + k];
      if (!(norms > 0) || isnan(inner[i * experts + k])) continue;
      sums->cosine[i * experts + k] += inner[i * experts + k] / sqrt(norms);
      sums->modules[i * experts + k]++;
    }
  }
}

/* Gates. */

static Status gate_products(Context *c, const Pool *pool, const Module *module, double *inner) {
  int experts = pool_count(pool);
  Tensor *gates = tensor_new(c, experts, module->d_in);
  Tensor *products = tensor_new(c, experts, experts);
  if (!products) return c->error->status;
  memset(gates->data, 0, (size_t)tensor_count(gates) * sizeof *gates->data);
  for (int i = 0; i < experts; i++) {
    bool has;
    if (!pool_entry(pool, i)->hash[POOL_GATE][0]) continue;
    TRY(pool_vector(pool, VECTOR_GATE, i, module->id, gates->data + i * gates->cols, &has,
                    c->error));
  }
  Mat g = mat(gates->data, gates->rows, gates->cols);
  matmul_nt(c, g, g, false, mat(products->data, experts, experts));
  for (int i = 0; i < experts * experts; i++) inner[i] = (double)products->data[i];
  return c->error->status;
}

/* Updates. */

static bool covers_low_rank(const Pool *pool, int expert, int module) {
  return pool_covers(pool, expert, module) && pool_kind(pool, expert) == PEFT_LORA;
}

static Status count_ranks(Context *c, Pool *pool, int module, Stacked *s) {
  int experts = pool_count(pool);
  s->first = context_alloc(c, (size_t)(experts + 1) * sizeof *s->first);
  if (!s->first) return c->error->status;
  s->first[0] = 0;
  for (int i = 0; i < experts; i++) {
    LowRank factor;
    s->first[i + 1] = s->first[i];
    if (!covers_low_rank(pool, i, module)) continue;
    TRY(pool_factor(pool, i, module, &factor, c->error));
    s->first[i + 1] += factor.a->rows;
  }
  return STATUS_OK;
}

/* The scale of an expert goes into its B. */
static Status stack_factors(Context *c, Pool *pool, const Module *module, Stacked *s) {
  TRY(count_ranks(c, pool, module->id, s));
  int64_t ranks = s->first[pool_count(pool)];
  s->a = tensor_new(c, ranks, module->d_in);
  s->b = tensor_new(c, module->d_out, ranks);
  if (!s->b) return c->error->status;
  for (int i = 0; i < pool_count(pool); i++) {
    LowRank f;
    if (!covers_low_rank(pool, i, module->id)) continue;
    TRY(pool_factor(pool, i, module->id, &f, c->error));
    memcpy(s->a->data + s->first[i] * s->a->cols, f.a->data,
           (size_t)tensor_count(f.a) * sizeof(float));
    for (int64_t row = 0; row < f.b->rows; row++)
      for (int64_t k = 0; k < f.b->cols; k++)
        s->b->data[row * ranks + s->first[i] + k] = f.scale * f.b->data[row * f.b->cols + k];
  }
  return STATUS_OK;
}

/* sum over p of expert i and q of expert k of (B'B)[p, q] (AA')[p, q] */
static double product_sum(const Stacked *s, const Tensor *aa, const Tensor *bb, int i, int k) {
  double sum = 0;
  for (int64_t p = s->first[i]; p < s->first[i + 1]; p++)
    for (int64_t q = s->first[k]; q < s->first[k + 1]; q++)
      sum += (double)bb->data[p * bb->cols + q] * (double)aa->data[p * aa->cols + q];
  return sum;
}

static Status low_rank_products(Context *c, Pool *pool, const Module *module, double *inner) {
  Stacked s;
  TRY(stack_factors(c, pool, module, &s));
  int experts = pool_count(pool);
  int64_t ranks = s.first[experts];
  memset(inner, 0, (size_t)experts * (size_t)experts * sizeof *inner);
  if (ranks == 0) return STATUS_OK;
  Tensor *aa = tensor_new(c, ranks, ranks), *bb = tensor_new(c, ranks, ranks);
  if (!bb) return c->error->status;
  Mat a = mat(s.a->data, ranks, s.a->cols), b = mat(s.b->data, s.b->rows, ranks);
  matmul_nt(c, a, a, false, mat(aa->data, ranks, ranks));
  matmul_tn(c, b, b, false, mat(bb->data, ranks, ranks));
  for (int i = 0; i < experts; i++)
    for (int k = 0; k < experts; k++) inner[i * experts + k] = product_sum(&s, aa, bb, i, k);
  return c->error->status;
}

/* <l_i - 1, l_k - 1> */
static double change_product(const Tensor *i, const Tensor *k) {
  double sum = 0;
  for (int64_t at = 0; at < i->cols; at++)
    sum += ((double)i->data[at] - 1) * ((double)k->data[at] - 1);
  return sum;
}

/* The products of all pairs with an (IA)3: NaN where the two are of different kinds or sides. */
static Status rescale_products(Context *c, Pool *pool, const Module *module, double *inner) {
  int experts = pool_count(pool);
  Adapter *a = context_alloc(c, (size_t)experts * sizeof *a);
  if (!a) return c->error->status;
  for (int i = 0; i < experts; i++) TRY(pool_adapter(pool, i, module->id, &a[i], c->error));
  for (int i = 0; i < experts; i++) {
    for (int k = 0; k < experts; k++) {
      if (!a[i].kind || !a[k].kind || (!a[i].rescale && !a[k].rescale)) continue;
      inner[i * experts + k] =
          a[i].kind == a[k].kind ? change_product(a[i].rescale, a[k].rescale) : (double)NAN;
    }
  }
  return STATUS_OK;
}

static Status update_products(Context *c, Pool *pool, const Module *module, double *inner) {
  PoolRescales rescales = pool_rescales(pool, module->id);
  TRY(low_rank_products(c, pool, module, inner));
  if (rescales.inputs + rescales.outputs == 0) return STATUS_OK;
  return rescale_products(c, pool, module, inner);
}

/* All modules. */

static Status add_module(Context *c, Pool *pool, const Module *module, Sums *gate, Sums *update) {
  ArenaMark mark = arena_mark(c->arena);
  int experts = pool_count(pool);
  double *inner = context_alloc(c, (size_t)experts * (size_t)experts * sizeof *inner);
  Status status = inner ? gate_products(c, pool, module, inner) : c->error->status;
  if (status == STATUS_OK) add_cosines(gate, inner, experts);
  if (status == STATUS_OK) status = update_products(c, pool, module, inner);
  if (status == STATUS_OK) add_cosines(update, inner, experts);
  arena_release(c->arena, mark);
  return status;
}

static Status add_all(Context *c, Pool *pool, Sums *gate, Sums *update) {
  const Modules *modules = pool_modules(pool);
  for (int i = 0; i < modules->count; i++) {
    bool covered = false;
    for (int k = 0; k < pool_count(pool); k++) covered |= pool_covers(pool, k, i);
    if (covered) TRY(add_module(c, pool, &modules->module[i], gate, update));
  }
  size_t pairs = (size_t)pool_count(pool) * (size_t)pool_count(pool);
  for (size_t i = 0; i < pairs; i++) {
    gate->cosine[i] /= gate->modules[i]; /* 0 / 0 is NaN: of no module */
    update->cosine[i] /= update->modules[i];
  }
  return STATUS_OK;
}

static Status sums_make(Sums *s, int experts, Error *err) {
  size_t pairs = (size_t)experts * (size_t)experts;
  *s = (Sums){calloc(pairs + 1, sizeof(double)), calloc(pairs + 1, sizeof(double))};
  return s->cosine && s->modules ? STATUS_OK
                                 : error_set(err, STATUS_RUN, "out of memory: similarities");
}

Status pool_similarity(PoolSimilarity *s, Pool *pool, int threads, Error *err) {
  Context c = context_make(arena_new(), NULL, threads, err);
  Sums gate = {0}, update = {0};
  Status status = c.arena ? STATUS_OK : error_set(err, STATUS_RUN, "out of memory: an arena");
  if (status == STATUS_OK) status = sums_make(&gate, pool_count(pool), err);
  if (status == STATUS_OK) status = sums_make(&update, pool_count(pool), err);
  if (status == STATUS_OK) status = add_all(&c, pool, &gate, &update);
  free(gate.modules);
  free(update.modules);
  *s = (PoolSimilarity){pool_count(pool), gate.cosine, update.cosine};
  if (status != STATUS_OK) pool_similarity_free(s);
  arena_free(c.arena);
  return status;
}

void pool_similarity_free(PoolSimilarity *s) {
  free(s->gate);
  free(s->update);
  *s = (PoolSimilarity){0};
}
