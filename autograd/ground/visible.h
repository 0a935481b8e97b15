/* visible: text that somebody else chose, as people may be shown it.
 *
 * Hidden is what would drive a terminal or deceive its reader: control characters (C0, DEL, C1),
 * line and paragraph separators, the marks that turn the direction of the text behind them (the
 * explicit ones of Unicode's bidirectional algorithm, UAX 9), noncharacters, and bytes that are not
 * UTF-8. Everything that shows text of others asks here what it may show. */
#ifndef SKEIN_VISIBLE_H
#define SKEIN_VISIBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Bytes of the character that `text`, which is not empty, begins with; 1 where they are not UTF-8.
 * *hidden: whether it may not be shown as it is. */
size_t visible_next(const char *text, bool *hidden);

/* `text` for a terminal or a log: the bytes of what is hidden become \xNN. */
void visible_put(FILE *out, const char *text);
/* The columns that takes: 1 a character shown, 4 a byte that is not. */
size_t visible_columns(const char *text);
/* visible_put with blanks before it (`right`) or behind it, to `width` columns. */
void visible_pad(FILE *out, const char *text, size_t width, bool right);
/* Appends the same to the string in out[size], up to the first character that has no room. */
void visible_append(char *out, size_t size, const char *text);

/* Takes the marks of paths ("/./", data/file/path.h) out of a message: they are for those who open
 * the path; readers see "/". */
void visible_unmark(char *message);

/* `text` in a file for people: what is hidden becomes a blank where it is a control or separates
 * lines, else U+FFFD. `special` (NULL: none) says of the characters of ASCII how the file spells
 * those that mean something to it; NULL: as it is. */
enum { VISIBLE_ASCII = 128 };
void visible_spell(FILE *out, const char *text, const char *const special[VISIBLE_ASCII]);

#endif
