/* routing_stats: which experts the tokens of a routed run went to.
 *
 * Statistics are collected by sequence and kept when the caller says which sequences count (of the
 * choices of an example the predicted one, methods.md 1.9). Per linear and expert:
 *
 *   weight   mean over tokens of the softmax over all experts, before top-k (PHATGOOSE)
 *   share    share of the (token, chosen expert) pairs; sums to 1 (GLIDER, methods.md 2.8)
 *   top1     share of tokens whose largest weight the expert has
 *
 * and per linear the mean entropy, in bits, of that softmax. */
#ifndef SKEIN_ROUTING_STATS_H
#define SKEIN_ROUTING_STATS_H

#include "data/text/json.h"
#include "infer/route/routing_trace.h"

typedef struct RoutingStats RoutingStats;

Status routing_stats_new(RoutingStats **s, const Modules *modules, int experts, Error *err);
void routing_stats_free(RoutingStats *s); /* NULL is allowed */

/* One linear of a forward: `softmax` [T, experts] before selection and the plan made of it; `rows`
 * says which sequence each row is of. A linear whose rows are the encoder's (encoder, and k and v
 * of cross-attention) counts by example, others by decoded sequence. A failure goes to the
 * context's error. */
void routing_stats_add(RoutingStats *s, Context *c, const Module *module, const Rows *rows,
                       const Tensor *softmax, const Plan *plan);
/* From now on what is added is of one example, and `trace` follows its tokens: the encoder's as
 * they are added, the decoder's when their sequence is kept. NULL: no longer. */
void routing_stats_trace(RoutingStats *s, RoutingTrace *trace);
/* Keeps what was added since the last call: every example's encoder rows, and the decoder rows of
 * the sequences with keep[sequence]. */
Status routing_stats_commit(RoutingStats *s, const bool *keep, int64_t sequences, Error *err);
/* Drops what was added since the last commit. */
void routing_stats_discard(RoutingStats *s);

/* The mean over modules is of modules with a pool expert; `linear` -1: the mean over all of them.
 */
typedef enum Statistic { STATISTIC_WEIGHT, STATISTIC_SHARE, STATISTIC_TOP1 } Statistic;
const char *statistic_name(Statistic what); /* "weight", "share", "top1" */
double routing_stats_value(const RoutingStats *s, Statistic what, int module, int expert);
double routing_stats_entropy(const RoutingStats *s, int module);
int64_t routing_stats_tokens(const RoutingStats *s, int module); /* 0: nothing was routed there */

/* {"experts": [names], "modules": [{"name", "tokens", "entropy", "weight": [E], "share": [E],
 * "top1": [E]}]}, the modules that routed, in order; the caller owns it; NULL when out of memory.
 */
json_t *routing_stats_json(const RoutingStats *s, const Pool *pool);
/* {"task", "method", "pool": its folder, "routing": routing_stats_json}: a file of routing
 * statistics, which skein plot routing draws. Owned and NULL as above. */
json_t *routing_report_json(const RoutingStats *s, const Pool *pool, const char *task,
                            const char *method);

#endif
