/* Rank classification (Sanh et al. 2021, arXiv 2110.08207), by the mean log-likelihood of a
 * choice's tokens. */
#include <math.h>
#include <stdlib.h>

#include "data/examples/sequence.h"
#include "infer/predict/predict_internal.h"

static const ArenaMark EMPTY = {0, 0};

/* The items that are scored in one forward. */
typedef struct Forward {
  const Item *item; /* [items] */
  int64_t items;
  TokenList input;  /* one an item */
  TokenList choice; /* those of the first item that differ, of the second, ... */
} Forward;

static void forward_free(Forward *f) {
  tokens_free(&f->input);
  tokens_free(&f->choice);
}

/* How many choices of an item before choice k are not alike, and so have a sequence each. */
static int64_t sequences_before(const Item *item, int k) {
  int64_t count = 0;
  for (int i = 0; i < k; i++) count += item_alike(item, i) == i;
  return count;
}

static int64_t sequences_of(const Item *item) {
  return sequences_before(item, item->choices);
}

static Status add_item(Forward *f, const Predictor *p, const Item *item, PredictLoss *loss,
                       Error *err) {
  const PredictSettings *s = &p->settings;
  TRY(tokens_add(&f->input, p->tokenizer, item->input, s->max_input, &loss->input, err));
  for (int i = 0; i < item->choices; i++) {
    if (item_alike(item, i) < i) continue;
    TRY(tokens_add(&f->choice, p->tokenizer, item->choice[i], s->max_target, &loss->choice, err));
  }
  return STATUS_OK;
}

/* Takes as many of the n items as fit, at least one. */
static Status fill_forward(Forward *f, Predictor *p, const Item *item, int64_t n, Error *err) {
  f->item = item;
  tokens_keep(&f->input, 0);
  tokens_keep(&f->choice, 0);
  for (f->items = 0; f->items < n; f->items++) {
    int64_t choices = f->choice.count;
    PredictLoss loss = {0};
    TRY(add_item(f, p, &item[f->items], &loss, err));
    bool fits = tokens_total(&f->input) + tokens_total(&f->choice) <= p->settings.batch_tokens;
    if (f->items > 0 && !fits) {
      tokens_keep(&f->input, f->items);
      tokens_keep(&f->choice, choices);
      break;
    }
    sequence_loss_add(&p->loss.input, &loss.input);
    sequence_loss_add(&p->loss.choice, &loss.choice);
  }
  return STATUS_OK;
}

/* The choices as the decoder reads them: shifted right, behind the start token. */
static int32_t *shift_choices(Context *c, const TokenList *t, int32_t start) {
  int32_t *ids = context_alloc(c, (size_t)tokens_total(t) * sizeof *ids);
  for (int64_t s = 0; ids && s < t->count; s++) {
    int64_t at = t->offset[s], n = t->offset[s + 1] - at;
    sequence_shift_right(t->ids + at, n, start, ids + at);
  }
  return ids;
}

static int64_t *choice_sources(Context *c, const Forward *f) {
  int64_t *source = context_alloc(c, (size_t)f->choice.count * sizeof *source);
  for (int64_t i = 0, s = 0; source && i < f->items; i++) {
    for (int64_t k = sequences_of(&f->item[i]); k > 0; k--) source[s++] = i;
  }
  return source;
}

/* -log p of every token of every choice; NULL with the context's error set. */
static float *choice_losses(Context *c, const T5Run *run, const Forward *f) {
  const T5 *model = run->model;
  Ragged input = tokens_ragged(&f->input), choice = tokens_ragged(&f->choice);
  const int32_t *ids = shift_choices(c, &f->choice, model->config.decoder_start_id);
  const int64_t *source = choice_sources(c, f);
  float *nll = context_alloc(c, (size_t)tokens_total(&f->choice) * sizeof *nll);
  Tensor *encoded = t5_encode(c, run, f->input.ids, input);
  Tensor *decoded = t5_decode(c, run, encoded, input, ids, (Rows){choice, source});
  Tensor *loss =
      op_cross_entropy(c, decoded, model->head, model->head_scale, f->choice.ids, 1, nll);
  return loss ? nll : NULL;
}

/* The score of choice k, whose tokens are those of sequence `at`. */
static Status score_choice(const Item *item, const TokenList *choice, int64_t at, const float *nll,
                           int k, Score *out, Error *err) {
  int64_t begin = choice->offset[at], end = choice->offset[at + 1];
  for (int64_t t = begin; t < end; t++) out->loglik[k] -= (double)nll[t];
  if (!isfinite(out->loglik[k])) {
    return error_set(err, STATUS_RUN,
                     "item %s: the log-likelihood of choice %d is not finite; the weights do not "
                     "bear this input",
                     item->id, k);
  }
  out->score[k] = out->loglik[k] / ((double)(end - begin) + 1e-6);
  if (out->score[k] > out->score[out->prediction]) out->prediction = k;
  return STATUS_OK;
}

