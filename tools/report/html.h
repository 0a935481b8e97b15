/* html: marks and texts of a page: the one place where text that somebody else chose enters it.
 *
 * A text is escaped so that it is the same text inside of an element and of an attribute in double
 * quotes; what may not be shown (visible.h) is replaced. Tags and attributes are never made of
 * texts. Elements are closed by whoever opens them. */
#ifndef SKEIN_HTML_H
#define SKEIN_HTML_H

#include <jansson.h>
#include <stdio.h>

void html_text(FILE *out, const char *text);
/* The same of a text of several lines, which stay lines. */
void html_lines(FILE *out, const char *text);
/* At most `most` characters, with an ellipsis for the middle of a longer text, or behind the first
 * `head` of them. */
void html_short(FILE *out, const char *text, int most);
void html_cut(FILE *out, const char *text, int most, int head);

/* <tag class="kind">text</tag>; without a class where `kind` is NULL. */
void html_element(FILE *out, const char *tag, const char *kind, const char *text);

/* A number with as few of at most three digits behind the point as say it; "–" where it is NaN. */
void html_number(FILE *out, double x);

/* A path as a record has it: of an absolute one, which is of one machine, the last part behind an
 * ellipsis. */
void html_path(FILE *out, const char *path);

/* A value of JSON as a line: texts as they are (paths as html_path), members as "key: value", lists
 * with commas; "none" for null and what is empty. */
void html_value(FILE *out, const json_t *value);
/* An object as rows of a table of keys and values, underscores in keys as blanks. */
void html_members(FILE *out, const json_t *object);
/* One such row. */
void html_row(FILE *out, const char *key, const json_t *value);

#endif
