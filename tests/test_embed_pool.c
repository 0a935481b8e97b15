/* Embeddings of examples of the experts' data: their file, its refusals, and retrieval by it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/file/file.h"
#include "infer/embed/embed_pool.h"
#include "infer/route/route_global.h"
#include "tests/scratch.h"
#include "tests/tiny.h"
#include "tests/tiny_pool.h"

static const TinyExpert EXPERTS[] = {
    {"sort", "q", 1, 1, DTYPE_F32, false, NULL},
    {"count", "q", 1, 2, DTYPE_F32, false, NULL},
    {"rhyme", "q", 1, 3, DTYPE_F32, false, NULL},
};
enum { COUNT = sizeof EXPERTS / sizeof *EXPERTS };

static void write_lines(Scratch *s, const char *name, const char *const *texts, int n) {
  char all[1024] = "";
  for (int i = 0; i < n; i++) {
    strcat(strcat(strcat(all, "{\"question\": \""), texts[i]), "\", \"target\": \"t\"}\n");
  }
  scratch_write(s, name, all, strlen(all));
}

/* A pool, its lexical embedder, and a file of examples for each expert. */
typedef struct Fixture {
  T5 *model;
  PoolManifest m;
  Embedder *e;
  char *path; /* of the file of examples */
  char files[COUNT][PATH_MAX];
} Fixture;

static Embedder *open_embedder(const PoolManifest *m) {
  Error err = {0};
  Embedder *e;
  const char **corpus;
  EmbedderSpec spec = {.kind = EMBEDDER_LEXICAL};
  expect_ok("corpus", embed_corpus(m, &corpus, &spec.corpus_count, &err), &err);
  spec.corpus = corpus;
  expect_ok("embedder", embedder_open(&e, &spec, &err), &err);
  free(corpus);
  return e;
}

static void fixture_open(Fixture *f, Scratch *s) {
  Error err = {0};
  const char *dir = scratch_path(s, "pool");
  expect_ok("clean", dir_remove(dir, &err), &err);
  f->model = tiny_model(true, false);
  tiny_pool(dir, f->model, EXPERTS, COUNT);
  expect_ok("manifest", manifest_read(&f->m, dir, &err), &err);
  expect_ok("embeddings", dir_make(scratch_path(s, "pool/embeddings"), &err), &err);
  f->e = open_embedder(&f->m);
  f->path = embeddings_path(f->m.dir, embedder_name(f->e), true);
  assert_non_null(f->path);
  write_lines(s, "sort.jsonl", (const char *const[]){"pear apple", "zebra ant"}, 2);
  write_lines(s, "count.jsonl", (const char *const[]){"three sheep", "nine apple trees", "a"}, 3);
  write_lines(s, "rhyme.jsonl", (const char *const[]){"moon and june"}, 1);
  for (int i = 0; i < COUNT; i++) {
    snprintf(f->files[i], sizeof f->files[i], "%s/%s.jsonl", s->dir, EXPERTS[i].name);
  }
}

static void fixture_close(Fixture *f) {
  free(f->path);
  embedder_close(f->e);
  manifest_free(&f->m);
  t5_close(f->model);
}

static const char *const KEY = "question";

static void make(Fixture *f, Embeddings *out, const ExampleFile *file, int files, int64_t limit,
                 const Embeddings *old) {
  Error err = {0};
  Status got = embed_examples(out, f->e, &f->m, file, files, KEY, limit, old, NULL, &err);
  expect_ok("examples", got, &err);
  expect_ok("write", embeddings_write(out, f->path, &err), &err);
}

