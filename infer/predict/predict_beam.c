/* Beam search with n beams, as generate(num_beams=n) of transformers does it:
 *
 *   - A step takes, of the continuations of all running beams, the 2n (n + 1 times the ways to end,
 *     where these are more) with the largest sum of log-likelihoods, the earlier beam and the lower
 *     id among equals. At first only one beam runs.
 *   - A continuation ends with EOS, or when it has max_output tokens. One that ends is a result
 *     only if it is among the first n of them; its score is the sum / length^length_penalty, and
 *     the length counts EOS and not the start token. The n best results are kept.
 *   - The first n that do not end run on.
 *   - An example stops when it has n results and the score that its best running beam would have
 *     at its length is not above that of the worst of them, or at max_output. (A longer beam may
 *     still have scored higher where length_penalty > 0: this is the rule of early_stopping=False.
 *     With True it stops at n results, with "never" its beams are scored at max_output where
 *     length_penalty > 0.)
 *   - Its text is the result with the highest score, the earlier among equals. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/extremum.h"
#include "infer/predict/generation.h"

enum { SPAN = 256 }; /* logits */

typedef struct Candidate {
  float sum; /* of log-likelihoods */
  int32_t beam, token;
} Candidate;

typedef struct Result {
  float score;
  int64_t length;
  int32_t *tokens; /* [max_output] */
} Result;

typedef struct Beams {
  Generation *g;
  int64_t step;       /* tokens that every running beam has */
  int64_t *running;   /* [examples] beams; 0: the example has stopped */
  int64_t *results;   /* [examples] */
  float *sum;         /* [examples, beams] of the running beams */
  int32_t *tokens;    /* [examples, beams, max_output] of the running beams */
  int32_t *moved;     /* [beams, max_output] where those of an example are put in order */
  Result *result;     /* [examples, beams], best first */
  int64_t *from;      /* [examples * beams] for t5_cache_reorder */
  bool rules;         /* change scores */
  int64_t *row_beam;  /* [rows] the beam, of all examples, that each row of a step continues */
  int64_t room;       /* of best continuations */
  Candidate *row_top; /* [rows, room] those of each row; sum NaN: not finite, -inf: none */
  Candidate *top;     /* [room] those of an example */
  int64_t tops;       /* how many there are */
} Beams;

/* Puts a candidate into the list [room] of `count`, best first, behind its equals. */
static int64_t insert_candidate(Candidate *list, int64_t count, int64_t room, Candidate c) {
  int64_t at = count;
  while (at > 0 && c.sum > list[at - 1].sum) at--;
  if (at == room) return count;
  int64_t kept = count < room ? count : room - 1;
  memmove(list + at + 1, list + at, (size_t)(kept - at) * sizeof *list);
  list[at] = c;
  return kept + 1;
}

/* Log-likelihoods in the place of logits, and what the base makes of them. False: they are not
 * finite. */
static bool make_scores(const Kernels *k, const Beams *b, int64_t beam, float *z, int64_t vocab) {
  const Generation *g = b->g;
  float max = k->max(z, vocab);
  double sum = k->exp_sum(NULL, z, max, vocab);
  float rest = (float)log(sum);
  if (!isfinite(max) || !isfinite(sum)) return false;
  for (int64_t j = 0; j < vocab; j++) z[j] = z[j] - max - rest;
  if (b->rules)
    generation_apply(g, b->tokens + beam * g->p->settings.max_output, b->step, z, vocab);
  return true;
}

