/* no_memory: runs something again and again, and each time another allocation fails.
 *
 * The functions that skein's own objects allocate with are replaced by the linker (--wrap, in the
 * Makefile: allocating), and so are those by which libraries say that they had no memory.
 * What a library allocates inside, jansson's above all, does not fail: see data/text/json.h. */
#ifndef SKEIN_TESTS_NO_MEMORY_H
#define SKEIN_TESTS_NO_MEMORY_H

#include "autograd/ground/status.h"

/* Does something whole, and frees what it made. */
typedef Status Allocating(void *arg, Error *err);

/* Runs it with the first allocation failing, then with the second, until none is left to fail. Each
 * time it must fail with STATUS_RUN and say that memory is out, but for `spared` allocations that
 * it may do without. `least`: so many there must be, lest a broken test pass. */
void fail_each_allocation(const char *what, Allocating *run, void *arg, int least, int spared);

#endif
