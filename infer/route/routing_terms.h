/* routing_terms: why the tokens of one example went where they went: for each token at each module
 * the terms of every expert, from its score to its weight. A watcher of plans, which keeps the numbers
 * of the run itself. */
#ifndef SKEIN_ROUTING_TERMS_H
#define SKEIN_ROUTING_TERMS_H

#include "infer/route/route.h"

/* Of one expert for one token at one module. */
typedef struct ExpertTerms {
  float local, global, logit; /* see RouteTerms; 0 where the method scores no rows */
  float softmax;              /* over all experts; of a method that does not select, its weight */
  float weight; /* planned: what the expert's output is multiplied by; 0: not chosen */
  int choice;   /* its place among the chosen, from 1; 0: not chosen */
} ExpertTerms;

typedef struct TermRows {
  ExpertTerms *terms; /* [count, experts] */
  int64_t count;      /* tokens */
} TermRows;

typedef struct RoutingTerms {
  int experts, modules;
  int only;           /* the one module that is kept; -1: all of them */
  bool scored, added; /* the method scores rows; and adds something to the scores */
  TermRows *kept;     /* [modules] by Module.id; count 0: nobody was routed there */
  TermRows *pending;  /* [sequences, modules] continuations, until one of them is kept */
  int64_t sequences;
  int64_t cells;         /* that are held: tokens x experts, of all rows */
  const RouteTerms *now; /* of the plan that is seen next; NULL: it has none */
} RoutingTerms;

/* STATUS_RUN: out of memory. `only` -1: all modules. Free with routing_terms_free whatever is
 * returned. */
Status routing_terms_init(RoutingTerms *t, int modules, int experts, int only, Error *err);
void routing_terms_free(RoutingTerms *t); /* a zeroed RoutingTerms is allowed */

/* Follows one example: the tokens of the prompt as they are planned, those of the first sequence
 * that is kept; what is dropped or not kept is forgotten. More than fits reasonable memory is
 * STATUS_USAGE. The terms must outlive the watcher. */
RouteWatcher routing_terms_watcher(RoutingTerms *t);

/* The terms [experts] of a token, 0 <= token < t->kept[module].count. */
const ExpertTerms *routing_terms_at(const RoutingTerms *t, int module, int64_t token);

#endif