/* Spans whose largest score is too small are passed over. */
static void best_of_row(const Kernels *k, void *arg, int64_t row, float *z, int64_t vocab) {
  const Beams *b = arg;
  int64_t room = b->room, count = 0;
  Candidate *top = b->row_top + row * room;
  float before = b->sum[b->row_beam[row]];
  bool finite = make_scores(k, b, b->row_beam[row], z, vocab);
  for (int64_t at = 0; at < vocab && finite; at += SPAN) {
    int64_t end = min64(at + SPAN, vocab);
    float most = before + k->max(z + at, end - at);
    if (count == room && !(most > top[room - 1].sum)) continue;
    for (int64_t j = at; j < end; j++) {
      float total = before + z[j];
      if (count < room || total > top[room - 1].sum) {
        count = insert_candidate(top, count, room, (Candidate){total, 0, (int32_t)j});
      }
    }
  }
  if (!finite) top[0].sum = NAN;
}

/* The next token of each running beam is its last; at first the start token. */
static int64_t set_next(Beams *b) {
  Generation *g = b->g;
  int64_t rows = 0, most = g->p->settings.max_output;
  for (int64_t s = 0; s < g->examples * g->beams; s++) {
    g->added[s] = rows;
    if (s % g->beams >= b->running[s / g->beams]) continue;
    b->row_beam[rows] = s;
    g->next[rows++] = b->step > 0 ? b->tokens[s * most + b->step - 1] : generation_start(g);
  }
  g->added[g->examples * g->beams] = rows;
  return rows;
}

/* Fills `top` with the best continuations of the example's beams. */
static Status collect_best(Beams *b, int64_t example) {
  const Generation *g = b->g;
  b->tops = 0;
  for (int32_t beam = 0; beam < b->running[example]; beam++) {
    const Candidate *row = b->row_top + g->added[example * g->beams + beam] * b->room;
    if (isnan(row->sum)) return generation_not_finite(g, example);
    for (int64_t k = 0; k < b->room && row[k].sum > -INFINITY; k++) {
      Candidate c = {row[k].sum, beam, row[k].token};
      b->tops = insert_candidate(b->top, b->tops, b->room, c);
    }
  }
  return STATUS_OK;
}

static float score_of(const Beams *b, float sum, int64_t length) {
  return (float)((double)sum / pow((double)length, b->g->p->settings.length_penalty));
}

/* Keeps the ended continuation if it is one of the n best. */
static void keep_result(Beams *b, int64_t example, const Candidate *c) {
  const Generation *g = b->g;
  int64_t n = b->results[example], most = g->p->settings.max_output;
  Result *list = b->result + example * g->beams;
  Result made = {.score = score_of(b, c->sum, b->step + 1), .length = b->step + 1};
  int64_t at = n;
  while (at > 0 && made.score > list[at - 1].score) at--;
  if (at == g->beams) return;
  int64_t last = n < g->beams ? n : g->beams - 1;
  made.tokens = list[last].tokens;
  memmove(list + at + 1, list + at, (size_t)(last - at) * sizeof *list);
  list[at] = made;
  const int32_t *beam = b->tokens + (example * g->beams + c->beam) * most;
  memcpy(made.tokens, beam, (size_t)b->step * sizeof *beam);
  made.tokens[b->step] = c->token;
  b->results[example] = last + 1;
}

/* The first n that do not end run on, in the places of the old beams. */
static void run_on(Beams *b, int64_t example) {
  const Generation *g = b->g;
  int64_t most = g->p->settings.max_output, n = 0;
  int32_t *tokens = b->tokens + example * g->beams * most;
  for (int64_t k = 0; k < b->tops && n < g->beams; k++) {
    const Candidate *c = &b->top[k];
    if (generation_is_end(g, c->token)) continue;
    memcpy(b->moved + n * most, tokens + c->beam * most, (size_t)b->step * sizeof *tokens);
    b->moved[n * most + b->step] = c->token;
    b->sum[example * g->beams + n] = c->sum;
    b->from[example * g->beams + n] = example * g->beams + c->beam;
    n++;
  }
  memcpy(tokens, b->moved, (size_t)(n * most) * sizeof *tokens);
  b->running[example] = n;
}

