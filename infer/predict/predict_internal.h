/* predict_internal: what the files of predict share. */
#ifndef SKEIN_PREDICT_INTERNAL_H
#define SKEIN_PREDICT_INTERNAL_H

#include "infer/predict/predict.h"
#include "infer/t5/t5_cache.h"

struct Predictor {
  T5 *model;
  const Tokenizer *tokenizer;
  Router *router;              /* NULL: the plain base */
  const RouteWatcher *watcher; /* of plans; or NULL */
  PredictSettings settings;
  Arena *arena; /* empty between forwards */
};

/* Texts as tokens, each with EOS, laid end to end. */
typedef struct TokenList {
  int32_t *ids;
  int64_t *offset; /* [count + 1]; NULL before the first text */
  int64_t count;
  int64_t id_room, text_room;
} TokenList;

void tokens_free(TokenList *t); /* a zeroed TokenList is allowed */
/* Adds a text, cut so that EOS is the last of at most `most` tokens. */
Status tokens_add(TokenList *t, const Tokenizer *tokenizer, const char *text, int64_t most,
                  Error *err);
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

Status predict_route(Predictor *p, const Asking *asking, const Item *item, int64_t n,
                     PredictRoute *out, Error *err);
void predict_route_free(PredictRoute *r); /* a zeroed PredictRoute is allowed */
/* Tells the watcher, if there is one, which sequences of a forward that ended so count. Returns `status`, or what the watcher makes of success. */
Status predict_route_end(Predictor *p, Status status, const bool *keep, int64_t sequences,
                         Error *err);

/* Visits the logits [vocab] of every row of decoder states, some rows at a time; rows may be
 * visited in parallel. */
typedef void LogitsVisit(const Kernels *k, void *arg, int64_t row, const float *z, int64_t vocab);
void predict_visit_logits(Context *c, const T5Run *run, const Tensor *decoded, LogitsVisit *visit,
                          void *arg);

/* What is generated of a batch: the cache of its examples, `beams` sequences each, example by
 * example, and the tokens of every example. */
typedef struct Generation {
  Predictor *p;
  const T5Run *run;
  Context *c;
  const Item *item; /* [examples] for messages */
  T5Cache *cache;
  int64_t examples, beams;
  int64_t *added;  /* [examples * beams + 1] offsets of the rows that the next step adds */
  int32_t *next;   /* [examples * beams] the token of each of those rows */
  int32_t *tokens; /* [examples, max_output] */
  int64_t *length; /* [examples] tokens that are there, EOS included */
} Generation;

/* Adds the next tokens to the cache; returns their decoder states. */
Tensor *generation_step(const Generation *g);
Status generation_not_finite(const Generation *g, int64_t example);

/* Fill tokens and length. */
Status generate_greedy(Generation *g);
Status generate_beams(Generation *g);

#endif
