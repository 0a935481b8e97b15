/* route_global: the part of routing that is the same for all tokens of an input: how near its
 * instruction is to each expert's (GLIDER; methods.md 2.4), and the one expert that is nearest
 * (retrieval; methods.md 3).
 *
 *   constant    bias_i = scale cos(expert i, query)
 *   threshold   bias_i = alpha cos_i,  alpha = gamma 1[max_i cos_i > p] + beta   (methods.md 0.2)
 *
 * Where the vectors of the experts come from:
 *
 *   BY           VECTORS
 *   instruction  POOL/embeddings/<embedder>.safetensors. Where there is none, lexical and encoder
 *                embed the instructions of the manifest now: the name of an embedder says
 * everything its vectors depend on and the file says which text each is of, so both ways give the
 * same vectors. precomputed has only the file. example
 * POOL/embeddings/examples-<embedder>.safetensors, rows "<expert>/<index>"; the cosine of an expert
 * is the largest over its rows. Not with precomputed.
 *
 * An expert that such a file lacks, a vector of an instruction that was changed since, another
 * dimension and another embedder are errors that name the command to run. The corpus of `lexical`
 * is every instruction of the manifest, whichever experts are opened. */
#ifndef SKEIN_ROUTE_GLOBAL_H
#define SKEIN_ROUTE_GLOBAL_H

#include "infer/route/router.h"

typedef struct GlobalRouter GlobalRouter;

/* `s` is read now; pool and base must outlive the router. */
Status global_router_open(GlobalRouter **g, const RouterSettings *s, const Pool *pool,
                          const Base *base, int threads, Error *err);
void global_router_close(GlobalRouter *g); /* NULL is allowed */

/* bias [experts] of one query. The query's vector is that of q->name for precomputed; otherwise
 * that of q->instruction, or of q->input where there is none. Equal texts are embedded once. */
Status global_bias(GlobalRouter *g, const RouteQuery *q, float *bias, Error *err);
/* The expert with the largest cosine, the first of equals. By example the query is q->input. */
Status global_nearest(GlobalRouter *g, const RouteQuery *q, int32_t *expert, Error *err);

#endif
