/* method_arrow: the prototypes of Arrow, for methods that choose by them first. */
#ifndef SKEIN_METHOD_ARROW_H
#define SKEIN_METHOD_ARROW_H

#include "infer/route/method_local.h"

/* As local_method_open with the prototypes of all experts as vectors. */
Status arrow_open_prototypes(LocalMethod *m, const RouteParts *parts, const LocalRule *rule,
                             Error *err);

#endif
