/* memory_left: how much memory this process may still take, as the system says it: all processes
 * together (/proc/meminfo), and the control groups it is in (version 1 or 2), the tightest. */
#ifndef SKEIN_MEMORY_LEFT_H
#define SKEIN_MEMORY_LEFT_H

#include "autograd/ground/status.h"

/* Bytes. What is cached of files and could be given back counts as left. */
typedef struct MemoryLeft {
  double memory; /* 0: the system does not say */
  double swap;   /* that could be had beside it */
} MemoryLeft;

MemoryLeft memory_left(void);
/* STATUS_RUN where `bytes` are more than is left, swap counted: "WHAT: needs 41.0 GiB of memory, and
 * 7.5 GiB are left; REMEDY". Where the system does not say, nothing is too much. */
Status memory_require(double bytes, MemoryLeft left, const char *what, const char *remedy,
                      Error *err);
/* memory_left of a system whose /proc and /sys lie below the directory `root`. */
MemoryLeft memory_left_below(const char *root);

#endif
