/* name_pattern: regular expressions on module names as PEFT writes them, which are Python's.
 *
 * What is accepted is in name_syntax.h; anything else is an error that names it, never another
 * meaning. A pattern comes from a stranger's file, so PCRE2 matches it under limits: of the ways to
 * read a name, which can double with every letter, it tries a million. */
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
  char *plain;             /* a pattern of letters, digits, '_', '-' and '.' is kept as it is */
  struct NameRegex *regex; /* another is compiled; with the room of a match: one thread at a time */
} NamePattern;

/* `file` and `field` name the place in messages. Free with name_pattern_free, also after failure.
 */
Status name_pattern_compile(NamePattern *p, const char *pattern, NameMatch match, const char *file,
                            const char *field, Error *err);
void name_pattern_free(NamePattern *p); /* a zeroed NamePattern is allowed */

/* STATUS_INPUT naming the place and the pattern when a match takes more than its limits. */
Status name_pattern_matches(const NamePattern *p, const char *name, bool *matches, Error *err);

/* `name` is `suffix` or ends in "." and `suffix`. */
bool name_has_suffix(const char *name, const char *suffix);

#endif
