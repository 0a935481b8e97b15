/* command: what a subcommand of skein is, and what argv has for it.
 *
 * The room tools/shell owns what stands between a command and the world that runs it: its arguments
 * (arguments.h), the person at the terminal (console.h), what it found out, for people and programs
 * (facts.h), signals (interrupt.h), the machine (machine.h), other programs (process.h). It knows
 * the status of a call, the threads and settings, and no file format, model or command. */
#ifndef SKEIN_COMMAND_H
#define SKEIN_COMMAND_H

#include <getopt.h>
#include <stddef.h>

#include "data/options/options.h"
#include "tools/shell/arguments.h"

/* What the first operand of a command may be. */
typedef struct CommandVerb {
  const char *name;
  unsigned form;                  /* of the options that it takes; 0: all */
  const ArgumentTable *arguments; /* its own; NULL: the command's */
  const char *words;              /* "a|b": what the operand behind it may be; NULL: anything */
} CommandVerb;

/* Is shown a table of settings that -s and files of YAML set, with its defaults. */
typedef void SettingsSeen(void *arg, const char *title, const OptionSet *set);

typedef struct Program Program;

typedef struct Command {
  const char *name;
  const char *summary; /* one line for `skein help` */
  const char *usage;   /* text of --help: examples first, then every argument without `help` */
  /* argv[0] is the command's name. Returns a Status; a failure is described in `err`, which the
   * program prints as its one line. */
  int (*run)(int argc, char **argv, Error *err);
  /* The same of a command that tells of the program itself; NULL: it has `run`. */
  int (*tell)(const Program *program, int argc, char **argv, Error *err);
  const ArgumentTable *arguments; /* its options; --help shows those with `help` after `usage` */
  unsigned form;                  /* of these it takes those of this form; 0: all */
  const void *defaults;           /* a struct as arguments_read fills; NULL: none is shown */
  const CommandVerb *verbs;       /* a name of NULL ends them; NULL: the operands are files */
  /* Shows the tables of settings, of one verb or (NULL) of all; the first is that of -s. NULL: it
   * has none. */
  void (*settings)(const char *verb, SettingsSeen *seen, void *arg);
} Command;

/* All that is told of the program as a whole. */
struct Program {
  const char *name, *version, *summary; /* the summary is a line */
  const char *about, *behind;           /* its help before and behind the list of commands */
  const Command *const *command;        /* [commands] */
  int commands;
};

/* getopt_long: the next option, -1 after the last (then `optind` is the first operand), or '?'
 * after recording an error that names the option, and the one that was probably meant. */
int command_option(int argc, char **argv, const char *shorts, const struct option *longs,
                   Error *err);

/* STATUS_USAGE unless there are between `least` and `most` operands after the options, none of them
 * empty. `what` names them in their order, parted by '|', for the message about those that are
 * missing. */
Status command_operands(int argc, char **argv, int least, int most, const char *what, Error *err);

#endif
