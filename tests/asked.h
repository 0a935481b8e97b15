/* asked: the items and the model that transformers was asked (tests/oracle/make_predict_golden.py),
 * for the tests of scores and texts. */
#ifndef SKEIN_TESTS_ASKED_H
#define SKEIN_TESTS_ASKED_H

#include <jansson.h>

#include "infer/predict/predict.h"
#include "infer/t5/base.h"

enum { ASKED_MOST = 64 };

/* Between forwards of other sizes, relative to a log-likelihood; some ten times what was seen. */
#define ASKED_NEIGHBOUR 1e-5

extern const Asking ASKED_PLAIN;
extern const PredictSettings ASKED_DEFAULTS;

/* The golden model, its tokenizer and the items it was asked. */
typedef struct Asked {
  json_t *expected;
  T5 *model;
  Tokenizer *tokenizer;
  Item item[ASKED_MOST];
  int64_t items;
} Asked;

/* Setup and teardown of a group of tests, whose state is an Asked. */
int asked_open(void **state);
int asked_close(void **state);

/* A predictor of the model, without a router; the caller closes. */
Predictor *asked_predictor(const Asked *g, const PredictSettings *settings);

#endif
