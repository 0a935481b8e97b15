/* Greedy decoding: the likeliest token, the lowest id among equals, until EOS or max_output. */
#include <stdlib.h>

#include "infer/predict/generation.h"

typedef struct Choices {
  const Generation *g;
  bool rules;
  int64_t *example; /* [rows] whose next token a row is */
  int32_t *best;    /* [rows] the choice; -1: its logits are not finite */
} Choices;

static void pick_likeliest(const Kernels *k, void *arg, int64_t row, float *z, int64_t vocab) {
  const Choices *c = arg;
  const Generation *g = c->g;
  int64_t example = c->example[row];
  c->best[row] = -1;
  if (!k->finite(z, vocab)) return;
  if (c->rules) {
    const int32_t *tokens = g->tokens + example * g->p->settings.max_output;
    generation_apply(g, tokens, g->length[example], z, vocab);
  }
  float max = k->max(z, vocab);
  for (int32_t j = 0; c->best[row] < 0; j++)
    if (z[j] == max) c->best[row] = j;
}

/* The next token of every example that has not ended is that it chose last. */
static int64_t set_next(Generation *g, Choices *c, const bool *ended, const int32_t *last) {
  int64_t rows = 0;
  for (int64_t i = 0; i < g->examples; i++) {
    g->added[i] = rows;
    if (ended[i]) continue;
    c->example[rows] = i;
    g->next[rows++] = last[i];
  }
  g->added[g->examples] = rows;
  return rows;
}

static Status take_picked(Generation *g, const int32_t *picked, bool *ended, int32_t *last) {
  int64_t most = g->p->settings.max_output;
  for (int64_t i = 0; i < g->examples; i++) {
    if (ended[i]) continue;
    last[i] = picked[g->added[i]];
    if (last[i] < 0) return generation_not_finite(g, i);
    g->tokens[i * most + g->length[i]++] = last[i];
    ended[i] = generation_is_end(g, last[i]) || g->length[i] == most;
  }
  return STATUS_OK;
}

Status generate_greedy(Generation *g) {
  size_t n = (size_t)g->examples;
  bool *ended = context_alloc(g->c, n * sizeof *ended);
  int32_t *last = context_alloc(g->c, n * sizeof *last);
  Choices c = {.g = g,
               .rules = generation_rules_any(&g->asked->rules),
               .example = context_alloc(g->c, n * sizeof *c.example),
               .best = context_alloc(g->c, n * sizeof *c.best)};
  for (size_t i = 0; c.best && i < n; i++) {
    g->length[i] = 0;
    ended[i] = false;
    last[i] = generation_start(g);
  }
  while (!context_failed(g->c) && set_next(g, &c, ended, last) > 0) {
    ArenaMark mark = arena_mark(g->c->arena);
    generation_visit_logits(g, generation_step(g), pick_likeliest, &c);
    arena_release(g->c->arena, mark);
    if (!context_failed(g->c)) TRY(take_picked(g, c.best, ended, last));
  }
  return g->c->error->status;
}
