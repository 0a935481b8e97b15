#include <assert.h>
#include <math.h>

#include "autograd/op/ops.h"

/* One item on its way: the loss so far, and where it is wanted the slope of every token. */
typedef struct Scoring {
  const ChoiceSpec *spec;
  const float *nll;
  float *slope; /* [T], or NULL */
  double loss;
} Scoring;

static int64_t begin_of(const ChoiceSpec *s, int64_t choice) {
  return s->token.offset[choice];
}

/* The score z of a choice. */
static double choice_score(const Scoring *s, int64_t choice) {
  double sum = 0;
  int64_t n = ragged_length(s->spec->token, choice), at = begin_of(s->spec, choice);
  for (int64_t t = 0; t < n; t++) sum += (double)s->nll[at + t];
  return sum / pow((double)n, s->spec->length_norm);
}

/* log sum_k e^(-z_k) of the choices [first, end). */
static double log_sum(const Scoring *s, int64_t first, int64_t end) {
  double least = INFINITY, sum = 0;
  for (int64_t k = first; k < end; k++) least = fmin(least, choice_score(s, k));
  for (int64_t k = first; k < end; k++) sum += exp(least - choice_score(s, k));
  return log(sum) - least;
}

/* The losses of the tokens of one choice, and their slopes; `score_slope` is that of its score. */
static void add_choice(Scoring *s, int64_t choice, bool right, double score_slope) {
  const ChoiceSpec *spec = s->spec;
  int64_t n = ragged_length(spec->token, choice), at = begin_of(spec, choice);
  double share = score_slope / pow((double)n, spec->length_norm);
  for (int64_t t = at; t < at + n; t++) {
    double nll = (double)s->nll[t], p = exp(-nll), left = 1 - p + UNLIKELY_EPS;
    s->loss += right ? spec->right_weight * nll : -spec->unlikely_weight * log(left);
    double own = right ? spec->right_weight : -spec->unlikely_weight * p / left;
    if (s->slope) s->slope[t] = (float)(own + share);
  }
}

static void add_item(Scoring *s, int64_t item) {
  const ChoiceSpec *spec = s->spec;
  int64_t first = spec->choice.offset[item], end = spec->choice.offset[item + 1];
  int64_t right = spec->right[item];
  double sum = log_sum(s, first, end);
  s->loss += spec->choice_weight * (choice_score(s, right) + sum);
  for (int64_t k = first; k < end; k++) {
    double share = (k == right ? 1 : 0) - exp(-choice_score(s, k) - sum);
    add_choice(s, k, k == right, spec->choice_weight * share);
  }
}

static void choice_loss_backward(Context *c, Node *node);
static const Op choice_loss_op = {"choice_loss", choice_loss_backward};

Tensor *op_choice_loss(Context *c, Tensor *nll, const ChoiceSpec *spec) {
  if (context_failed(c)) return NULL;
  assert(nll->cols == 1 && spec->token.offset[spec->token.count] == nll->rows);
  assert(spec->choice.offset[spec->choice.count] == spec->token.count);
  Tensor *loss = tensor_new(c, 1, 1);
  Node *node = tape_record(c, &choice_loss_op, loss, &nll, 1);
  Scoring s = {.spec = spec, .nll = nll->data};
  if (node) node->saved = s.slope = context_alloc(c, (size_t)nll->rows * sizeof *s.slope);
  if (context_failed(c)) return NULL;
  for (int64_t i = 0; i < spec->choice.count; i++) add_item(&s, i);
  loss->data[0] = (float)s.loss;
  return loss;
}

static void choice_loss_backward(Context *c, Node *node) {
  const float *slope = node->saved;
  float beta, *dnll = grad_open(c, node->in[0], &beta), dloss = node->out->grad[0];
  for (int64_t t = 0; dnll && t < node->in[0]->rows; t++)
    dnll[t] = (beta != 0 ? dnll[t] : 0) + dloss * slope[t];
}
