/* scratch: a temporary directory for a test program, and expectations on errors.
 *
 * A group of tests has scratch_setup and scratch_teardown; *state is then its Scratch. */
#ifndef SKEIN_TESTS_SCRATCH_H
#define SKEIN_TESTS_SCRATCH_H

#include <limits.h>
#include <stddef.h>

#include "autograd/ground/status.h"

typedef struct Scratch {
  char dir[64];
  char path[PATH_MAX]; /* of the last scratch_path or scratch_write */
} Scratch;

int scratch_setup(void **state);
int scratch_teardown(void **state);

/* dir/name, valid until the next call. */
const char *scratch_path(Scratch *s, const char *name);
/* Writes a file and returns its path, valid until the next call. */
const char *scratch_write(Scratch *s, const char *name, const void *data, size_t size);
/* Names in the directory, without "." and "..". */
int scratch_count(const Scratch *s);

/* `got` is `want`, `err` holds it as one printable line, and the line has each of the words, which
 * are separated by '|'. `what` names the case. */
void expect_error(const char *what, Status got, const Error *err, Status want, const char *words);
/* `got` is STATUS_OK; fails with the error's text otherwise. */
void expect_ok(const char *what, Status got, const Error *err);

#endif
