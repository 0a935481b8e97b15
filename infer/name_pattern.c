#include "infer/name_pattern.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* glibc compiles by recursion on the nesting of groups, so a pattern from a file has a length. */
enum { PATTERN_MAX = 1024 };

bool name_has_suffix(const char *name, const char *suffix) {
  size_t n = strlen(name), s = strlen(suffix);
  if (s > n || strcmp(name + n - s, suffix) != 0) return false;
  return s == n || name[n - s - 1] == '.';
}

/* As name_has_suffix (or equality), where a '.' of the pattern stands for any character. */
static bool plain_matches(const NamePattern *p, const char *name) {
  size_t n = strlen(name), s = strlen(p->plain);
  if (s > n || (s < n && (p->match == NAME_WHOLE || name[n - s - 1] != '.'))) return false;
  for (size_t i = 0; i < s; i++) {
    if (p->plain[i] != '.' && p->plain[i] != name[n - s + i]) return false;
  }
  return true;
}

static bool is_plain(const char *pattern) {
  for (; *pattern; pattern++) {
    if (!isalnum((unsigned char)*pattern) && !strchr("_-.", *pattern)) return false;
  }
  return true;
}

/* A Python pattern on its way to POSIX. */
typedef struct Translation {
  const char *from; /* what is left */
  char *to;         /* where the next character goes */
} Translation;

static void emit(Translation *t, const char *text) {
  t->to = stpcpy(t->to, text);
}

/* Each returns false where t->from stands before something that has no translation. */

static bool translate_escape(Translation *t) {
  char c = t->from[1];
  if (c == 'd') {
    emit(t, "[0-9]");
  } else if (c == 'w') {
    emit(t, "[A-Za-z0-9_]");
  } else if (c && strchr(".[](){}*+?|^$\\", c)) {
    emit(t, (char[]){'\\', c, '\0'});
  } else if (ispunct((unsigned char)c)) {
    emit(t, (char[]){c, '\0'});
  } else {
    return false;
  }
  t->from += 2;
  return true;
}

static bool translate_bracket(Translation *t) {
  const char *end = t->from + 1;
  if (*end == '^') end++;
  if (*end == ']') end++;
  for (; *end && *end != ']'; end++) {
    if (*end == '\\' || *end == '[') return false;
  }
  if (!*end) return false;
  t->to = mempcpy(t->to, t->from, (size_t)(end + 1 - t->from));
  t->from = end + 1;
  return true;
}

static bool translate_repeat(Translation *t) {
  emit(t, (char[]){*t->from++, '\0'});
  if (*t->from == '?') t->from++; /* lazy */
  return !*t->from || !strchr("*+?{", *t->from);
}

static bool translate_group(Translation *t) {
  emit(t, "(");
  t->from++;
  if (*t->from != '?') return true;
  if (t->from[1] != ':') return false;
  t->from += 2;
  return true;
}

static bool translate_next(Translation *t) {
  switch (*t->from) {
    case '\\':
      return translate_escape(t);
    case '[':
      return translate_bracket(t);
    case '*':
    case '+':
    case '?':
      return translate_repeat(t);
    case '(':
      return translate_group(t);
    case '{':
    case '}':
      return false;
    default:
      emit(t, (char[]){*t->from++, '\0'});
      return true;
  }
}

static Status compile_regex(NamePattern *p, const char *pattern, const char *file,
                            const char *field, Error *err) {
  /* No construct grows more than from two characters to twelve. */
  char posix[6 * PATTERN_MAX + 32];
  Translation t = {pattern, posix};
  emit(&t, p->match == NAME_SUFFIX ? "^(.*\\.)?(" : "^(");
  while (*t.from) {
    if (!translate_next(&t)) {
      return error_set(err, STATUS_INPUT,
                       "%s: %s: \"%s\": byte %td: \"%.4s\" is not a supported regular expression",
                       file, field, pattern, t.from - pattern, t.from);
    }
  }
  emit(&t, ")$");
  int cause = regcomp(&p->regex, posix, REG_EXTENDED | REG_NOSUB);
  if (cause == 0) return STATUS_OK;
  char why[128];
  regerror(cause, &p->regex, why, sizeof why);
  return error_set(err, cause == REG_ESPACE ? STATUS_RUN : STATUS_INPUT,
                   "%s: %s: \"%s\": is not a regular expression: %s", file, field, pattern, why);
}

Status name_pattern_compile(NamePattern *p, const char *pattern, NameMatch match, const char *file,
                            const char *field, Error *err) {
  *p = (NamePattern){.match = match};
  if (strlen(pattern) > PATTERN_MAX) {
    return error_set(err, STATUS_INPUT, "%s: %s: a pattern of %zu bytes, at most %d are accepted",
                     file, field, strlen(pattern), PATTERN_MAX);
  }
  if (!is_plain(pattern)) return compile_regex(p, pattern, file, field, err);
  p->plain = strdup(pattern);
  return p->plain ? STATUS_OK : error_set(err, STATUS_RUN, "%s: %s: out of memory", file, field);
}

void name_pattern_free(NamePattern *p) {
  if (!p->plain) regfree(&p->regex);
  free(p->plain);
}

bool name_pattern_matches(const NamePattern *p, const char *name) {
  if (p->plain) return plain_matches(p, name);
  return regexec(&p->regex, name, 0, NULL, 0) == 0;
}
