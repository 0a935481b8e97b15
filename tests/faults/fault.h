/* fault: what a test tells the shim that is loaded before a program, and what the shim tells back.
 *
 * The room tests/faults owns a program's worst days: a shim that makes one system call or one
 * allocation of it fail, or kills it there (shim.c), and a driver that does so at every call and
 * looks at what is left (sweep.c). Both sides map one file, the board, whose path is in the
 * environment as FAULT_BOARD. */
#ifndef SKEIN_TESTS_FAULT_H
#define SKEIN_TESTS_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>

/* What happens to a call. Each kind counts the calls that it can happen to, from 1. */
typedef enum FaultKind {
  FAULT_EIO,
  FAULT_ENOSPC,
  FAULT_EMFILE,
  FAULT_EINTR,
  FAULT_NO_MAP,    /* mmap: ENOMEM */
  FAULT_NO_MEMORY, /* malloc and its kin: NULL */
  FAULT_SHORT,     /* half of the bytes are read or written */
  FAULT_KILL,      /* SIGKILL before a call that changes the disk */
  FAULT_KILL_HALF, /* SIGKILL when half of the bytes are written */
  FAULT_KILL_AFTER,
  FAULT_KINDS
} FaultKind;

static inline bool fault_kills(FaultKind kind) {
  return kind == FAULT_KILL || kind == FAULT_KILL_HALF || kind == FAULT_KILL_AFTER;
}

/* Zeroed, nothing happens and calls are counted. */
typedef struct FaultBoard {
  FaultKind kind;
  long at;                       /* the call that it happens to; 0: none */
  bool forever;                  /* and to every later one */
  atomic_long seen[FAULT_KINDS]; /* calls of the process so far */
  atomic_long hits;              /* faults that happened */
  char call[32];                 /* the first of them */
} FaultBoard;

#endif
