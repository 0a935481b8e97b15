/* released_case: the checkpoints of tests/golden/released. */
#ifndef SKEIN_TESTS_RELEASED_CASE_H
#define SKEIN_TESTS_RELEASED_CASE_H

#include "infer/expert/released.h"
#include "tests/routed_case.h"

/* Opens and checks one of them on the model of the case; released_close when done. */
void released_case_open(const RoutedCase *k, Released *r, const char *file);

#endif
