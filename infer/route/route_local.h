/* route_local: logits of every expert for every token, from one vector per expert and module.
 *
 *   standardised (PHATGOOSE, GLIDER, average activation; Muqeeth et al. 2024, section 3):
 *     s_i = LN(u) . LN(v_i) / sqrt(d), LN without affine, eps 1e-5, biased variance. A standardised
 *     vector has mean 0, so s = rstd(u) * (u V^T) / sqrt(d), one product for the whole pool.
 *   absolute (Arrow; Ostapenko et al. 2024): s_i = |u . v_i| / temperature on the raw u.
 *   raw signed (Arrow as the released code of GLIDER runs it): s_i = LN(u) . v_i / sqrt(d).
 *
 * A vector that was standardised before is taken as it is. Doing it twice is not the same: LN(v)
 * has the variance var / (var + eps), and a second LN scales it by 1 / sqrt(var / (var + eps) +
 * eps), which is 1 - 5e-6 where var is large and 1.002 where it is 0.0025, a usual one of trained
 * gates. */
#ifndef SKEIN_ROUTE_LOCAL_H
#define SKEIN_ROUTE_LOCAL_H

#include "infer/route/calibration.h"
#include "infer/route/route.h"

typedef struct LocalRule {
  bool standardise_input, standardise_vector, absolute;
  double temperature;      /* logits are divided by it; 0: sqrt(d) */
  const bool *as_is;       /* [experts] whose vectors are not standardised; NULL: none. Read by
                         local_router_new alone */
  const ScoreKind *scores; /* what they are to a calibration; NULL: none is asked for */
  const Calibration *calibration; /* of the scores; outlives the router; NULL: as they are */
} LocalRule;

/* Vectors of the pool at one module; made once. */
typedef struct LocalModule {
  float *vector;  /* [experts, d_in], standardised where the rule says so; NULL: nobody covers it */
  Tensor vectors; /* a view of them */
  bool *covered;  /* [experts] */
  int64_t d_in;
} LocalModule;

typedef struct LocalRouter LocalRouter;

/* Fills vector(out, expert, module) -> [d_in]; *has false: the expert has no vote there. Called
 * from several threads. */
typedef Status LocalVector(void *arg, int expert, int module, float *out, bool *has, Error *err);

Status local_router_new(LocalRouter **r, const Modules *modules, int experts, const LocalRule *rule,
                        LocalVector *vector, void *arg, int threads, Error *err);
void local_router_free(LocalRouter *r); /* NULL is allowed */

/* The vectors [experts, d_in] at a module; NULL when nobody covers it. */
Tensor *local_vectors(const LocalRouter *r, const Module *module);

/* Makes logits of z [T, experts], the products of x [T, d_in] with the vectors: calibrated, plus bias
 * [examples, experts] (or NULL) of each row's example (z = s + bias; Li et al. 2024, section 3.3);
 * -infinity where an expert does not cover the module. */
void local_logits(Context *c, const LocalRouter *r, const Module *module, const Rows *rows,
                  const Tensor *x, const float *bias, Tensor *z);

#endif
