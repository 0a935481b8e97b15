/* Greedy decoding: the likeliest token, the lowest id among equals, until EOS or max_output. */
#include <stdlib.h>

#include "infer/predict/generation.h"

/* The choice for every row; -1: its logits are not finite. */
static void pick_likeliest(const Kernels *k, void *arg, int64_t row, const float *z,
                           int64_t vocab) {
  int32_t *best = arg;
  best[row] = -1;
  if (!k->finite(z, vocab)) return;
  float max = k->max(z, vocab);
  for (int32_t j = 0; best[row] < 0; j++)
    if (z[j] == max) best[row] = j;
}

/* The next token of every example that has not ended is that it chose last. */
static int64_t set_next(Generation *g, const bool *ended, const int32_t *last) {
  int64_t rows = 0;
  for (int64_t i = 0; i < g->examples; i++) {
    g->added[i] = rows;
    if (!ended[i]) g->next[rows++] = last[i];
  }
  g->added[g->examples] = rows;
  return rows;
}

static Status take_picked(Generation *g, const int32_t *picked, bool *ended, int32_t *last) {
  int64_t most = g->p->settings.max_output;
  int32_t eos = tokenizer_eos(g->p->tokenizer);
  for (int64_t i = 0; i < g->examples; i++) {
    if (ended[i]) continue;
    last[i] = picked[g->added[i]];
    if (last[i] < 0) return generation_not_finite(g, i);
    g->tokens[i * most + g->length[i]++] = last[i];
    ended[i] = last[i] == eos || g->length[i] == most;
  }
  return STATUS_OK;
}

Status generate_greedy(Generation *g) {
  size_t n = (size_t)g->examples;
  bool *ended = context_alloc(g->c, n * sizeof *ended);
  int32_t *last = context_alloc(g->c, n * sizeof *last);
  int32_t *picked = context_alloc(g->c, n * sizeof *picked);
  for (size_t i = 0; picked && i < n; i++) {
    g->length[i] = 0;
    ended[i] = false;
    last[i] = g->run->model->config.decoder_start_id;
  }
  while (!context_failed(g->c) && set_next(g, ended, last) > 0) {
    ArenaMark mark = arena_mark(g->c->arena);
    generation_visit_logits(g, generation_step(g), pick_likeliest, picked);
    arena_release(g->c->arena, mark);
    if (!context_failed(g->c)) TRY(take_picked(g, picked, ended, last));
  }
  return g->c->error->status;
}
