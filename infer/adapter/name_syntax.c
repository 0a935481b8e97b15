#include "infer/adapter/name_syntax.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct Syntax {
  const char *at; /* what is left; where parsing failed */
  int depth;      /* open groups */
} Syntax;

/* These return false where s->at stands before something that is not accepted. */
static bool parse_alternatives(Syntax *s);

static bool is_repeat(char c) {
  return c && strchr("*+?{", c);
}

/* An escape that stands for one character. */
static bool parse_escape(Syntax *s) {
  int c = (unsigned char)s->at[1];
  if (!c || c > 127 || (!ispunct(c) && !strchr("dDwWsS", c))) return false;
  s->at += 2;
  return true;
}

/* One item of a bracket expression: an escape (not as an end of a range), a byte or a range. */
static bool parse_item(Syntax *s) {
  if (*s->at == '\\') return parse_escape(s) && (*s->at != '-' || s->at[1] == ']');
  if (!*s->at || (*s->at == '[' && s->at[1] && strchr(":.=", s->at[1]))) return false;
  int low = (unsigned char)*s->at, high = low;
  bool range = s->at[1] == '-' && s->at[2] && s->at[2] != ']';
  if (range) high = (unsigned char)s->at[2];
  if (high > 127 || high < low || (range && high == '\\')) return false;
  s->at += range ? 3 : 1;
  return true;
}

static bool parse_bracket(Syntax *s) {
  if (*++s->at == '^') s->at++;
  do {
    if (!parse_item(s)) return false;
  } while (*s->at != ']');
  s->at++;
  return true;
}

/* "P<name>", whose name PCRE2 too takes: letters, digits and "_", 32 at most. */
static bool parse_name(Syntax *s) {
  enum { NAME_MOST = 32 };
  const char *name = s->at + strlen("?P<");
  size_t n = 0;
  while (isalnum((unsigned char)name[n]) || name[n] == '_') n++;
  if (n == 0 || n > NAME_MOST || isdigit((unsigned char)*name) || name[n] != '>') return false;
  s->at = name + n + 1;
  return true;
}

/* What stands behind "(", "?..." or nothing; *around: it is a look-around. */
static bool parse_opening(Syntax *s, bool *around) {
  static const char *const KINDS[] = {"?:", "?=", "?!", "?<=", "?<!"};
  *around = false;
  if (*s->at != '?') return true;
  if (strncmp(s->at, "?P<", strlen("?P<")) == 0) return parse_name(s);
  for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
    if (strncmp(s->at, KINDS[i], strlen(KINDS[i])) != 0) continue;
    *around = i > 0;
    s->at += strlen(KINDS[i]);
    return true;
  }
  return false;
}

static bool parse_group(Syntax *s, bool *around) {
  s->at++;
  if (!parse_opening(s, around)) return false;
  s->depth++;
  if (!parse_alternatives(s) || *s->at != ')') return false;
  s->depth--;
  s->at++;
  return true;
}

/* *empty: it matches a place and no character. */
static bool parse_atom(Syntax *s, bool *empty) {
  int c = (unsigned char)*s->at;
  *empty = c == '^' || c == '$';
  if (c == '(') return parse_group(s, empty);
  if (c == '[') return parse_bracket(s);
  if (c == '\\' && s->at[1] && strchr("bB", s->at[1])) return *empty = true, s->at += 2, true;
  if (c == '\\') return parse_escape(s);
  if (c > 127 || strchr("*+?{}", c)) return false;
  s->at++;
  return true;
}

/* Up to three digits; -1: there is none or more. */
static int parse_count(Syntax *s) {
  size_t digits = strspn(s->at, "0123456789");
  if (digits < 1 || digits > 3) return -1;
  int count = (int)strtol(s->at, NULL, 10);
  s->at += digits;
  return count;
}

/* "{n}", "{n,}" or "{n,m}". */
static bool parse_counts(Syntax *s) {
  Syntax at = {.at = s->at + 1};
  int low = parse_count(&at), high = low;
  if (low < 0) return false;
  if (*at.at == ',') {
    at.at++;
    if (*at.at != '}') high = parse_count(&at);
  }
  if (*at.at != '}' || high < low) return false;
  s->at = at.at + 1;
  return true;
}

static bool parse_repeat(Syntax *s, bool empty) {
  if (!is_repeat(*s->at)) return true;
  if (empty) return false;
  if (*s->at != '{') {
    s->at++;
  } else if (!parse_counts(s)) {
    return false;
  }
  if (*s->at == '?') s->at++;
  return !is_repeat(*s->at);
}

static bool parse_sequence(Syntax *s) {
  while (*s->at && *s->at != '|' && !(*s->at == ')' && s->depth > 0)) {
    bool empty;
    if (*s->at == ')' || !parse_atom(s, &empty) || !parse_repeat(s, empty)) return false;
  }
  return true;
}

static bool parse_alternatives(Syntax *s) {
  while (parse_sequence(s)) {
    if (*s->at != '|') return true;
    s->at++;
  }
  return false;
}

const char *name_syntax_flags(const char *pattern) {
  if (strncmp(pattern, "(?", 2) != 0) return pattern;
  size_t n = strspn(pattern + 2, "is");
  return n > 0 && pattern[2 + n] == ')' ? pattern + n + 3 : pattern;
}

const char *name_syntax_fault(const char *pattern, bool flags) {
  Syntax s = {.at = flags ? name_syntax_flags(pattern) : pattern};
  return parse_alternatives(&s) ? NULL : s.at;
}
