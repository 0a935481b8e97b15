/* name_syntax: the regular expressions that skein accepts, which are those that Python's re and
 * PCRE2 read alike on names of ASCII.
 *
 *   pattern      = [ "(?" flags ")" ] alternatives              the flags in NAME_WHOLE alone
 *   alternatives = sequence { "|" sequence }
 *   sequence     = { atom [ repeat ] }       no repeat of "^", "$", "\b", "\B" or a look-around
 *   repeat       = ( "*" | "+" | "?" | "{" n [ "," [ n ] ] "}" ) [ "?" ]            n up to 999
 *   atom         = group | "[" [ "^" ] items "]" | "." | "^" | "$" | "\b" | "\B"
 *                | "\" ( "d" | "D" | "w" | "W" | "s" | "S" | punctuation ) | any other ASCII
 *   group        = "(" [ "?:" | "?P<" name ">" | "?=" | "?!" | "?<=" | "?<!" ] alternatives ")"
 *   flags        = "i" | "s" | "is" | "si" ...
 *   items        = { escape | byte [ "-" byte ] }               a "]" that stands first is meant
 *
 * Possessive repeats, back-references, conditions, verbs and the like are outside. So is "[:" in
 * brackets, which is a class to PCRE2 and two bytes to Python. */
#ifndef SKEIN_NAME_SYNTAX_H
#define SKEIN_NAME_SYNTAX_H

#include <stdbool.h>

/* The place in `pattern` that begins what is not accepted; NULL when all of it is. `flags`: whether
 * flags may stand first. Takes stack for every open group: bound the pattern's length first. */
const char *name_syntax_fault(const char *pattern, bool flags);
/* What stands behind the flags that may stand first. */
const char *name_syntax_flags(const char *pattern);

#endif
