/* route_rescale: the planned experts that rescale ((IA)3; Liu et al. 2022, arXiv 2205.05638). */
#ifndef SKEIN_ROUTE_RESCALE_H
#define SKEIN_ROUTE_RESCALE_H

#include "infer/route/route_pairs.h"

/* y_t += u_t * sum_e w_te (l_e - 1) over the planned experts of that kind, adapter_rescale_input or
 * _output, in order of expert; rows that have none are left as they are. y and u [T, d] may be one
 * tensor. */
void route_rescale(Context *c, const RoutePairs *pairs, const AdapterKind *kind, const Tensor *u,
                   Tensor *y);

#endif
