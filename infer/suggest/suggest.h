/* suggest: the experts of a pool ranked for a task that the pool does not know.
 *
 * The room infer/suggest owns what speaks for an expert, from a sample of the task's items, and how
 * far these ways to rank agree. It answers items through infer/predict and asks the routers of
 * infer/route; it computes no likelihood and no score of its own, and prints nothing.
 *
 *   WAY           AN EXPERT'S VALUE, THE LARGER THE BETTER                           NEEDS
 *   likelihood    of the sample with that expert alone: accuracy, percent, where     targets
 *                 items have choices; else the mean over items of the mean
 *                 log-likelihood of a target's token, nats (of several targets
 *                 the likeliest)
 *   gates         share of tokens whose largest weight phatgoose gives it, mean      gates
 *                 over modules
 *   instructions  cosine of its instruction and the items', mean over items          instructions
 *   arrow, norm   as gates, of these routers, which need no data                     LoRAs
 *
 * What lacks its needs is left out, and says why. Items without targets are routed as far as the
 * first token that is generated. */
#ifndef SKEIN_SUGGEST_H
#define SKEIN_SUGGEST_H

#include <signal.h>

#include "infer/metric/metric.h"
#include "infer/predict/predict.h"

typedef enum SuggestWay {
  SUGGEST_LIKELIHOOD,
  SUGGEST_GATES,
  SUGGEST_INSTRUCTIONS,
  SUGGEST_ARROW,
  SUGGEST_NORM,
  SUGGEST_WAYS,
} SuggestWay;
const char *suggest_way_name(SuggestWay way);

/* What the items can be judged by. */
typedef enum SuggestTargets { TARGETS_NONE, TARGETS_CHOICES, TARGETS_TEXTS } SuggestTargets;

/* Called as items are answered; non-zero of *stop asks to stop (STATUS_INTERRUPTED). */
typedef struct SuggestWatch {
  void *arg;
  void (*items)(void *arg, const char *what, int64_t done, int64_t total);
  void (*note)(void *arg, const char *line); /* of router_tell; NULL: nobody listens */
  const volatile sig_atomic_t *stop;
} SuggestWatch;

typedef struct SuggestRequest {
  const Base *base;
  Pool *pool;
  const OptionSet *router; /* settings of routers; which method and expert is set here */
  const PredictSettings *settings;
  Asking asking;
  Item *item; /* [items] the sample; of TARGETS_TEXTS their targets stand in as choices meanwhile */
  int64_t items;
  SuggestTargets targets;
  unsigned ways;  /* bits of SuggestWay */
  bool all_asked; /* a way that lacks its needs is an error; else it is left out, and arrow and
                        norm stand in where gates are missing */
  uint64_t seed;  /* of intervals */
  SuggestWatch watch;
} SuggestRequest;

/* One way to rank. */
typedef struct SuggestColumn {
  double *value; /* [experts]; NULL: left out, or not asked for */
  double
      *weight; /* [experts] mean weight of gates, arrow and norm; mean log-likelihood of the right
                     choice of likelihood; NULL: of others */
  char missing[512]; /* why it is left out; "": it is there, or was not asked for */
  int64_t passes;    /* items that the model was run on */
  int64_t items;     /* that have what it needs */
  double seconds;
} SuggestColumn;

/* Two ways compared over the experts. */
typedef struct SuggestAgreement {
  SuggestWay a, b;
  double rank; /* Spearman's correlation; NaN where one of them makes no difference */
  bool first;  /* both have the same expert first */
} SuggestAgreement;

typedef struct Suggestion {
  int experts;
  SuggestColumn column[SUGGEST_WAYS];
  double base, base_weight; /* of the plain base: as value and weight of likelihood */
  Interval *gain; /* [experts] of value - base, paired over items: 95 %; NULL without likelihood */
  int *order;    /* [experts] by the first way that is there, the best first, of equals the first */
  SuggestWay by; /* that way */
  SuggestAgreement agreement[SUGGEST_WAYS * (SUGGEST_WAYS - 1) / 2];
  int agreements;
} Suggestion;

/* Free with suggestion_free whatever is returned. STATUS_INPUT where nothing ranks the experts. */
Status suggest_run(Suggestion *s, const SuggestRequest *r, Error *err);
void suggestion_free(Suggestion *s); /* a zeroed Suggestion is allowed */

/* Resampled differences of fewer items say too little: of one item their interval is a point. */
enum { SUGGEST_ITEMS_LEAST = 10 };
/* The expert's interval lies above 0, and is of enough items. */
bool suggest_helps(const Suggestion *s, int expert);

#endif
