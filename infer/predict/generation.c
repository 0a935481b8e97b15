#include "infer/predict/generation.h"

#include "autograd/ground/parallel.h"

int64_t generation_continuations(const PredictSettings *s) {
  int64_t ends = s->generation ? s->generation->rules.eos.count : 0;
  return s->beams * (ends > 1 ? ends + 1 : 2);
}

int32_t generation_start(const Generation *g) {
  return g->asked->start >= 0 ? g->asked->start : g->run->model->config.decoder_start_id;
}

bool generation_is_end(const Generation *g, int32_t token) {
  return generation_ends(&g->asked->rules, tokenizer_eos(g->p->tokenizer), token);
}

void generation_apply(const Generation *g, const int32_t *token, int64_t count, float *score,
                      int64_t vocab) {
  const GenerationRules *rules = &g->asked->rules;
  Written w = {generation_start(g), token, count, g->p->settings.max_output};
  generation_rules_apply(rules, &w, tokenizer_eos(g->p->tokenizer), score, vocab);
}

Tensor *generation_step(const Generation *g) {
  g->p->tokens.output += g->added[g->examples * g->beams];
  return t5_decode_next(g->c, g->run, g->cache, g->next,
                        (Ragged){g->examples * g->beams, g->added});
}

Status generation_not_finite(const Generation *g, int64_t example) {
  return error_set(g->c->error, STATUS_RUN,
                   "item %s: a logit is not finite; the weights do not bear this input",
                   g->item[example].id);
}

enum { BLOCK_ELEMENTS = 1 << 22 }; /* of logits held at once */

typedef struct Visit {
  const Kernels *kernels;
  LogitsVisit *visit;
  void *arg;
  int64_t first;
  const Tensor *z;
} Visit;

static void visit_row(void *arg, int64_t task, int worker) {
  (void)worker;
  Visit *v = arg;
  v->visit(v->kernels, v->arg, v->first + task, v->z->data + task * v->z->cols, v->z->cols);
}

void generation_visit_logits(const Generation *g, const Tensor *decoded, LogitsVisit *visit,
                             void *arg) {
  Context *c = g->c;
  if (context_failed(c)) return;
  int64_t block = BLOCK_ELEMENTS / g->run->model->config.vocab_size + 1;
  for (int64_t row = 0; row < decoded->rows && !context_failed(c); row += block) {
    int64_t rows = decoded->rows - row < block ? decoded->rows - row : block;
    ArenaMark mark = arena_mark(c->arena);
    Tensor part = tensor_view(decoded->data + row * decoded->cols, DTYPE_F32, rows, decoded->cols);
    Visit v = {c->kernels, visit, arg, row, t5_logits(c, g->run, &part)};
    if (v.z) parallel_for(c->threads, rows, visit_row, &v);
    arena_release(c->arena, mark);
  }
}
