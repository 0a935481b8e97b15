/* name_pattern: regular expressions on module names as PEFT writes them, which are Python's.
 *
 *   alternatives = sequence { "|" sequence }
 *   sequence     = { atom [ ("*" | "+" | "?") [ "?" ] ] }       a lazy repeat says the same here
 *   atom         = "(" [ "?:" ] alternatives ")" | "[" [ "^" ] items "]" | "." | "^" | "$"
 *                | "\" ( "d" | "D" | "w" | "W" | "s" | "S" | punctuation ) | any other ASCII
 *
 * What else Python knows (counted repeats, look-around, back-references, ...) is an error that
 * names it, never another meaning. The patterns come from files of strangers and POSIX regcomp
 * takes time exponential in a few hundred bytes of them; here a match takes time proportional to
 * pattern times name. */
#ifndef SKEIN_NAME_PATTERN_H
#define SKEIN_NAME_PATTERN_H

#include <stdbool.h>

#include "autograd/ground/status.h"

typedef enum NameMatch {
  NAME_WHOLE,  /* re.fullmatch(pattern, name) */
  NAME_SUFFIX, /* re.match("(.*\.)?(pattern)$", name): PEFT's get_pattern_key */
} NameMatch;

typedef struct NamePattern {
  NameMatch match;
  char *plain;           /* a pattern of letters, digits, '_', '-' and '.' is kept as it is */
  struct NameStep *step; /* another is compiled */
  int steps;
} NamePattern;

/* `file` and `field` name the place in messages. Free with name_pattern_free, also after failure.
 */
Status name_pattern_compile(NamePattern *p, const char *pattern, NameMatch match, const char *file,
                            const char *field, Error *err);
void name_pattern_free(NamePattern *p); /* a zeroed NamePattern is allowed */
bool name_pattern_matches(const NamePattern *p, const char *name);

/* `name` is `suffix` or ends in "." and `suffix`. */
bool name_has_suffix(const char *name, const char *suffix);

#endif
