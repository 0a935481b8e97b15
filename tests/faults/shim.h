/* shim: the parts of the shim. It is x86-64 only. */
#ifndef SKEIN_TESTS_SHIM_H
#define SKEIN_TESTS_SHIM_H

#include "tests/faults/fault.h"

typedef struct ShimCall {
  long number;
  const char *name;
  unsigned kinds; /* bits of FaultKind: what can happen to it */
} ShimCall;

extern const ShimCall SHIM_CALLS[];
extern const int SHIM_CALL_COUNT;

/* From now on calls of the table arrive as SIGSYS when libc makes them. */
void shim_set_filter(void);
/* A system call that the filter lets pass. Returns what the kernel returns: -errno for an error. */
long shim_system_call(long number, const long arg[6]);
/* The allocation that is about to be made is to fail; errno is set. */
bool shim_memory_fails(void);
/* The test cannot be made: says why, and ends the process with a code that no program has. */
void shim_give_up(const char *why);

#endif
