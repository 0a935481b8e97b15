/* help_routers: methods of routing in words. */
#ifndef SKEIN_HELP_ROUTERS_H
#define SKEIN_HELP_ROUTERS_H

#include "infer/route/route_method.h"

/* skein help routers: prints every method of routing. */
void help_routers(void);
/* Prints one: what it does, reads, what its settings and labels are, and its source. */
void help_router(const RouteMethod *method);

#endif
