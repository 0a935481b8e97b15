/* predict: answers of a model, plain or routed, to items: by choosing (rank classification) and by
 * generating. Results do not depend on which items are answered together (beyond rounding).
 *
 * The room infer/predict owns how items become forwards, and forwards scores and texts. It knows a
 * base and a router, and neither tasks, metrics nor how a router chooses. */
#ifndef SKEIN_PREDICT_H
#define SKEIN_PREDICT_H

#include "data/examples/items.h"
#include "data/examples/sequence.h"
#include "infer/predict/generation_config.h"
#include "infer/route/router.h"

typedef struct PredictSettings {
  int threads;
  Precision precision;
  int64_t max_input;     /* tokens of an input, EOS included; 512 */
  int64_t max_target;    /* tokens of a choice, EOS included; 512 */
  int64_t max_output;    /* tokens generated, EOS included */
  int64_t batch_tokens;  /* tokens in one forward (a longer item goes alone) */
  int beams;             /* 1: greedy */
  double length_penalty; /* of beam search: sum of log-likelihoods / length^penalty */
  /* What the base asks of generation: when beam search stops, start and end, rules; borrowed. Its
   * other fields are above for generation_settle. NULL: nothing. */
  const GenerationConfig *generation;
} PredictSettings;

/* Which settings of generation are the user's own. */
typedef struct PredictGiven {
  bool max_output, beams, length_penalty;
} PredictGiven;

/* Takes for the settings that are not given what `g` says, where it says it, and `g` itself; what
 * is given moves from g->taken to g->unused. */
void generation_settle(PredictSettings *s, PredictGiven given, GenerationConfig *g);

typedef struct Predictor Predictor;

/* `router` may be NULL: the plain base. Everything must outlive the predictor. `watcher`, if
 * not NULL, sees the plans: it keeps encoder tokens once an example, decoder tokens of the
 * predicted choice or of what is generated; with more than one beam it is refused (STATUS_USAGE).
 */
Status predictor_open(Predictor **p, const Base *base, Router *router, const RouteWatcher *watcher,
                      const PredictSettings *settings, Error *err);
void predictor_close(Predictor *p); /* NULL is allowed */

/* What of the items answered so far the model did not get to read. Choices that are alike count once;
 * those of unknown tokens alone (sequence.h) differ in nothing but their number. */
typedef struct PredictLoss {
  SequenceLoss input, choice;
  int64_t unknown_choices;
} PredictLoss;
PredictLoss predictor_loss(const Predictor *p);

/* What the largest forward so far was of, and what it took: tokens as batch_tokens counts them, and
 * bytes beyond weights and experts. */
typedef struct PredictCost {
  int64_t tokens;
  size_t bytes;
} PredictCost;
PredictCost predictor_cost(const Predictor *p);

/* Rows of all forwards so far: tokens that the encoder read, and that the decoder did, of choices
 * that were not predicted and of beams, too. */
typedef struct PredictTokens {
  int64_t input, output;
} PredictTokens;
PredictTokens predictor_tokens(const Predictor *p);
/* Counts into *cost what the router adds to forwards from now on; it must outlive the predictor. */
void predictor_count(Predictor *p, RouteCost *cost);

/* How likely each choice is. Those that are alike (item_choices.h) are computed once. */
typedef struct Score {
  int prediction; /* the largest score; the lowest index among equals */
  int choices;
  double *score;  /* [choices] mean log-likelihood of a token, EOS counted: loglik / (n + 1e-6),
                     as in the code of PHATGOOSE and GLIDER */
  double *loglik; /* [choices] its sum, nats */
  bool
      *unknown; /* [choices] those of unknown tokens alone: their score is not theirs; NULL: none */
} Score;

/* What stands in for items that have no task or no instruction of their own; each may be NULL. */
typedef struct Asking {
  const char *task, *instruction; /* as in RouteQuery */
} Asking;

/* What an item is routed by. */
RouteQuery asking_query(const Asking *asking, const Item *item);

/* Scores n items; each must have choices (STATUS_INPUT naming the item). One encoder pass an item,
 * whose states and cross-attention keys and values its choices share. Consecutive items fill a
 * forward. Free each with score_free; on failure there is nothing to free. */
Status predict_scores(Predictor *p, const Asking *asking, const Item *item, int64_t n, Score *out,
                      Error *err);
void score_free(Score *s); /* a zeroed Score is allowed */

/* Generates a text for each of n items, cached, greedy or by beams; texts[i] is freed by the
 * caller; on failure there is nothing to free. A batch holds as many consecutive items as
 * batch_tokens has room for inputs and beams * max_output. Beam search is that of transformers (with
 * early_stopping=False, unless `generation` says otherwise): a result scores sum / length^length_penalty, EOS counted; of the 2n best
 * continuations of a step the first n that end are results and the first n that do not run on; an
 * item stops when the best running beam, scored at its length, is not above the worst of n results
 * (details in predict_beam.c). One beam is greedy search: the likeliest token, the lowest id among
 * equals. The rules of `generation` change the scores before they are looked at. */
Status predict_texts(Predictor *p, const Asking *asking, const Item *item, int64_t n, char **texts,
                     Error *err);

#endif
