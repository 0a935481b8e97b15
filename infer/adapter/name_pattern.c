#include "infer/adapter/name_pattern.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "infer/adapter/name_syntax.h"

enum {
  PATTERN_MAX = 1024,
  MATCH_LIMIT = 1000000, /* ways tried: some ten milliseconds */
  DEPTH_LIMIT = 20000,   /* ways open at a time: a few megabytes */
};

struct NameRegex {
  char *place; /* "FILE: FIELD: \"PATTERN\"" */
  pcre2_code *code;
  pcre2_match_data *data;
  pcre2_match_context *limits;
};

static bool is_plain(const char *pattern) {
  for (; *pattern; pattern++) {
    if (!isalnum((unsigned char)*pattern) && !strchr("_-.", *pattern)) return false;
  }
  return true;
}

/* As Python's: "." is no line feed, "$" the very end; a group may stand in any other. */
static int compile_code(struct NameRegex *r, const char *pattern, NameMatch match) {
  char text[PATTERN_MAX + 32];
  snprintf(text, sizeof text, match == NAME_SUFFIX ? "(?:.*\\.)?(?:%s)" : "%s", pattern);
  pcre2_compile_context *c = pcre2_compile_context_create(NULL);
  if (!c) return PCRE2_ERROR_NOMEMORY;
  pcre2_set_newline(c, PCRE2_NEWLINE_LF);
  pcre2_set_parens_nest_limit(c, PATTERN_MAX);
  int code;
  PCRE2_SIZE at;
  r->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                          PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY |
                              PCRE2_NO_AUTO_CAPTURE | PCRE2_NEVER_UTF,
                          &code, &at, c);
  pcre2_compile_context_free(c);
  return r->code ? 0 : code;
}

static int make_match_parts(struct NameRegex *r) {
  r->data = pcre2_match_data_create(1, NULL);
  r->limits = pcre2_match_context_create(NULL);
  if (!r->data || !r->limits) return PCRE2_ERROR_NOMEMORY;
  pcre2_set_match_limit(r->limits, MATCH_LIMIT);
  pcre2_set_depth_limit(r->limits, DEPTH_LIMIT);
  return 0;
}

/* What PCRE2 says of the code of an error, which is not 0. */
static Status pcre2_failure(const char *place, int code, Error *err) {
  enum { COMPILE_NO_MEMORY = 121 }; /* pcre2_compile has codes of its own */
  char what[128];
  if (code == PCRE2_ERROR_NOMEMORY || code == COMPILE_NO_MEMORY)
    return error_set(err, STATUS_RUN, "%s: out of memory", place);
  pcre2_get_error_message(code, (PCRE2_UCHAR *)what, sizeof what);
  return error_set(err, STATUS_INPUT, "%s: cannot be matched: %s", place, what);
}

static Status make_regex(NamePattern *p, const char *pattern, const char *file, const char *field,
                         Error *err) {
  struct NameRegex *r = p->regex = calloc(1, sizeof *r);
  if (!r || asprintf(&r->place, "%s: %s: \"%.200s\"", file, field, pattern) < 0) {
    if (r) r->place = NULL;
    return error_set(err, STATUS_RUN, "%s: %s: out of memory", file, field);
  }
  int code = compile_code(r, pattern, p->match);
  if (code == 0) code = make_match_parts(r);
  return code == 0 ? STATUS_OK : pcre2_failure(r->place, code, err);
}

static Status compile_regex(NamePattern *p, const char *pattern, const char *file,
                            const char *field, Error *err) {
  const char *fault = name_syntax_fault(pattern, p->match == NAME_WHOLE);
  if (!fault) return make_regex(p, pattern, file, field, err);
  return error_set(err, STATUS_INPUT,
                   "%s: %s: \"%s\": byte %td: \"%.4s\" is not a supported regular expression", file,
                   field, pattern, fault - pattern, fault);
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
  free(p->plain);
  if (!p->regex) return;
  pcre2_match_context_free(p->regex->limits);
  pcre2_match_data_free(p->regex->data);
  pcre2_code_free(p->regex->code);
  free(p->regex->place);
  free(p->regex);
}

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

Status name_pattern_matches(const NamePattern *p, const char *name, bool *matches, Error *err) {
  *matches = p->plain && plain_matches(p, name);
  if (p->plain) return STATUS_OK;
  struct NameRegex *r = p->regex;
  int code = pcre2_match(r->code, (PCRE2_SPTR)name, strlen(name), 0, 0, r->data, r->limits);
  *matches = code >= 0;
  return code >= 0 || code == PCRE2_ERROR_NOMATCH ? STATUS_OK : pcre2_failure(r->place, code, err);
}
