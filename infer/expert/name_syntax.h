/* name_syntax: the regular expressions that skein accepts, which are those that Python's re and
 * PCRE2 read alike.
 *
 *   alternatives = sequence { "|" sequence }
 *   sequence     = { atom [ ("*" | "+" | "?") [ "?" ] ] }       no repeat of "^" or "$"
 *   atom         = "(" [ "?:" ] alternatives ")" | "[" [ "^" ] items "]" | "." | "^" | "$"
 *                | "\" ( "d" | "D" | "w" | "W" | "s" | "S" | punctuation ) | any other ASCII
 *   items        = { escape | byte [ "-" byte ] }               a "]" that stands first is meant
 *
 * Counted repeats, possessive ones, look-around, back-references, verbs and the like are outside.
 * So is "[:" in brackets, which is a class to PCRE2 and two bytes to Python. */
#ifndef SKEIN_NAME_SYNTAX_H
#define SKEIN_NAME_SYNTAX_H

/* The place in `pattern` that begins what is not accepted; NULL when all of it is. Takes stack for
 * every open group: bound the pattern's length first. */
const char *name_syntax_fault(const char *pattern);

#endif
