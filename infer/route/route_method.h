/* route_method: what a method of routing is: a row of one table.
 *
 * A method has a file of its own, which defines its row; route_methods.c lists the rows. To add a
 * method, write its file and name its row there. */
#ifndef SKEIN_ROUTE_METHOD_H
#define SKEIN_ROUTE_METHOD_H

#include "infer/route/calibration.h"
#include "infer/route/route.h"
#include "infer/route/route_cost.h"
#include "infer/route/route_global.h"
#include "infer/route/router_settings.h"

/* Where a method stands among others, in the words of the survey of Yadav et al. 2024 (arXiv
 * 2408.07057). */
typedef struct RouteLabels {
  const char *training;       /* of experts: Standard, Custom, Multiple */
  const char *data;           /* of experts: Private, Shared, Multiple */
  const char *routing_data;   /* None, Target, Expert, General, Multiple */
  const char *input;          /* granularity: Step, Example, Task, N/A */
  const char *depth;          /* granularity: Module, Model, N/A */
  const char *selection;      /* Sparse, Dense, None */
  const char *aggregation;    /* Output, Parameter, None, Multiple */
  const char *generalization; /* In-Distribution, Out-of-Distribution, Multiple */
  const char *user_data;      /* Zero-Shot, Few-Shot, Full, Multiple */
} RouteLabels;

/* What a method reads. */
enum {
  READS_POOL = 1,         /* experts; not set: the plain base alone */
  READS_GATES = 2,        /* gate.safetensors of every expert */
  READS_ACTIVATIONS = 4,  /* activation.safetensors of every expert */
  READS_INSTRUCTIONS = 8, /* the instructions of experts and queries, or examples of theirs */
};

/* The settings that methods share; the keys by their bits are router_shared_key's. */
enum {
  USES_EXPERT = 1,
  USES_ONLY = 2,
  USES_TOP_K = 4,
  USES_TOP_P = 8,
  USES_SEED = 16,
  ROUTER_SHARED = 5
};

/* What a method is opened from; pool and base outlive it, the settings do not. */
typedef struct RouteParts {
  const RouterSettings *settings;
  Pool *pool;
  const Base *base;
  int threads;
} RouteParts;

/* What a method makes of the examples of one forward before it begins. */
typedef struct RouteBatch {
  int64_t examples;
  float *value; /* [examples, experts], the method's own; NULL: nothing */
} RouteBatch;

/* Receives a line that who routes should know. */
typedef void RouteSay(void *arg, const char *line);

/* One module of a forward. */
typedef struct RouteCall {
  const Module *module;
  const Rows *rows;
  const Tensor *x; /* [T, d_in] */
  Tensor *z;       /* [T, n] products of x with the method's vectors; NULL: it has none here */
  const RouteBatch *batch;
  const float *bias; /* [examples, experts] added to the scores of rows; NULL: nothing */
  RouteTerms *terms; /* for a method that scores rows to fill, in the arena; NULL: nobody asks */
  RouteCost *cost;   /* for one that multiplies more than z to add to; NULL: nobody counts */
} RouteCall;

typedef struct RouteMethod {
  const char *name;
  const char *help;   /* one line: where a token goes */
  const char *source; /* the paper and its section */
  /* What a token scores an expert by, and what its input adds to that (RouteTerms), in a few words;
   * NULL: nothing does. */
  const char *local, *global;
  RouteLabels labels;
  unsigned reads, uses;
  bool lora_only; /* it works on factors: a pool with experts of another kind is refused */
  bool chooses;   /* tokens or inputs go to experts of its choice, of which there are statistics */
  bool biased;    /* its plan adds RouteCall.bias to scores: glider may stand over it */
  const SettingsGroup *own[3]; /* in the order of the help; NULL after the last */
  /* The method to whose scores it adds, and whose settings it reads besides; NULL: none. */
  const struct RouteMethod *(*over)(const RouterSettings *settings);
  /* Whether it reads a key of its groups under these settings; NULL: it does. */
  bool (*reads_key)(const RouterSettings *settings, const char *key);
  /* Of a method that scores rows: what a calibration for these settings is of. NULL: it has none. */
  const ScoreKind *(*scores)(const RouterSettings *settings);
  /* Settings that cannot be met by any pool; NULL: all can. */
  Status (*check)(const RouterSettings *settings, Error *err);
  Status (*open)(void **self, const RouteParts *parts, Error *err); /* NULL: nothing to open */
  void (*close)(void *self); /* also of what a failed open left in *self */
  /* Of a method that is the same for all rows: one adapter slot a module. NULL: it makes plans. */
  const Adapter *(*slots)(const void *self);
  /* Of a method with slots: whether it makes a plan in the place of the slot of a module. NULL: of
   * one with slots nowhere, of another everywhere. */
  bool (*plans)(const void *self, const Module *module);
  /* What who routes should know, before and after (router_tell); NULL: nothing. */
  void (*tell)(const void *self, bool ended, RouteSay *say, void *arg);
  /* Fills batch->value [n, experts], which is zeroed; NULL: it reads no query. */
  Status (*begin)(void *self, const RouteQuery *query, int64_t n, float *value, Error *err);
  /* Of a method that reads the prompts in a forward of their own before the first that counts
   * (routed_probe_init): the plan of a module there, NULL for the base alone. In that forward it
   * fills call->batch->value, which is zeroed; every example is one sequence. NULL: it reads none. */
  Plan *(*probe)(Context *c, const void *self, const RouteCall *call);
  /* Vectors [n, d_in] whose products with x it wants at a module; NULL: none, anywhere or there. */
  Tensor *(*vectors)(const void *self, const Module *module);
  /* The plan of a module, in the arena; NULL when nobody covers it. *softmax [T, experts]: what it
   * was selected from, left NULL when it was not selected. */
  Plan *(*plan)(Context *c, const void *self, const RouteCall *call, Tensor **softmax);
} RouteMethod;

/* The table. */
extern const RouteMethod route_expert; /* the row that evaluations make methods of */
int route_method_count(void);
const RouteMethod *route_method(int index);
int route_method_find(const char *name); /* its index; -1 when there is none */

/* The method of these settings. */
static inline const RouteMethod *router_method(const RouterSettings *settings) {
  return route_method(settings->method);
}
/* The method that it stands over; NULL: none. */
static inline const RouteMethod *router_over(const RouterSettings *settings) {
  const RouteMethod *m = router_method(settings);
  return m->over ? m->over(settings) : NULL;
}
/* What a token scores an expert by (RouteMethod.local). */
static inline const char *router_local(const RouterSettings *settings) {
  const RouteMethod *over = router_over(settings);
  return (over ? over : router_method(settings))->local;
}
/* What a calibration for these settings is of; NULL: rows are not scored. */
static inline const ScoreKind *router_scores(const RouterSettings *settings) {
  const RouteMethod *over = router_over(settings), *m = over ? over : router_method(settings);
  return m->scores ? m->scores(settings) : NULL;
}
/* It reads the experts of a pool; otherwise it is the plain base. */
static inline bool router_reads_pool(const RouterSettings *settings) {
  return router_method(settings)->reads & READS_POOL;
}
/* The one expert that runs for everything; NULL of other methods, and where it is not set. */
static inline const char *router_one_expert(const RouterSettings *settings) {
  return router_method(settings)->uses & USES_EXPERT ? settings->expert : NULL;
}

#endif
