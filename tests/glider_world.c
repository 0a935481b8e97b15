#include "tests/glider_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "tests/tiny.h"
#include "tests/tiny_pool.h"

static const TinyExpert EXPERTS[GLIDER_EXPERTS] = {
    {"sort", "q", 1, 1, DTYPE_F32, false, NULL},
    {"count", "q", 1, 2, DTYPE_F32, false, NULL},
    {"rhyme", "q", 1, 3, DTYPE_F32, false, NULL},
};

GliderWorld glider_world(Scratch *s, const char *only) {
  Error err = {0};
  GliderWorld w = {.s = s, .model = tiny_model(true, false)};
  const char *dir = scratch_path(s, "pool");
  expect_ok("clean", dir_remove(dir, &err), &err);
  tiny_pool(dir, w.model, EXPERTS, GLIDER_EXPERTS);
  expect_ok("open",
            pool_open(&w.pool, dir, &w.model->modules, tiny_sample(w.model).hex, only, &err), &err);
  expect_ok("embeddings", dir_make(scratch_path(s, "pool/embeddings"), &err), &err);
  return w;
}

void glider_world_close(GliderWorld *w) {
  pool_close(w->pool);
  t5_close(w->model);
}

GliderMixing glider_mixing(double scale) {
  return (GliderMixing){
      .global = {.embedder = EMBEDDER_LEXICAL},
      .rule = {.scale = scale, .gamma = 100, .beta = 3, .threshold = 0.8},
  };
}

GlobalRouter *glider_open(const GliderWorld *w, const GliderMixing *s) {
  Error err = {0};
  GlobalRouter *g;
  expect_ok("router",
            global_router_open(&g, &s->global, GLOBAL_BY_INSTRUCTION, w->pool,
                               (Base[]){tiny_base(w->model, NULL)}, 2, &err),
            &err);
  return g;
}

void glider_bias_of(const GliderWorld *w, GlobalRouter *g, const GliderMixing *s, RouteQuery q,
                    float *bias) {
  Error err = {0};
  const double *cosine;
  expect_ok("cosines", global_cosines(g, &q, &cosine, &err), &err);
  glider_bias(&s->rule, cosine, pool_count(w->pool), bias);
}

int32_t glider_nearest(GlobalRouter *g, RouteQuery q) {
  Error err = {0};
  const double *cosine;
  expect_ok("nearest", global_cosines(g, &q, &cosine, &err), &err);
  return global_nearest(cosine, GLIDER_EXPERTS);
}

void glider_write_vectors(Scratch *s, const char *file, const char *embedder,
                          const char *const *name, const float *vector, int64_t rows, int64_t dim,
                          const char *text) {
  Error err = {0};
  Embeddings e;
  expect_ok(file, embeddings_new(&e, embedder, rows, dim, &err), &err);
  for (int64_t i = 0; i < rows; i++) e.name[i] = strdup(name[i]);
  memcpy(e.vector, vector, (size_t)(rows * dim) * sizeof *vector);
  if (text) {
    assert_non_null(e.text = calloc((size_t)rows, sizeof *e.text));
    expect_ok(text, embed_text_hash(text, e.text[0], &err), &err);
  }
  expect_ok(file, embeddings_write(&e, scratch_path(s, file), &err), &err);
  embeddings_free(&e);
}

void glider_refused(const GliderWorld *w, const GliderMixing *s, Status status, const char *words) {
  Error err = {0};
  GlobalRouter *g;
  Status got = global_router_open(&g, &s->global, GLOBAL_BY_INSTRUCTION, w->pool,
                                  (Base[]){tiny_base(w->model, NULL)}, 1, &err);
  expect_error(words, got, &err, status, words);
  assert_null(g);
}
