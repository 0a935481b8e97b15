/* name_pattern: regular expressions on module names as PEFT writes them, which are Python's.
 *
 * Translated to POSIX are: literals, `.`, `|`, groups (also `(?:`), `* + ?` (also lazy, which says
 * the same where only yes or no is asked), bracket expressions without backslash, `^`, `$`, \d, \w
 * and escaped punctuation. Anything else (counted repeats, look-around, back-references, ...) is an
 * error that names it, never another meaning. */
#ifndef SKEIN_INFER_NAME_PATTERN_H
#define SKEIN_INFER_NAME_PATTERN_H

#include <regex.h>
#include <stdbool.h>

#include "autograd/status.h"

typedef enum NameMatch {
  NAME_WHOLE,  /* re.fullmatch(pattern, name) */
  NAME_SUFFIX, /* re.match("(.*\.)?(pattern)$", name): PEFT's get_pattern_key */
} NameMatch;

typedef struct NamePattern {
  NameMatch match;
  char *plain;   /* a pattern of letters, digits, '_', '-' and '.': matched without the regex */
  regex_t regex; /* compiled when plain is NULL */
} NamePattern;

/* `file` and `field` name the place in messages. On failure *p needs no free. */
Status name_pattern_compile(NamePattern *p, const char *pattern, NameMatch match, const char *file,
                            const char *field, Error *err);
void name_pattern_free(NamePattern *p);
bool name_pattern_matches(const NamePattern *p, const char *name);

/* `name` is `suffix` or ends in "." and `suffix`. */
bool name_has_suffix(const char *name, const char *suffix);

#endif