/* `first` is the sequence of the item's first choice. */
static Status score_item(const Item *item, const TokenList *choice, int64_t first, const float *nll,
                         Score *out, Error *err) {
  size_t n = (size_t)item->choices;
  *out = (Score){.choices = item->choices,
                 .score = calloc(n, sizeof *out->score),
                 .loglik = calloc(n, sizeof *out->loglik)};
  if (!out->score || !out->loglik) return error_set(err, STATUS_RUN, "out of memory: the scores");
  for (int k = 0; k < item->choices; k++) {
    int alike = item_alike(item, k);
    if (alike == k) TRY(score_choice(item, choice, first++, nll, k, out, err));
    out->score[k] = out->score[alike];
    out->loglik[k] = out->loglik[alike];
  }
  return STATUS_OK;
}

/* Marks the choices of unknown tokens alone, and counts them, alike ones once. */
static Status mark_unknown(Predictor *p, const Item *item, const TokenList *choice, int64_t first,
                           Score *out, Error *err) {
  for (int k = 0; k < item->choices; k++) {
    int alike = item_alike(item, k);
    bool unknown = alike < k && out->unknown && out->unknown[alike];
    if (alike == k) {
      int64_t at = choice->offset[first++];
      unknown = sequence_is_unknown(p->tokenizer, choice->ids + at, choice->offset[first] - at);
      p->loss.unknown_choices += unknown;
    }
    if (!unknown) continue;
    if (!out->unknown) out->unknown = calloc((size_t)item->choices, sizeof *out->unknown);
    if (!out->unknown) return error_set(err, STATUS_RUN, "out of memory: the scores");
    out->unknown[k] = true;
  }
  return STATUS_OK;
}

static Status read_scores(Predictor *p, const Forward *f, const float *nll, Score *out,
                          Error *err) {
  for (int64_t i = 0, first = 0; i < f->items; first += sequences_of(&f->item[i]), i++) {
    TRY(score_item(&f->item[i], &f->choice, first, nll, &out[i], err));
    TRY(mark_unknown(p, &f->item[i], &f->choice, first, &out[i], err));
  }
  return STATUS_OK;
}

/* Of the decoder's rows those of the predicted choices count. */
static Status keep_predicted(Predictor *p, const Forward *f, const Score *score, Error *err) {
  bool *keep = calloc((size_t)f->choice.count, sizeof *keep);
  if (!keep) return error_set(err, STATUS_RUN, "out of memory: the choices that count");
  for (int64_t i = 0, first = 0; i < f->items; first += sequences_of(&f->item[i]), i++) {
    keep[first + sequences_before(&f->item[i], score[i].prediction)] = true;
  }
  Status status = predict_route_end(p, STATUS_OK, keep, f->choice.count, err);
  free(keep);
  return status;
}

static Status run_forward(Predictor *p, const Asking *asking, const Forward *f, Score *out,
                          Error *err) {
  PredictRoute route;
  const int64_t tokens = tokens_total(&f->input) + tokens_total(&f->choice);
  if (tokens > p->largest) p->largest = tokens;
  p->tokens.input += tokens_total(&f->input);
  p->tokens.output += tokens_total(&f->choice);
  Status status = predict_route(p, asking, f->item, &f->input, &route, err);
  if (status == STATUS_OK) {
    Context c = context_make(p->arena, NULL, p->settings.threads, err);
    c.precision = p->settings.precision;
    T5Run run = {p->model, route.adapters, false};
    const float *nll = choice_losses(&c, &run, f);
    status = nll ? read_scores(p, f, nll, out, err) : err->status;
    arena_release(p->arena, EMPTY);
  }
  predict_route_free(&route);
  if (p->watcher && status == STATUS_OK) status = keep_predicted(p, f, out, err);
  return status == STATUS_OK ? status : predict_route_end(p, status, NULL, 0, err);
}

static Status check_choices(const Item *item, int64_t n, Error *err) {
  for (int64_t i = 0; i < n; i++) {
    if (item[i].choices > 0) continue;
    return error_set(err, STATUS_INPUT,
                     "item %s: has no choices to score; give it some, or generate", item[i].id);
  }
  return STATUS_OK;
}

Status predict_scores(Predictor *p, const Asking *asking, const Item *item, int64_t n, Score *out,
                      Error *err) {
  Forward f = {0};
  for (int64_t i = 0; i < n; i++) out[i] = (Score){0};
  TRY(check_choices(item, n, err));
  Status status = STATUS_OK;
  for (int64_t i = 0; i < n && status == STATUS_OK; i += f.items) {
    status = fill_forward(&f, p, item + i, n - i, err);
    if (status == STATUS_OK) status = run_forward(p, asking, &f, out + i, err);
  }
  forward_free(&f);
  for (int64_t i = 0; i < n && status != STATUS_OK; i++) score_free(&out[i]);
  return status;
}

void score_free(Score *s) {
  free(s->score);
  free(s->loglik);
  free(s->unknown);
  *s = (Score){0};
}
