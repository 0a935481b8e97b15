/* manual: what the program says of itself, --help and manual pages, by the tables of its commands.
 *
 * The room tools/manual owns the texts that are made of those tables (tools/shell/command.h): help
 * and manual pages (this header), and what shells complete (completion.h). It knows no command. */
#ifndef SKEIN_MANUAL_H
#define SKEIN_MANUAL_H

#include "tools/shell/command.h"

const Command *program_find(const Program *p, const char *name); /* NULL: it has none */

/* What `--help` prints. The settings are those of a verb, where it is one, or of all. */
void manual_program_help(const Program *p, FILE *out);
void manual_command_help(const Command *c, const char *verb, FILE *out);

/* The same as a manual page of man(7), section 1: of a command, or (NULL) of the program. */
Status manual_page(const Program *p, const Command *c, FILE *out, Error *err);
/* The names of all pages as files, <program>.1 and <program>-<command>.1, a line each. */
void manual_list(const Program *p, FILE *out);
/* Writes them into a directory, which may be there. */
Status manual_write(const Program *p, const char *dir, Error *err);

#endif
