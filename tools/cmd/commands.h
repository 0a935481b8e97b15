/* commands: the subcommands of skein, one file each: cmd_<name>.c.
 *
 * The room tools/cmd owns what a user types: a file a subcommand reads its arguments and prints
 * what it found. It may use every library and every room of tools but demo and study, which are
 * programs of their own; nothing but skein.c may use it. What a command does beyond arguments and
 * printing belongs into a library or into the room of its name. */
#ifndef SKEIN_COMMANDS_H
#define SKEIN_COMMANDS_H

#include "tools/shell/command.h"

extern const Command command_ablate;
extern const Command command_bench;
extern const Command command_calibrate;
extern const Command command_compare;
extern const Command command_completion;
extern const Command command_convert;
extern const Command command_doctor;
extern const Command command_embed;
extern const Command command_eval;
extern const Command command_generate;
extern const Command command_inspect;
extern const Command command_instruct;
extern const Command command_methods;
extern const Command command_manual;
extern const Command command_plot;
extern const Command command_pool;
extern const Command command_report;
extern const Command command_score;
extern const Command command_suggest;
extern const Command command_tokens;
extern const Command command_trace;
extern const Command command_train;

#endif
