/* completion: what a shell offers behind the words of a command line that is not finished.
 *
 * The scripts for the shells are short: they ask the program itself, with `skein completion words --
 * WORD...`, whose last word is the one at the cursor, perhaps empty, and which does not begin with
 * the program's name. The answer is a line "WORD<tab>what it is" for each word that may stand there,
 * and where the names of files may, a line ":files". */
#ifndef SKEIN_COMPLETION_H
#define SKEIN_COMPLETION_H

#include "tools/manual/manual.h"

/* The script for bash, zsh or fish; NULL for another shell. */
const char *completion_script(const char *shell);
/* The answer to `count` words. */
void completion_words(const Program *p, int count, char *const *word, FILE *out);

#endif
