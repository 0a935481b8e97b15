/* plot_pool: skein plot pool: how alike the experts of a pool are. */
#ifndef SKEIN_PLOT_POOL_H
#define SKEIN_PLOT_POOL_H

#include "infer/pool/pool.h"

/* A figure of expert x expert into the folder `out`. */
Status plot_pool(Pool *pool, const char *out, Error *err);

#endif
