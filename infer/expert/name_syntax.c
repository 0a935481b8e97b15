#include "infer/expert/name_syntax.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct Syntax {
  const char *at; /* what is left; where parsing failed */
  int depth;      /* open groups */
} Syntax;

/* These return false where s->at stands before something that is not accepted. */
static bool parse_alternatives(Syntax *s);

static bool is_repeat(char c) {
  return c && strchr("*+?", c);
}

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

static bool parse_group(Syntax *s) {
  s->at++;
  if (*s->at == '?') {
    if (s->at[1] != ':') return false;
    s->at += 2;
  }
  s->depth++;
  if (!parse_alternatives(s) || *s->at != ')') return false;
  s->depth--;
  s->at++;
  return true;
}

static bool parse_atom(Syntax *s) {
  int c = (unsigned char)*s->at;
  if (c == '(') return parse_group(s);
  if (c == '[') return parse_bracket(s);
  if (c == '\\') return parse_escape(s);
  if (c > 127 || strchr("*+?{}", c)) return false;
  s->at++;
  return true;
}

static bool parse_repeat(Syntax *s, bool anchor) {
  if (!is_repeat(*s->at)) return true;
  if (anchor) return false;
  s->at++;
  if (*s->at == '?') s->at++;
  return !is_repeat(*s->at);
}

static bool parse_sequence(Syntax *s) {
  while (*s->at && *s->at != '|' && !(*s->at == ')' && s->depth > 0)) {
    bool anchor = *s->at == '^' || *s->at == '$';
    if (*s->at == ')' || !parse_atom(s) || !parse_repeat(s, anchor)) return false;
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

const char *name_syntax_fault(const char *pattern) {
  Syntax s = {.at = pattern};
  return parse_alternatives(&s) ? NULL : s.at;
}
