/* Routing statistics: an example computed by hand, and batches against a plain recount. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autograd/ground/rng.h"
#include "infer/route/routing_stats.h"
#include "infer/route/routing_trace.h"
#include "tests/scratch.h"
#include "tests/tiny.h"
#include "tests/tiny_pool.h"

enum { ENCODER_Q, CROSS_K, CROSS_Q, DECODER_WO, PLACES };
enum { EXPERTS = 5, SLOTS = 2, ROWS_MAX = 12 };

/* One linear for each way of counting. */
static const char *const place_name[PLACES] = {
    "encoder.block.1.layer.0.SelfAttention.q", "decoder.block.0.layer.1.EncDecAttention.k",
    "decoder.block.0.layer.1.EncDecAttention.q", "decoder.block.2.layer.2.DenseReluDense.wo"};

typedef struct World {
  T5 *model;
  RoutingStats *stats;
  const Module *at[PLACES];
} World;

static World world_open(int experts) {
  Error err = {0};
  World w = {.model = tiny_model(true, false)};
  expect_ok("stats", routing_stats_new(&w.stats, &w.model->modules, experts, &err), &err);
  for (int p = 0; p < PLACES; p++)
    assert_non_null(w.at[p] = modules_find(&w.model->modules, place_name[p]));
  return w;
}

static void world_close(World *w) {
  routing_stats_free(w->stats);
  t5_close(w->model);
}

static void commit(RoutingStats *s, const bool *keep, int64_t sequences) {
  Error err = {0};
  expect_ok("keep", routing_stats_watcher(s).keep(s, keep, sequences, &err), &err);
}

/* One forward of one linear: rows of sequences, their softmax and what was chosen, the first slot
 * of a row at weight 0.75 and the second at 0.25. */
typedef struct Call {
  Ragged sequence;
  float softmax[ROWS_MAX * EXPERTS];
  int32_t expert[ROWS_MAX * SLOTS];
  int experts, slots;
} Call;

static void show(RouteWatcher watcher, const World *w, int place, Call *call,
                 const int64_t *source) {
  Bench b;
  bench_open(&b, false, 1);
  int64_t rows = call->sequence.offset[call->sequence.count];
  float weight[ROWS_MAX * SLOTS];
  for (int i = 0; i < ROWS_MAX * SLOTS; i++) weight[i] = i % call->slots ? 0.25f : 0.75f;
  Tensor softmax = tensor_view(call->softmax, DTYPE_F32, rows, call->experts);
  Plan plan = {rows, call->slots, call->expert, weight, AGGREGATE_OUTPUT};
  watcher.see(watcher.arg, &b.c, w->at[place], &(Rows){call->sequence, source}, &softmax, &plan);
  bench_close(&b);
}

static void add(World *w, int place, Call *call, const int64_t *source) {
  show(routing_stats_watcher(w->stats), w, place, call, source);
}

/* Three tokens over two experts, the last where no expert is. */
static void a_small_example_by_hand(void **state) {
  (void)state;
  World w = world_open(2);
  Call call = {.sequence = {2, (const int64_t[]){0, 2, 3}},
               .softmax = {0.75f, 0.25f, 0.5f, 0.5f, 0, 0},
               .expert = {0, 1, 0, -1, -1, -1},
               .experts = 2,
               .slots = 2};
  int id = w.at[ENCODER_Q]->id;
  add(&w, ENCODER_Q, &call, NULL);
  assert_int_equal(routing_stats_tokens(w.stats, id), 0); /* not yet */
  commit(w.stats, NULL, 0);
  assert_int_equal(routing_stats_tokens(w.stats, id), 3);
  const double want[3][2] = {{1.25 / 3, 0.75 / 3}, {2.0 / 3, 1.0 / 3}, {2.0 / 3, 0}};
  for (Statistic what = STATISTIC_WEIGHT; what <= STATISTIC_TOP1; what++) {
    for (int e = 0; e < 2; e++) {
      assert_true(fabs(routing_stats_value(w.stats, what, id, e) - want[what][e]) < 1e-15);
      assert_true(routing_stats_value(w.stats, what, -1, e) ==
                  routing_stats_value(w.stats, what, id, e));
    }
  }
  /* (2 - 3/4 log2 3) bits, 1 bit and none */
  double bits = (2 - 0.75 * log2(3) + 1) / 3;
  assert_true(fabs(routing_stats_entropy(w.stats, id) - bits) < 1e-7);
  assert_true(routing_stats_entropy(w.stats, -1) == routing_stats_entropy(w.stats, id));
  assert_true(routing_stats_entropy(w.stats, w.at[CROSS_K]->id) == 0);
  world_close(&w);
}