/* Files of other experts leave the rows as they are; the order is the pool's. */
static void rows_are_added(void **state) {
  Fixture f = {0};
  Embeddings first, both, again;
  fixture_open(&f, *state);
  ExampleFile two[] = {{"count", f.files[1]}, {"sort", f.files[0]}},
              one[] = {{"rhyme", f.files[2]}};
  make(&f, &first, two, 2, 2, NULL);
  assert_int_equal(first.count, 4); /* at most two lines of each */
  assert_string_equal(first.name[0], "sort/0");
  assert_string_equal(first.name[3], "count/1");
  make(&f, &both, one, 1, 9, &first);
  assert_int_equal(both.count, 5);
  assert_string_equal(both.name[4], "rhyme/0");
  assert_memory_equal(both.vector, first.vector, (size_t)(4 * both.dim) * sizeof *both.vector);
  make(&f, &again, two, 1, 9, &both); /* count again, with all its lines */
  assert_int_equal(again.count, 6);
  assert_string_equal(again.name[4], "count/2");
  embeddings_free(&first);
  embeddings_free(&both);
  embeddings_free(&again);
  fixture_close(&f);
}

/* ---- retrieval ---- */

static GlobalRouter *open_router(const Fixture *f, const Pool *pool, GlobalBy by, Status want,
                                 const char *words) {
  Error err = {0};
  GlobalRouter *g;
  GlobalSettings s = {.embedder = EMBEDDER_LEXICAL};
  Status got = global_router_open(&g, &s, by, pool, (Base[]){tiny_base(f->model, NULL)}, 2, &err);
  if (want == STATUS_OK) {
    expect_ok("router", got, &err);
  } else {
    expect_error(words, got, &err, want, words);
  }
  return g;
}

static int32_t nearest(GlobalRouter *g, RouteQuery q) {
  Error err = {0};
  const double *cosine;
  expect_ok("nearest", global_cosines(g, &q, &cosine, &err), &err);
  return global_nearest(cosine, 3);
}

static void retrieval_takes_the_largest_cosine(void **state) {
  Fixture f = {0};
  Error err = {0};
  Embeddings first, both;
  Pool *pool;
  fixture_open(&f, *state);
  expect_ok("pool",
            pool_open(&pool, f.m.dir, &f.model->modules, tiny_sample(f.model).hex, NULL, &err),
            &err);
  open_router(&f, pool, GLOBAL_BY_EXAMPLE, STATUS_INPUT,
              "examples-lexical-1-|is missing|--examples");
  ExampleFile two[] = {{"count", f.files[1]}, {"sort", f.files[0]}},
              one[] = {{"rhyme", f.files[2]}};
  make(&f, &first, two, 2, 9, NULL);
  open_router(&f, pool, GLOBAL_BY_EXAMPLE, STATUS_INPUT,
              "expert 'rhyme' has no example embedding|--examples");
  make(&f, &both, one, 1, 9, &first);
  GlobalRouter *g = open_router(&f, pool, GLOBAL_BY_EXAMPLE, STATUS_OK, "");
  assert_int_equal(nearest(g, (RouteQuery){.input = "zebra antler"}), 0);
  assert_int_equal(nearest(g, (RouteQuery){.input = "nine trees"}), 1);
  /* The instruction is not what is compared. */
  assert_int_equal(nearest(g, (RouteQuery){.instruction = "nine trees", .input = "in june"}), 2);
  global_router_close(g);
  GlobalSettings s = {.embedder = EMBEDDER_LEXICAL};
  s.embedder = EMBEDDER_PRECOMPUTED;
  s.embeddings = f.files[0];
  Status got = global_router_open(&g, &s, GLOBAL_BY_EXAMPLE, pool,
                                  (Base[]){tiny_base(f.model, NULL)}, 1, &err);
  expect_error("precomputed", got, &err, STATUS_USAGE, "retrieval.by: example|precomputed");
  embeddings_free(&first);
  embeddings_free(&both);
  pool_close(pool);
  fixture_close(&f);
}

