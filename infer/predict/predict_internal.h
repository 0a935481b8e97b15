/* predict_internal: what the files of predict share. */
#ifndef SKEIN_PREDICT_INTERNAL_H
#define SKEIN_PREDICT_INTERNAL_H

#include "infer/predict/predict.h"
#include "infer/t5/base.h"

struct Predictor {
  T5 *model;
  const Tokenizer *tokenizer;
  Router *router;              /* NULL: the plain base */
  const RouteWatcher *watcher; /* of plans; or NULL */
  PredictSettings settings;
  Arena *arena; /* empty between forwards */
  PredictLoss loss;
  int64_t largest; /* tokens of the largest forward so far */
  PredictTokens tokens;
  RouteCost *cost; /* NULL: nobody counts */
};

/* Texts as tokens, each with EOS, laid end to end. */
typedef struct TokenList {
  int32_t *ids;
  int64_t *offset; /* [count + 1]; NULL before the first text */
  int64_t count;
} TokenList;

void tokens_free(TokenList *t); /* a zeroed TokenList is allowed */
/* Adds a text, cut so that EOS is the last of at most `most` tokens, and what it loses to *loss. */
Status tokens_add(TokenList *t, const Tokenizer *tokenizer, const char *text, int64_t most,
                  SequenceLoss *loss, Error *err);
/* Keeps the first `count` texts. */
void tokens_keep(TokenList *t, int64_t count);
int64_t tokens_total(const TokenList *t);
static inline Ragged tokens_ragged(const TokenList *t) {
  return (Ragged){t->count, t->offset};
}

/* A forward's adapters: those of the router for these items, or none. */
typedef struct PredictRoute {
  RouteBatch batch;
  RoutedForward forward;
  const AdapterSet *adapters; /* of the forward; NULL: plain base */
} PredictRoute;

/* For items with these inputs, one each. */
Status predict_route(Predictor *p, const Asking *asking, const Item *item, const TokenList *input,
                     PredictRoute *out, Error *err);
void predict_route_free(PredictRoute *r); /* a zeroed PredictRoute is allowed */
/* Tells the watcher, if there is one, which sequences of a forward that ended so count. Returns
 * `status`, or what the watcher makes of success. */
Status predict_route_end(Predictor *p, Status status, const bool *keep, int64_t sequences,
                         Error *err);

#endif
