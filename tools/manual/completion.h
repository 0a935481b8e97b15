/* completion: what a shell offers behind the words of a command line that is not finished.
 *
 * The scripts for the shells are short: they ask the program itself, by `skein completion words --
 * WORD...`. The words are those behind the program's name, and the last one is at the cursor,
 * perhaps empty. The answer is a line "WORD<tab>what it is" for each word that may stand there, and
 * a line ":files" where the name of a file may. */
#ifndef SKEIN_COMPLETION_H
#define SKEIN_COMPLETION_H

#include "tools/manual/manual.h"

/* The script for bash, zsh or fish; NULL for another shell. */
const char *completion_script(const char *shell);
/* The answer to `count` words. */
void completion_words(const Program *p, int count, char *const *word, FILE *out);

#endif
