/* method_local: what the methods share whose logits come from one vector an expert and module. */
#ifndef SKEIN_METHOD_LOCAL_H
#define SKEIN_METHOD_LOCAL_H

#include "infer/route/route_local.h"
#include "infer/route/route_method.h"
#include "infer/route/route_select.h"

typedef struct LocalMethod {
  LocalRouter *local;
  Calibration *calibration; /* of its scores; NULL: they are taken as they are */
  Selection selection;
  Aggregate aggregate;
} LocalMethod;

/* Reads the vectors of all experts by `vector` (see LocalVector) with `arg`; top_k, top_p and the
 * calibration, where rule->scores says what it is of, are those of the settings. On failure local_method_close frees what there is. */
Status local_method_open(LocalMethod *m, const RouteParts *parts, const LocalRule *rule,
                         LocalVector *vector, void *arg, Error *err);
extern const ScoreKind score_gate, score_activation_mean, score_activation_absolute;
/* The same of vectors that the pool's files hold. */
Status local_method_open_stored(LocalMethod *m, const RouteParts *parts, PoolVector kind,
                                Error *err);
void local_method_close(LocalMethod *m);

/* The rows of RouteMethod; `self` begins with a LocalMethod. */
Tensor *local_method_vectors(const void *self, const Module *module);
Plan *local_method_plan(Context *c, const void *self, const RouteCall *call, Tensor **softmax);

#endif
