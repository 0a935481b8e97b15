/* skein manual: the manual pages. */
#include "tools/cmd/commands.h"
#include "tools/manual/manual.h"

static const char usage[] =
    "skein manual: manual pages, from the tables that --help is made of\n"
    "\n"
    "Examples:\n"
    "  skein manual pool | man -l -              that of skein pool\n"
    "  skein manual -o ~/.local/share/man/man1   all of them, for man skein-pool\n"
    "\n"
    "Usage: skein manual [COMMAND]\n"
    "       skein manual -o DIR\n"
    "\n"
    "  -o, --output DIR   write skein.1 and skein-COMMAND.1 of every command into DIR; pages of\n"
    "                     these names that are there are replaced\n"
    "      --list         print the names of these files, a line each\n";

typedef struct ManualArguments {
  const char *output;
  bool list;
} ManualArguments;

static const Argument ROWS[] = {
    {"output", 'o', ARGUMENT_TEXT, .offset = offsetof(ManualArguments, output), .value = "DIR"},
    {"list", .type = ARGUMENT_SWITCH, .offset = offsetof(ManualArguments, list)},
};
static const ArgumentTable ARGUMENTS = {ROWS, sizeof ROWS / sizeof *ROWS};

static int tell_manual(const Program *program, int argc, char **argv, Error *err) {
  ManualArguments a = {0};
  TRY(arguments_read(&ARGUMENTS, 0, &a, NULL, argc, argv, err));
  TRY(command_operands(argc, argv, 0, a.output || a.list ? 0 : 1, "a command", err));
  if (a.output) return manual_write(program, a.output, err);
  if (a.list) {
    manual_list(program, stdout);
    return STATUS_OK;
  }
  const Command *command = optind < argc ? program_find(program, argv[optind]) : NULL;
  if (optind < argc && !command)
    return error_set(err, STATUS_USAGE, "manual: unknown command '%s'; skein help lists them",
                     argv[optind]);
  return manual_page(program, command, stdout, err);
}

const Command command_manual = {
    .name = "manual",
    .summary = "print or write the manual pages",
    .usage = usage,
    .tell = tell_manual,
    .arguments = &ARGUMENTS,
};