/* The cosine of a row with the mean of the rows [first, first + count). */
static double mean_cosine(const Embeddings *e, int64_t row, int64_t first, int64_t count) {
  double dot = 0, query = 0, mean = 0;
  for (int64_t k = 0; k < e->dim; k++) {
    double q = (double)e->vector[row * e->dim + k], m = 0;
    for (int64_t i = first; i < first + count; i++) m += (double)e->vector[i * e->dim + k];
    m /= (double)count;
    dot += q * m;
    query += q * q;
    mean += m * m;
  }
  return dot / sqrt(query * mean);
}

/* The query is the first example of sort, whose vector is the first row. */
static void retrieval_by_the_mean_of_examples(void **state) {
  static const int64_t ROWS[COUNT + 1] = {0, 2, 5, 6};
  Fixture f = {0};
  Error err = {0};
  Embeddings made;
  Pool *pool;
  fixture_open(&f, *state);
  expect_ok("pool",
            pool_open(&pool, f.m.dir, &f.model->modules, tiny_sample(f.model).hex, NULL, &err),
            &err);
  ExampleFile all[] = {{"sort", f.files[0]}, {"count", f.files[1]}, {"rhyme", f.files[2]}};
  make(&f, &made, all, COUNT, 9, NULL);
  GlobalRouter *g = open_router(&f, pool, GLOBAL_BY_EXAMPLE_MEAN, STATUS_OK, "");
  const double *got;
  const RouteQuery query = {.instruction = "Count what is not read.", .input = "pear apple"};
  expect_ok("cosines", global_cosines(g, &query, &got, &err), &err);
  for (int i = 0; i < COUNT; i++)
    assert_true(fabs(got[i] - mean_cosine(&made, 0, ROWS[i], ROWS[i + 1] - ROWS[i])) < 1e-6);
  assert_true(got[0] < 0.99 && got[1] > 0); /* of two rows, and of one that shares a word */
  embeddings_free(&made);
  global_router_close(g);
  pool_close(pool);
  fixture_close(&f);
}

/* ---- refusals ---- */

static void bad_examples_are_refused(void **state) {
  Fixture f = {0};
  fixture_open(&f, *state);
  write_lines(*state, "blank.jsonl", (const char *const[]){"a", " "}, 2);
  scratch_write(*state, "empty.jsonl", "", 0);
  char blank[PATH_MAX], empty[PATH_MAX];
  snprintf(blank, sizeof blank, "%s/blank.jsonl", ((Scratch *)*state)->dir);
  snprintf(empty, sizeof empty, "%s/empty.jsonl", ((Scratch *)*state)->dir);
  const struct {
    ExampleFile file[2];
    int files;
    const char *key;
    Status status;
    const char *words;
  } cases[] = {
      {{{"srot", f.files[0]}}, 1, "question", STATUS_USAGE, "has no expert 'srot'"},
      {{{"sort", f.files[0]}, {"sort", f.files[1]}}, 2, "question", STATUS_USAGE, "given twice"},
      {{{"sort", f.files[0]}}, 1, "input", STATUS_INPUT, "sort.jsonl: line 1: input: "},
      {{{"sort", blank}},
       1,
       "question",
       STATUS_INPUT,
       "blank.jsonl: line 2: question: |no content"},
      {{{"sort", empty}}, 1, "question", STATUS_INPUT, "empty.jsonl: holds no examples"},
      {{{"sort", "nowhere.jsonl"}}, 1, "question", STATUS_INPUT, "nowhere.jsonl: "},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Error err = {0};
    Embeddings out;
    Status got = embed_examples(&out, f.e, &f.m, cases[i].file, cases[i].files, cases[i].key, 10,
                                NULL, NULL, &err);
    expect_error(cases[i].words, got, &err, cases[i].status, cases[i].words);
    assert_null(out.vector);
  }
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_added),
      cmocka_unit_test(retrieval_takes_the_largest_cosine),
      cmocka_unit_test(retrieval_by_the_mean_of_examples),
      cmocka_unit_test(bad_examples_are_refused),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
