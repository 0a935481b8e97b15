/* plot_pool: skein plot pool: how alike the experts of a pool are. */
#ifndef SKEIN_PLOT_POOL_H
#define SKEIN_PLOT_POOL_H

#include "infer/pool/pool.h"
#include "tools/plot/plot.h"

/* A figure of expert x expert. */
Status plot_pool(Pool *pool, Figures *made, Error *err);

#endif
