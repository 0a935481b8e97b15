/* Generation: batches of items over a cache of keys and values (infer/t5/t5_cache.h). */
#include <stdlib.h>
#include <string.h>

#include "infer/predict/generation.h"

static const ArenaMark EMPTY = {0, 0};
static const GenerationConfig NOTHING_ASKED = {.start = -1};

/* What the inputs of a batch count: themselves, and the room that their beams have in
 * the cache. */
static int64_t batch_tokens(const TokenList *input, const PredictSettings *s) {
  return tokens_total(input) + input->count * s->beams * s->max_output;
}

/* Takes as many of the n items as fit, at least one. */
static Status fill_batch(TokenList *input, Predictor *p, const Item *item, int64_t n, Error *err) {
  const PredictSettings *s = &p->settings;
  tokens_keep(input, 0);
  while (input->count < n) {
    SequenceLoss loss = {0};
    TRY(tokens_add(input, p->tokenizer, item[input->count].input, s->max_input, &loss, err));
    bool fits = input->count == 1 || batch_tokens(input, s) <= s->batch_tokens;
    if (fits) sequence_loss_add(&p->loss.input, &loss);
    if (fits) continue;
    tokens_keep(input, input->count - 1);
    break;
  }
  return STATUS_OK;
}

static Status make_cache(Generation *g, const TokenList *input) {
  Ragged examples = tokens_ragged(input);
  ArenaMark mark = arena_mark(g->c->arena);
  int64_t sequences = g->examples * g->beams;
  int64_t *source = context_alloc(g->c, (size_t)sequences * sizeof *source);
  for (int64_t s = 0; source && s < sequences; s++) source[s] = s / g->beams;
  Tensor *encoded = t5_encode(g->c, g->run, input->ids, examples);
  Status status = t5_cache_new(&g->cache, g->c, g->run, encoded, examples, source, sequences,
                               g->p->settings.max_output);
  arena_release(g->c->arena, mark);
  return status;
}

static Status generate_batch(Generation *g, const TokenList *input) {
  size_t sequences = (size_t)(g->examples * g->beams), examples = (size_t)g->examples;
  size_t tokens = examples * (size_t)g->p->settings.max_output;
  g->added = context_alloc(g->c, (sequences + 1) * sizeof *g->added);
  g->next = context_alloc(g->c, sequences * sizeof *g->next);
  g->length = context_alloc(g->c, examples * sizeof *g->length);
  g->tokens = context_alloc(g->c, tokens * sizeof *g->tokens);
  if (!g->tokens) return g->c->error->status;
  TRY(make_cache(g, input));
  return g->p->settings.beams > 1 ? generate_beams(g) : generate_greedy(g);
}

static Status write_texts(const Generation *g, char **texts) {
  for (int64_t i = 0; i < g->examples; i++) {
    const int32_t *ids = g->tokens + i * g->p->settings.max_output;
    TRY(tokenizer_decode(g->p->tokenizer, ids, g->length[i], &texts[i], g->c->error));
  }
  return STATUS_OK;
}

/* Every sequence's rows count: what was generated is what was decoded. */
static Status keep_all(Predictor *p, int64_t sequences, Error *err) {
  bool *keep = malloc((size_t)sequences * sizeof *keep);
  if (!keep) return error_set(err, STATUS_RUN, "out of memory: the sequences that count");
  for (int64_t s = 0; s < sequences; s++) keep[s] = true;
  Status status = predict_route_end(p, STATUS_OK, keep, sequences, err);
  free(keep);
  return status;
}

static Status run_batch(Predictor *p, const Asking *asking, const Item *item,
                        const TokenList *input, char **texts, Error *err) {
  PredictRoute route;
  const int64_t tokens = batch_tokens(input, &p->settings);
  if (tokens > p->largest) p->largest = tokens;
  p->tokens.input += tokens_total(input);
  Status status = predict_route(p, asking, item, input, &route, err);
  if (status == STATUS_OK) {
    Context c = context_make(p->arena, NULL, p->settings.threads, err);
    c.precision = p->settings.precision;
    T5Run run = {p->model, route.adapters, false};
    Generation g = {.p = p,
                    .run = &run,
                    .c = &c,
                    .item = item,
                    .examples = input->count,
                    .beams = p->settings.beams,
                    .asked = p->settings.generation ? p->settings.generation : &NOTHING_ASKED};
    status = generate_batch(&g, input);
    if (status == STATUS_OK) status = write_texts(&g, texts);
    t5_cache_free(g.cache);
    arena_release(p->arena, EMPTY);
  }
  predict_route_free(&route);
  if (p->watcher && status == STATUS_OK) status = keep_all(p, input->count, err);
  return status == STATUS_OK ? status : predict_route_end(p, status, NULL, 0, err);
}

Status predict_texts(Predictor *p, const Asking *asking, const Item *item, int64_t n, char **texts,
                     Error *err) {
  TokenList input = {0};
  Status status = STATUS_OK;
  for (int64_t i = 0; i < n; i++) texts[i] = NULL;
  for (int64_t i = 0; i < n && status == STATUS_OK; i += input.count) {
    status = fill_batch(&input, p, item + i, n - i, err);
    if (status == STATUS_OK) status = run_batch(p, asking, item + i, &input, texts + i, err);
  }
  tokens_free(&input);
  for (int64_t i = 0; i < n && status != STATUS_OK; i++) {
    free(texts[i]);
    texts[i] = NULL;
  }
  return status;
}
