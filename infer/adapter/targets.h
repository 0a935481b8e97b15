/* targets: the linears that a new adapter goes to, as people and PEFT name them: by the last
 * components of their names. */
#ifndef SKEIN_TARGETS_H
#define SKEIN_TARGETS_H

#include <stdbool.h>

#include <jansson.h>

#include "autograd/ground/status.h"
#include "infer/module/modules.h"

/* chosen [modules->count], by Module.id, becomes whether the module's last component is in
 * `targets`: "all-linear", or a comma-separated list such as "q,v". One that matches nothing is
 * STATUS_USAGE with what there is; `what` is how messages call the list. */
Status targets_choose(const char *targets, const Modules *modules, const char *what, bool *chosen,
                      Error *err);

/* The chosen modules as a list of PEFT: "q" where every q is chosen, otherwise full names. A new
 * reference; NULL when out of memory. */
json_t *targets_json(const bool *chosen, const Modules *modules);

#endif
