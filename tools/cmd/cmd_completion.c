/* skein completion: the scripts that make shells complete, and the answers that they ask for. */
#include <string.h>

#include "tools/cmd/commands.h"
#include "tools/manual/completion.h"

static const char usage[] =
    "skein completion: print what makes a shell complete the words of skein\n"
    "\n"
    "Examples:\n"
    "  . <(skein completion bash)                                       in this bash\n"
    "  skein completion bash >~/.local/share/bash-completion/completions/skein\n"
    "  skein completion zsh >DIR/_skein                                 DIR is one of $fpath\n"
    "  skein completion fish >~/.config/fish/completions/skein.fish\n"
    "\n"
    "Usage: skein completion bash|zsh|fish\n"
    "       skein completion words -- WORD...\n"
    "\n"
    "The scripts ask the program that is typed, with the words so far, the last one perhaps "
    "empty:\n"
    "commands, options and settings are always those that it has. `make install` puts the scripts\n"
    "where the shells look for them.\n";

static const CommandVerb VERBS[] = {
    {.name = "bash"}, {.name = "zsh"}, {.name = "fish"}, {.name = "words"}, {.name = NULL}};

static int tell_completion(const Program *program, int argc, char **argv, Error *err) {
  if (argc > 2 && strcmp(argv[1], "words") == 0 && strcmp(argv[2], "--") == 0) {
    completion_words(program, argc - 3, argv + 3, stdout);
    return STATUS_OK;
  }
  TRY(arguments_read(&(ArgumentTable){0}, 0, NULL, NULL, argc, argv, err));
  TRY(command_operands(argc, argv, 1, 1, "bash, zsh or fish", err));
  const char *script = completion_script(argv[optind]);
  if (!script)
    return error_set(err, STATUS_USAGE, "completion: '%s' is none of bash, zsh, fish",
                     argv[optind]);
  fputs(script, stdout);
  return STATUS_OK;
}

const Command command_completion = {
    .name = "completion",
    .summary = "print what makes a shell complete the words of skein",
    .usage = usage,
    .tell = tell_completion,
    .verbs = VERBS,
};
