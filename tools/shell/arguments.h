/* arguments: the options of a command as a table, which reads them into a struct, checks them and
 * prints them for --help. */
#ifndef SKEIN_ARGUMENTS_H
#define SKEIN_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "autograd/ground/status.h"

typedef enum ArgumentType {
  ARGUMENT_SWITCH, /* bool: set to true */
  ARGUMENT_TEXT,   /* const char *: borrowed from argv; the last one that is given, not empty */
  ARGUMENT_PROSE,  /* the same, perhaps empty: no file, directory or name has that for its own */
  ARGUMENT_TEXTS,  /* TextList: all that are given, in order */
  ARGUMENT_COUNT,  /* int64_t: 1 to `most` */
  ARGUMENT_NUMBER, /* double: finite */
  ARGUMENT_OTHER,  /* what `parse` makes of the text */
} ArgumentType;

/* Texts borrowed from argv; free(text) when done. */
typedef struct TextList {
  const char **text; /* [count] owned array */
  int count;
} TextList;

typedef struct Argument {
  const char *name; /* "output" of --output */
  char letter;      /* 'o' of -o; 0: there is none */
  ArgumentType type;
  size_t offset;     /* of the field in the struct */
  unsigned forms;    /* bits of the command's forms that take it; 0: all */
  const char *value; /* what it takes, for --help and completion: "FILE", "DIR", "a|b" */
  const char *help;  /* for --help; NULL where the usage text tells it */
  int64_t most;      /* of a count */
  Status (*parse)(void *field, const char *text, Error *err);
} Argument;

typedef struct ArgumentTable {
  const Argument *row; /* [count], 64 at most */
  int count;
} ArgumentTable;

/* Reads the options that `form` takes (0: every one) into *fields, which holds the defaults; others
 * are refused. Then optind is the first operand. Lists in *fields are to be freed on failure too.
 * STATUS_USAGE names the option. *given, if not NULL: bit i when row i was given. */
Status arguments_read(const ArgumentTable *table, unsigned form, void *fields, uint64_t *given,
                      int argc, char **argv, Error *err);

/* The first row that was given and that `form` does not take; NULL: there is none. For commands
 * whose form is known only after reading. */
const Argument *arguments_stranger(const ArgumentTable *table, unsigned form, uint64_t given);

/* Whether `form` takes the option. */
bool arguments_takes(unsigned form, const Argument *row);

/* A line for each option that has `help` and that `form` takes; of counts and numbers it ends in
 * what stands in *defaults, a struct as arguments_read fills (NULL: there is none). */
void arguments_print_help(const ArgumentTable *table, unsigned form, const void *defaults,
                          FILE *out);

#endif
