/* command: what a subcommand of skein is, how it reads its arguments, and which there are. */
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

/* STATUS_USAGE unless there are between `least` and `most` operands after the options. */
Status command_operands(int argc, char **argv, int least, int most, const char *what, Error *err);

/* One file each, cmd_<name>.c. */
extern const Command command_ablate;
extern const Command command_bench;
extern const Command command_doctor;
extern const Command command_embed;
extern const Command command_eval;
extern const Command command_generate;
extern const Command command_inspect;
extern const Command command_plot;
extern const Command command_pool;
extern const Command command_score;
extern const Command command_train;

/* skein help routers: prints every method of routing. */
void help_routers(void);

#endif
