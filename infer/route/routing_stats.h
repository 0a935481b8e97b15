/* routing_stats: which experts the tokens of a routed run went to.
 *
 * Statistics are collected by sequence and kept when the caller says which sequences count (of the
 * choices of an example the predicted one). A watcher of plans. Per module and expert:
 *
 *   weight   mean over tokens of the softmax over all experts, before top-k (PHATGOOSE)
 *   share    share of the (token, chosen expert) pairs; sums to 1 (GLIDER)
 *   top1     share of tokens whose largest weight the expert has
 *
 * and per module the mean entropy, in bits, of that softmax. */
#ifndef SKEIN_ROUTING_STATS_H
#define SKEIN_ROUTING_STATS_H

#include "data/text/json.h"
#include "infer/route/route.h"

typedef struct RoutingStats RoutingStats;

Status routing_stats_new(RoutingStats **s, const Modules *modules, int experts, Error *err);
void routing_stats_free(RoutingStats *s); /* NULL is allowed */

/* A module of the prompt's side counts by example, others by decoded sequence. The statistics must
 * outlive the watcher. */
RouteWatcher routing_stats_watcher(RoutingStats *s);

/* The mean over modules is of modules with a pool expert; `module` -1: the mean over all of them.
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