static bool has_finished(const Beams *b, int64_t example) {
  const Generation *g = b->g;
  const PredictSettings *s = &g->p->settings;
  int64_t length = b->step + 1, n = g->beams;
  if (length == s->max_output || b->running[example] == 0) return true;
  if (b->results[example] < n) return false;
  if (g->asked->early == EARLY_AT_ONCE) return true;
  if (g->asked->early == EARLY_NEVER && s->length_penalty > 0) length = s->max_output;
  return !(score_of(b, b->sum[example * n], length) > b->result[example * n + n - 1].score);
}

static Status advance_example(Beams *b, int64_t example) {
  const Generation *g = b->g;
  bool last = b->step + 1 == g->p->settings.max_output;
  TRY(collect_best(b, example));
  for (int64_t k = 0; k < min64(g->beams, b->tops); k++) {
    if (last || generation_is_end(g, b->top[k].token)) keep_result(b, example, &b->top[k]);
  }
  run_on(b, example);
  if (has_finished(b, example)) b->running[example] = 0;
  return STATUS_OK;
}

static Status advance_all(Beams *b) {
  const Generation *g = b->g;
  for (int64_t s = 0; s < g->examples * g->beams; s++) b->from[s] = s;
  for (int64_t i = 0; i < g->examples; i++) {
    if (b->running[i] > 0) TRY(advance_example(b, i));
  }
  b->step++;
  return t5_cache_reorder(g->cache, b->from, g->c->error);
}

/* Everything is in the arena. */
static Status beams_init(Beams *b, Generation *g) {
  Context *c = g->c;
  size_t examples = (size_t)g->examples, n = (size_t)g->beams, all = examples * n;
  size_t most = (size_t)g->p->settings.max_output;
  size_t room = (size_t)generation_continuations(&g->p->settings);
  *b = (Beams){.g = g,
               .rules = generation_rules_any(&g->asked->rules),
               .room = (int64_t)room,
               .running = context_alloc(c, examples * sizeof *b->running),
               .results = context_alloc(c, examples * sizeof *b->results),
               .sum = context_alloc(c, all * sizeof *b->sum),
               .tokens = context_alloc(c, all * most * sizeof *b->tokens),
               .moved = context_alloc(c, n * most * sizeof *b->moved),
               .result = context_alloc(c, all * sizeof *b->result),
               .from = context_alloc(c, all * sizeof *b->from),
               .row_beam = context_alloc(c, all * sizeof *b->row_beam),
               .row_top = context_alloc(c, all * room * sizeof *b->row_top),
               .top = context_alloc(c, room * sizeof *b->top)};
  int32_t *tokens = context_alloc(c, all * most * sizeof *tokens);
  if (!tokens) return c->error->status;
  for (size_t i = 0; i < examples; i++) {
    b->running[i] = 1;
    b->results[i] = 0;
    b->sum[i * n] = 0;
  }
  for (size_t i = 0; i < all; i++) b->result[i].tokens = tokens + i * most;
  return STATUS_OK;
}

/* An example without a result, where nothing might come, has no tokens. */
static void take_best(const Beams *b) {
  Generation *g = b->g;
  for (int64_t i = 0; i < g->examples; i++) {
    const Result *best = &b->result[i * g->beams];
    g->length[i] = b->results[i] > 0 ? best->length : 0;
    if (b->results[i] == 0) continue;
    memcpy(g->tokens + i * g->p->settings.max_output, best->tokens,
           (size_t)best->length * sizeof *best->tokens);
  }
}

Status generate_beams(Generation *g) {
  Beams b;
  TRY(beams_init(&b, g));
  while (!context_failed(g->c) && set_next(&b) > 0) {
    ArenaMark mark = arena_mark(g->c->arena);
    generation_visit_logits(g, generation_step(g), best_of_row, &b);
    arena_release(g->c->arena, mark);
    if (!context_failed(g->c)) TRY(advance_all(&b));
  }
  if (!context_failed(g->c)) take_best(&b);
  return g->c->error->status;
}