static void names_of_the_statistics(void **state) {
  (void)state;
  assert_string_equal(statistic_name(STATISTIC_WEIGHT), "weight");
  assert_string_equal(statistic_name(STATISTIC_SHARE), "share");
  assert_string_equal(statistic_name(STATISTIC_TOP1), "top1");
}

/* The plain recount. */

typedef struct Recount {
  double sum[3][EXPERTS], entropy, tokens, pairs;
} Recount;

static void recount_row(Recount *r, const Call *call, int64_t t) {
  const float *p = call->softmax + t * call->experts;
  int best = -1;
  r->tokens++;
  for (int e = 0; e < call->experts; e++) {
    r->sum[STATISTIC_WEIGHT][e] += (double)p[e];
    if (p[e] > 0) r->entropy -= (double)p[e] * log2((double)p[e]);
    if (p[e] > 0 && (best < 0 || p[e] > p[best])) best = e;
    for (int k = 0; k < call->slots; k++) {
      if (call->expert[t * call->slots + k] != e) continue;
      r->sum[STATISTIC_SHARE][e]++;
      r->pairs++;
    }
  }
  if (best >= 0) r->sum[STATISTIC_TOP1][best]++;
}

static double recounted(const Recount *r, Statistic what, int expert) {
  return r->sum[what][expert] / (what == STATISTIC_SHARE ? r->pairs : r->tokens);
}

/* Random weights that sum to 1, some of them 0, and up to two distinct experts a row. */
static void fill(Call *call, uint64_t key) {
  Rng rng = {.key = key};
  call->experts = EXPERTS;
  call->slots = SLOTS;
  for (int t = 0; t < ROWS_MAX; t++) {
    double raw[EXPERTS], sum = 0;
    for (int e = 0; e < EXPERTS; e++) {
      double draw = (double)rng_below(&rng, 100);
      sum += raw[e] = draw < 20 && e ? 0 : draw + 1;
    }
    for (int e = 0; e < EXPERTS; e++) call->softmax[t * EXPERTS + e] = (float)(raw[e] / sum);
    int32_t first = (int32_t)rng_below(&rng, EXPERTS);
    int32_t step = (int32_t)rng_below(&rng, EXPERTS);
    call->expert[t * SLOTS] = first;
    call->expert[t * SLOTS + 1] = step ? (first + step) % EXPERTS : -1;
  }
}

/* Two batches of three decoded sequences over two examples, in two steps each as in cached
 * decoding; of a batch one or two sequences are kept. Between them a batch is discarded. */
static void run_batches(World *w, Recount recount[PLACES]) {
  static const int64_t in[] = {0, 7, 11}, out[2][4] = {{0, 1, 4, 6}, {0, 2, 2, 3}};
  static const int64_t source[] = {0, 1, 1};
  static const bool keep[3][3] = {{true, false, true}, {true, true, true}, {false, true, false}};
  memset(recount, 0, PLACES * sizeof *recount);
  for (uint64_t batch = 0; batch < 3; batch++) {
    for (uint64_t call_at = 0; call_at < 2 * PLACES; call_at++) {
      int place = (int)(call_at % PLACES), step = (int)(call_at / PLACES);
      bool by_example = place == ENCODER_Q || place == CROSS_K;
      if (by_example && step) continue; /* once a batch */
      Call call = {.sequence = by_example ? (Ragged){2, in} : (Ragged){3, out[step]}};
      fill(&call, rng_key(batch, call_at, 0, 4));
      add(w, place, &call, by_example ? NULL : source);
      for (int64_t s = 0; batch != 1 && s < call.sequence.count; s++)
        for (int64_t t = call.sequence.offset[s]; t < call.sequence.offset[s + 1]; t++)
          if (by_example || keep[batch][s]) recount_row(&recount[place], &call, t);
    }
    if (batch == 1) {
      routing_stats_watcher(w->stats).drop(w->stats);
    } else {
      commit(w->stats, keep[batch], 3);
    }
  }
}

