/* output: what a new output may take the place of. Nothing, is the rule: what is there may be
 * somebody's. A command that has --force replaces regular files when it is asked to, and never what
 * it reads itself. */
#ifndef SKEIN_OUTPUT_H
#define SKEIN_OUTPUT_H

#include <stdbool.h>

#include "autograd/ground/status.h"

typedef struct OutputRule {
  bool force;               /* a regular file may be replaced */
  const char *const *input; /* [inputs] files and directories that are read; "-": standard input;
                               NULL: none */
  int inputs;
} OutputRule;

/* STATUS_USAGE where a regular file has the name and may not be replaced; with `force`, where it is
 * an input, by whatever path, or lies in a directory that is one. STATUS_RUN where something else
 * has the name (a symbolic link, a FIFO, a device, a directory), or what has it cannot be told. Whether the file can be made,
 * atomic_open tells. */
Status output_check(const char *path, const OutputRule *rule, Error *err);
/* Two names of one output, which neither of them needs to be yet. */
bool output_same(const char *a, const char *b);

/* A directory that a work writes into. */
typedef struct OutputDir {
  const char *what;         /* "run of skein" */
  const char *record;       /* the file by which it is known */
  const char *const *begun; /* names that may be there before the record is; ends in NULL */
} OutputDir;

/* STATUS_USAGE naming what is in the directory, unless it is free: not there, or with nothing in it
 * but hidden names; or one of this kind, which its record says, or, where a process died before it
 * was written, its .lock beside nothing but what is begun with. */
Status output_check_dir(const char *path, const OutputDir *kind, Error *err);

#endif
