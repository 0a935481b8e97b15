/* command: what a subcommand of skein is, and what argv has for it.
 *
 * The room tools/shell owns what stands between a command and the world that runs it: its arguments
 * (arguments.h), the person at the terminal (console.h), what it found out, for people and programs
 * (facts.h), signals (interrupt.h), the machine (machine.h), other programs (process.h). It knows
 * the status of a call and the threads, and no file format, model or command. */
#ifndef SKEIN_COMMAND_H
#define SKEIN_COMMAND_H

#include <getopt.h>
#include <stddef.h>

#include "autograd/ground/status.h"

typedef struct Command {
  const char *name;
  const char *summary; /* one line for `skein help` */
  const char *usage;   /* text of --help: examples first, then every argument */
  /* argv[0] is the command's name. Returns a Status; a failure is described in `err`, which the
   * program prints as its one line. */
  int (*run)(int argc, char **argv, Error *err);
  /* Prints what --help shows after `usage` (tables with live defaults); NULL: nothing. */
  void (*help)(int argc, char **argv);
} Command;

/* getopt_long: the next option, -1 after the last (then `optind` is the first operand), or '?'
 * after recording an error that names the option. */
int command_option(int argc, char **argv, const char *shorts, const struct option *longs,
                   Error *err);

/* STATUS_USAGE unless there are between `least` and `most` operands after the options, none of them
 * empty. */
Status command_operands(int argc, char **argv, int least, int most, const char *what, Error *err);

#endif