static void batches_agree_with_a_recount(void **state) {
  (void)state;
  World w = world_open(EXPERTS);
  Recount recount[PLACES];
  run_batches(&w, recount);
  double mean[3][EXPERTS] = {{0}}, bits = 0;
  for (int p = 0; p < PLACES; p++) {
    int id = w.at[p]->id;
    assert_int_equal(routing_stats_tokens(w.stats, id), (int64_t)recount[p].tokens);
    double entropy = recount[p].entropy / recount[p].tokens;
    assert_true(fabs(routing_stats_entropy(w.stats, id) - entropy) < 1e-6);
    bits += entropy / PLACES;
    for (Statistic what = STATISTIC_WEIGHT; what <= STATISTIC_TOP1; what++) {
      for (int e = 0; e < EXPERTS; e++) {
        double want = recounted(&recount[p], what, e);
        assert_true(fabs(routing_stats_value(w.stats, what, id, e) - want) < 1e-12);
        mean[what][e] += want / PLACES;
      }
    }
  }
  assert_int_equal(recount[ENCODER_Q].tokens, 2 * 11);
  assert_int_equal(recount[DECODER_WO].tokens, (1 + 2) + (2 + 1) + 3); /* sequences 0, 2; 1 */
  assert_true(fabs(routing_stats_entropy(w.stats, -1) - bits) < 1e-6);
  for (Statistic what = STATISTIC_WEIGHT; what <= STATISTIC_TOP1; what++)
    for (int e = 0; e < EXPERTS; e++)
      assert_true(fabs(routing_stats_value(w.stats, what, -1, e) - mean[what][e]) < 1e-12);
  world_close(&w);
}

/* Rows enough to be worth threads, random, of an encoder's and of a decoder's linear. */
static void run_many_rows(World *w, int threads) {
  enum { ROWS = 7000 };
  static float softmax[ROWS * EXPERTS], weight[ROWS * SLOTS];
  static int32_t chosen[ROWS * SLOTS];
  static const int64_t offset[] = {0, 2500, 2501, ROWS}, source[] = {0, 0, 1};
  Rng rng = {.key = 5};
  for (int i = 0; i < ROWS * EXPERTS; i++) softmax[i] = (float)rng_below(&rng, 1000) / 5000;
  for (int i = 0; i < ROWS * SLOTS; i++) chosen[i] = (int32_t)rng_below(&rng, EXPERTS);
  Tensor values = tensor_view(softmax, DTYPE_F32, ROWS, EXPERTS);
  Plan plan = {ROWS, SLOTS, chosen, weight, AGGREGATE_OUTPUT};
  RouteWatcher watcher = routing_stats_watcher(w->stats);
  Bench b;
  bench_open(&b, false, threads);
  Ragged sequence = {3, offset};
  watcher.see(w->stats, &b.c, w->at[ENCODER_Q], &(Rows){sequence, NULL}, &values, &plan);
  watcher.see(w->stats, &b.c, w->at[DECODER_WO], &(Rows){sequence, source}, &values, &plan);
  bench_close(&b);
  commit(w->stats, (const bool[]){true, true, false}, 3);
}

static void threads_change_no_bit(void **state) {
  (void)state;
  World one = world_open(EXPERTS), two = world_open(EXPERTS);
  run_many_rows(&one, 1);
  run_many_rows(&two, 2);
  assert_int_equal(routing_stats_tokens(one.stats, one.at[ENCODER_Q]->id), 7000);
  assert_int_equal(routing_stats_tokens(one.stats, one.at[DECODER_WO]->id), 2501);
  for (int p = 0; p < PLACES; p++) {
    int id = one.at[p]->id;
    assert_true(routing_stats_entropy(one.stats, id) == routing_stats_entropy(two.stats, id));
    for (Statistic what = STATISTIC_WEIGHT; what <= STATISTIC_TOP1; what++)
      for (int e = 0; e < EXPERTS; e++)
        assert_true(routing_stats_value(one.stats, what, id, e) ==
                    routing_stats_value(two.stats, what, id, e));
  }
  world_close(&one);
  world_close(&two);
}

