/* eval_name: the names of tasks and methods, which become names of files. */
#ifndef SKEIN_EVAL_NAME_H
#define SKEIN_EVAL_NAME_H

#include "autograd/ground/status.h"

/* Letters, digits and . _ + = , - not beginning with a dot; otherwise STATUS_USAGE, which begins
 * with `place`. */
Status eval_check_name(const char *name, const char *place, Error *err);

#endif
