/* man_page: the text of a --help as a page of man(7), for manual.c.
 *
 * Help is plain text in blocks that blank lines part, and this is how it is read:
 *
 *   Examples: / Usage:       lines as they are, in EXAMPLES and SYNOPSIS
 *   Title:                   a section, where indented lines follow
 *   lines at the margin      a paragraph
 *     -o, --output DIR   x   an option, with the lines below it that are indented further
 *     key: value  (type)     a setting, with the line below it
 *     other indented lines   as they are */
#ifndef SKEIN_MAN_PAGE_H
#define SKEIN_MAN_PAGE_H

#include <stdio.h>

typedef struct ManPage {
  const char *name, *summary; /* "skein-train", one line */
  const char *program, *version;
} ManPage;

/* Errors of writing are left to the stream. */
void man_page_write(const ManPage *page, const char *help, FILE *out);

#endif