/* Two choices of two and one tokens, decoded one token at a time; the first is kept. */
static void a_trace_follows_the_tokens(void **state) {
  (void)state;
  World w = world_open(2);
  RoutingTrace trace = {.experts = 2, .modules = w.model->modules.count};
  RouteWatcher watcher = routing_trace_watcher(&trace);
  Call encoder = {.sequence = {1, (const int64_t[]){0, 2}},
                  .softmax = {1, 0, 0, 1},
                  .expert = {0, 1, 1, -1},
                  .experts = 2,
                  .slots = 2};
  show(watcher, &w, ENCODER_Q, &encoder, NULL);
  encoder.expert[0] = 1, encoder.expert[1] = 0;
  show(watcher, &w, CROSS_K, &encoder, NULL);
  static const int64_t source[] = {0, 0};
  for (int place = CROSS_Q; place <= DECODER_WO; place++) {
    Call step = {.sequence = {2, (const int64_t[]){0, 1, 2}},
                 .softmax = {1, 0, 0, 1},
                 .expert = {0, -1, 1, -1},
                 .experts = 2,
                 .slots = 2};
    show(watcher, &w, place, &step, source);
    step.sequence = (Ragged){2, (const int64_t[]){0, 1, 1}};
    step.expert[0] = place == CROSS_Q ? 0 : 1;
    show(watcher, &w, place, &step, source);
  }
  assert_int_equal(trace.decoder.count, 0); /* not yet */
  Error err = {0};
  expect_ok("keep", watcher.keep(&trace, (const bool[]){true, false}, 2, &err), &err);
  const double want[2][2][2] = {{{0.5, 0.5}, {0, 0.75}}, {{0.75, 0}, {0.375, 0.375}}};
  const TraceTokens *const side[] = {&trace.encoder, &trace.decoder};
  for (int i = 0; i < 2; i++) {
    assert_int_equal(side[i]->count, 2);
    for (int t = 0; t < 2; t++)
      for (int e = 0; e < 2; e++)
        assert_true(routing_trace_weight(&trace, side[i], t, e) == want[i][t][e]);
  }
  routing_trace_free(&trace);
  world_close(&w);
}

/* What a file of routing statistics holds. */
static void the_report_as_json(void **state) {
  Error err = {0};
  Pool *pool;
  World w = world_open(2);
  const TinyExpert expert[] = {{"one", "q", 2, 1, DTYPE_F32, false, NULL},
                               {"two", "wo", 2, 5, DTYPE_F32, false, NULL}};
  char dir[PATH_MAX];
  strcpy(dir, scratch_path(*state, "pool"));
  tiny_pool(dir, w.model, expert, 2);
  expect_ok("open", pool_open(&pool, dir, &w.model->modules, tiny_sample(w.model).hex, NULL, &err),
            &err);
  Call call = {.sequence = {1, (const int64_t[]){0, 2}},
               .softmax = {0.75f, 0.25f, 0.5f, 0.5f},
               .expert = {0, 1, 0, -1},
               .experts = 2,
               .slots = 2};
  add(&w, DECODER_WO, &call, (const int64_t[]){0});
  commit(w.stats, (const bool[]){true}, 1);
  json_t *report = routing_report_json(w.stats, pool, "boolq", "glider");
  json_t *want = json_pack(
      "{s:s, s:s, s:s, s:b, s:{s:[s, s], s:[{s:s, s:i, s:f, s:[f, f], s:[f, f], s:[f, f]}]}}",
      "task", "boolq", "method", "glider", "pool", dir, "pool_files_verified", true, "routing",
      "experts", "one", "two", "modules", "name", place_name[DECODER_WO], "tokens", 2, "entropy",
      routing_stats_entropy(w.stats, w.at[DECODER_WO]->id), "weight", 0.625, 0.375, "share",
      2.0 / 3, 1.0 / 3, "top1", 1.0, 0.0);
  assert_non_null(want);
  assert_true(json_equal(report, want));
  json_decref(want);
  json_decref(report);
  pool_close(pool);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_small_example_by_hand),      cmocka_unit_test(names_of_the_statistics),
      cmocka_unit_test(batches_agree_with_a_recount), cmocka_unit_test(threads_change_no_bit),
      cmocka_unit_test(a_trace_follows_the_tokens),   cmocka_unit_test(the_report_as_json),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
