#include "train/choice_loss.h"

#include <math.h>

bool choice_loss_compares(const LossSettings *settings) {
  return settings->choice > 0 || settings->unlikely > 0;
}

/* Tokens of choices that are not right. */
static int64_t wrong_tokens(const Batch *b) {
  return b->target_tokens - b->right_tokens;
}

static Tensor *micro_loss(Context *c, const T5Run *run, const MicroBatch *m, const Batch *of,
                          const void *arg) {
  const LossSettings *s = arg;
  int64_t wrong = wrong_tokens(of);
  ChoiceSpec spec = {.token = m->target,
                     .choice = m->choice,
                     .right = m->right,
                     .right_weight = s->language / (double)of->right_tokens,
                     .choice_weight = s->choice / (double)of->examples,
                     .unlikely_weight = wrong > 0 ? s->unlikely / (double)wrong : 0,
                     .length_norm = s->length_norm};
  Tensor *nll = t5_choice_nll(c, run, m);
  return nll ? op_choice_loss(c, nll, &spec) : NULL;
}

static double masked_loss(const Batch *of, const void *arg) {
  const LossSettings *s = arg;
  double wrong = (double)wrong_tokens(of);
  double masked = (double)of->choices * (double)of->longest_choice - wrong;
  if (!s->count_masked || !(wrong > 0)) return 0;
  return -s->unlikely * masked * log(1 - exp(-100) + UNLIKELY_EPS) / wrong;
}

BatchLoss choice_loss(const LossSettings *settings) {
  return (BatchLoss){micro_loss, masked_loss, settings};
}
