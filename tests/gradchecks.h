/* gradchecks: one gradient check an operation of op_list.h, so that one without does not link. */
#ifndef SKEIN_TESTS_GRADCHECKS_H
#define SKEIN_TESTS_GRADCHECKS_H

#define OP(name) void gradcheck_##name(void **state);
#include "autograd/op/op_list.h"
#undef OP

void gradcheck_biased_linear(void); /* a part of gradcheck_linear */

#endif
