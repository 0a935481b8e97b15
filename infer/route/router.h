/* router: a method of routing, chosen by settings, over an opened pool: the adapters that make a T5
 * forward a routed one. docs of the methods: methods in README; formulas beside their code
 * (route_local, route_global, arrow, merge). */
#ifndef SKEIN_ROUTER_H
#define SKEIN_ROUTER_H

#include "data/options/options.h"
#include "infer/embed/embed.h"
#include "infer/route/routing_stats.h"

typedef enum RouterKind {
  ROUTER_BASE,               /* no expert */
  ROUTER_EXPERT,             /* one expert for everything */
  ROUTER_MERGED,             /* mean of the dense updates: one LoRA of rank sum R, exact */
  ROUTER_MERGED_FACTORS,     /* A and B averaged separately, weights alpha/r folded into B */
  ROUTER_UNIFORM,            /* every expert at weight 1/E */
  ROUTER_RANDOM,             /* k experts drawn for every token and module, weight 1/k */
  ROUTER_PHATGOOSE,          /* methods.md 1.6 */
  ROUTER_GLIDER,             /* methods.md 2.4 */
  ROUTER_AVERAGE_ACTIVATION, /* methods.md 2.11, 4 */
  ROUTER_ARROW,              /* methods.md 5 */
  ROUTER_RETRIEVAL,          /* one expert for a whole input, by similarity; methods.md 3 */
} RouterKind;
const char *router_kind_name(RouterKind kind);

typedef enum GlobalRule { GLOBAL_CONSTANT, GLOBAL_THRESHOLD } GlobalRule;
typedef enum ArrowMode { ARROW_MTTL, ARROW_GLIDER, ARROW_GLIDER_RELEASED } ArrowMode;
typedef enum ActivationMode { ACTIVATION_MEAN, ACTIVATION_ABSOLUTE } ActivationMode;
typedef enum RetrievalBy { RETRIEVAL_INSTRUCTION, RETRIEVAL_EXAMPLE } RetrievalBy;

/* Every setting of a router; keys as in the comments. One table (router_options) makes the parser,
 * the help and the record. */
typedef struct RouterSettings {
  int kind;      /* router: RouterKind */
  char *expert;  /* expert: its name (ROUTER_EXPERT) */
  char *only;    /* only: comma-separated names of a part of the pool; unset: all */
  int64_t top_k; /* top_k: 2 */
  double top_p;  /* top_p: 1 (off) */
  int64_t seed;  /* seed: of ROUTER_RANDOM */
  struct {
    int rule;           /* global.rule: constant | threshold (gamma * 1[max cos > p] + beta) */
    double scale;       /* global.scale: 3 */
    double gamma, beta; /* global.gamma: 100, global.beta: 3 */
    double threshold;   /* global.threshold: p, 0.8 */
    bool drop_last;     /* global.drop_last: methods.md 2.10.1, off */
  } global;
  int embedder;        /* embedder: lexical | encoder | precomputed */
  char *embeddings;    /* embeddings: the file of `precomputed` for queries */
  int arrow_mode;      /* arrow.mode: mttl | glider | glider-released */
  int activation_mode; /* activation.mode: mean | absolute */
  int retrieval_by;    /* retrieval.by: instruction | example */
} RouterSettings;

/* Fills *settings with the defaults and *set with their table. Free with options_free. */
Status router_settings_init(OptionSet *set, RouterSettings *settings, Error *err);

/* Whether the settings can be met by so many experts of the pool at `dir`: STATUS_USAGE naming the
 * setting where they cannot. router_open asks this too. */
Status router_check(const RouterSettings *s, const char *dir, int experts, Error *err);

/* What an input is routed by, besides its tokens. */
typedef struct RouteQuery {
  const char *name;        /* of the task: the key of precomputed embeddings; may be NULL */
  const char *instruction; /* may be NULL: then the input is the instruction */
  const char *input;
} RouteQuery;

/* The global part of the routing of the examples of one forward. */
typedef struct RouteBatch {
  int64_t examples;
  float *bias;     /* [examples, experts] added to the logits, or NULL */
  int32_t *expert; /* [examples] the one expert of each, or NULL */
} RouteBatch;

typedef struct Router Router;

/* Reads the per-module vectors of all experts (gates, activations, prototypes) and checks them; the
 * experts' factors stay unread. `pool` NULL is allowed for ROUTER_BASE alone. top_k above the
 * number of experts is STATUS_USAGE. pool and base must outlive the router. */
Status router_open(Router **r, const RouterSettings *s, Pool *pool, const Base *base, int threads,
                   Error *err);
void router_close(Router *r); /* NULL is allowed */

/* Makes the global part of `n` queries; free with route_batch_free. Equal texts are embedded once
 * in the life of the router. */
Status router_begin(Router *r, const RouteQuery *query, int64_t n, RouteBatch *batch, Error *err);
void route_batch_free(RouteBatch *b); /* a zeroed RouteBatch is allowed */

/* Sees every plan before it runs. `softmax` [T, experts] is what it was selected from; of a method
 * that does not select, the plan's own weights. */
typedef void RouteWatch(void *arg, const Module *module, const Rows *rows, const Tensor *softmax,
                        const Plan *plan);
void router_watch(Router *r, RouteWatch *watch, void *arg); /* NULL: nobody does */

/* The adapters of a forward on these examples; valid while router, batch and stats are, until the
 * next call. `stats` may be NULL. */
const AdapterSet *router_adapters(Router *r, const RouteBatch *batch, RoutingStats *stats);

#endif
