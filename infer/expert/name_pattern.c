#include "infer/expert/name_pattern.h"

#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PATTERN_MAX = 1024 };

/* A compiled pattern is a list of steps that many readers of the name follow at once (Thompson
 * 1968): no step is entered twice at one place of the name. Jumps are relative, so a stretch of
 * steps can be moved as a whole. */
typedef enum StepKind { STEP_BYTE, STEP_FORK, STEP_START, STEP_END, STEP_MATCH } StepKind;

typedef struct NameStep {
  StepKind kind;
  int first, second; /* STEP_FORK: where to go on, from here; equal for a plain jump */
  uint32_t set[4];   /* STEP_BYTE: the ASCII bytes that may stand here */
} Step;

enum { STEPS_MAX = 2 * PATTERN_MAX + 32 }; /* no byte of a pattern makes more than two */

/* Compiling. */

typedef struct Parser {
  const char *at; /* what is left; where parsing failed */
  Step *step;
  int steps;
  int depth; /* open groups */
} Parser;

static void set_add(uint32_t set[4], int byte) {
  set[byte / 32] |= (uint32_t)1 << (byte % 32);
}

static bool set_has(const uint32_t set[4], int byte) {
  return byte < 128 && (set[byte / 32] >> (byte % 32) & 1);
}

static void set_invert(uint32_t set[4]) {
  for (int i = 0; i < 4; i++) set[i] = ~set[i];
}

/* Opens a gap of one step before `at`. */
static Step *insert_step(Parser *p, int at, StepKind kind) {
  Step *s = &p->step[at];
  memmove(s + 1, s, (size_t)(p->steps++ - at) * sizeof *s);
  *s = (Step){.kind = kind};
  return s;
}

static Step *add_step(Parser *p, StepKind kind) {
  return insert_step(p, p->steps, kind);
}

static void insert_fork(Parser *p, int at, int first, int second) {
  Step *s = insert_step(p, at, STEP_FORK);
  s->first = first;
  s->second = second;
}

/* The parsers return false where p->at stands before something that is not known. */
static bool parse_alternatives(Parser *p);

/* \d, \., ...: adds what an escape stands for. */
static bool parse_escape(Parser *p, uint32_t set[4]) {
  int c = (unsigned char)p->at[1];
  uint32_t class[4] = {0};
  for (int b = 0; b < 128; b++) {
    bool in = tolower(c) == 'd'   ? isdigit(b)
              : tolower(c) == 'w' ? isalnum(b) || b == '_'
              : tolower(c) == 's' ? isspace(b)
                                  : b == c && ispunct(c);
    if (in) set_add(class, b);
  }
  if (!(class[0] | class[1] | class[2] | class[3])) return false;
  if (isupper(c)) set_invert(class);
  for (int i = 0; i < 4; i++) set[i] |= class[i];
  p->at += 2;
  return true;
}

/* One item of a bracket expression: an escape (not as an end of a range), a byte or a range. */
static bool parse_item(Parser *p, uint32_t set[4]) {
  if (*p->at == '\\') {
    return parse_escape(p, set) && (*p->at != '-' || p->at[1] == ']');
  }
  if (!*p->at) return false;
  int low = (unsigned char)*p->at, high = low;
  bool range = p->at[1] == '-' && p->at[2] && p->at[2] != ']';
  if (range) high = (unsigned char)p->at[2];
  if (high > 127 || high < low || (range && high == '\\')) return false;
  for (int b = low; b <= high; b++) set_add(set, b);
  p->at += range ? 3 : 1;
  return true;
}

static bool parse_bracket(Parser *p) {
  Step *s = add_step(p, STEP_BYTE);
  bool inverted = *++p->at == '^';
  if (inverted) p->at++;
  do { /* a ']' that stands first is meant */
    if (!parse_item(p, s->set)) return false;
  } while (*p->at != ']');
  if (inverted) set_invert(s->set);
  p->at++;
  return true;
}

static bool parse_group(Parser *p) {
  p->at++;
  if (*p->at == '?') {
    if (p->at[1] != ':') return false;
    p->at += 2;
  }
  p->depth++;
  if (!parse_alternatives(p) || *p->at != ')') return false;
  p->depth--;
  p->at++;
  return true;
}

static bool parse_atom(Parser *p) {
  int c = (unsigned char)*p->at;
  if (c == '(') return parse_group(p);
  if (c == '[') return parse_bracket(p);
  if (c == '\\') return parse_escape(p, add_step(p, STEP_BYTE)->set);
  if (c > 127 || strchr("*+?{}", c)) return false;
  Step *s = add_step(p, c == '^' ? STEP_START : c == '$' ? STEP_END : STEP_BYTE);
  set_add(s->set, c == '.' ? '\n' : c);
  if (c == '.') set_invert(s->set);
  p->at++;
  return true;
}

/* Repeats what was compiled from step `start` on. */
static bool parse_repeat(Parser *p, int start) {
  char c = *p->at;
  int length = p->steps - start;
  if (!c || !strchr("*+?", c)) return true;
  if (length == 1 && p->step[start].kind != STEP_BYTE) return false; /* "^*" */
  if (c == '+') {
    insert_fork(p, p->steps, -length, 1);
  } else {
    insert_fork(p, start, 1, length + (c == '*' ? 2 : 1));
    if (c == '*') insert_fork(p, p->steps, -length - 1, -length - 1);
  }
  p->at++;
  if (*p->at == '?') p->at++;
  return !*p->at || !strchr("*+?", *p->at);
}

static bool parse_sequence(Parser *p) {
  while (*p->at && *p->at != '|' && !(*p->at == ')' && p->depth > 0)) {
    int start = p->steps;
    if (*p->at == ')' || !parse_atom(p) || !parse_repeat(p, start)) return false;
  }
  return true;
}

static bool parse_alternatives(Parser *p) {
  int start = p->steps;
  if (!parse_sequence(p)) return false;
  if (*p->at != '|') return true;
  p->at++;
  insert_fork(p, start, 1, p->steps - start + 2);
  int leave = p->steps;
  add_step(p, STEP_FORK);
  if (!parse_alternatives(p)) return false;
  p->step[leave].first = p->step[leave].second = p->steps - leave;
  return true;
}

static bool parse_text(Parser *p, const char *text) {
  p->at = text;
  return parse_alternatives(p);
}

static bool is_plain(const char *pattern) {
  for (; *pattern; pattern++) {
    if (!isalnum((unsigned char)*pattern) && !strchr("_-.", *pattern)) return false;
  }
  return true;
}

static Status compile_steps(NamePattern *p, const char *pattern, const char *file,
                            const char *field, Error *err) {
  Parser parser = {.step = calloc(STEPS_MAX, sizeof(Step))};
  p->step = parser.step;
  if (!p->step) return error_set(err, STATUS_RUN, "%s: %s: out of memory", file, field);
  if (p->match == NAME_SUFFIX) parse_text(&parser, "(.*\\.)?");
  if (!parse_text(&parser, pattern)) {
    return error_set(err, STATUS_INPUT,
                     "%s: %s: \"%s\": byte %td: \"%.4s\" is not a supported regular expression",
                     file, field, pattern, parser.at - pattern, parser.at);
  }
  add_step(&parser, STEP_MATCH);
  assert(parser.steps <= STEPS_MAX);
  p->steps = parser.steps;
  Step *fit = realloc(p->step, (size_t)p->steps * sizeof *fit);
  if (fit) p->step = fit;
  return STATUS_OK;
}

Status name_pattern_compile(NamePattern *p, const char *pattern, NameMatch match, const char *file,
                            const char *field, Error *err) {
  *p = (NamePattern){.match = match};
  if (strlen(pattern) > PATTERN_MAX) {
    return error_set(err, STATUS_INPUT, "%s: %s: a pattern of %zu bytes, at most %d are accepted",
                     file, field, strlen(pattern), PATTERN_MAX);
  }
  if (!is_plain(pattern)) return compile_steps(p, pattern, file, field, err);
  p->plain = strdup(pattern);
  return p->plain ? STATUS_OK : error_set(err, STATUS_RUN, "%s: %s: out of memory", file, field);
}

void name_pattern_free(NamePattern *p) {
  free(p->plain);
  free(p->step);
}

/* Matching. */

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

/* The steps that wait for the byte at one place of the name. */
typedef struct Front {
  int waiting[STEPS_MAX], count;
  bool entered[STEPS_MAX];
} Front;

/* Enters step i and all that can be reached without reading; `start`, `end`: the place is the start
 * or the end of the name. Returns whether the pattern is complete here. */
static bool enter(const NamePattern *p, Front *f, int i, bool start, bool end) {
  int todo[STEPS_MAX + 1], n = 0;
  bool complete = false;
  todo[n++] = i;
  while (n > 0) {
    i = todo[--n];
    if (f->entered[i]) continue;
    f->entered[i] = true;
    const Step *s = &p->step[i];
    switch (s->kind) {
      case STEP_BYTE:
        f->waiting[f->count++] = i;
        break;
      case STEP_FORK:
        if (!f->entered[i + s->first]) todo[n++] = i + s->first;
        if (!f->entered[i + s->second]) todo[n++] = i + s->second;
        break;
      case STEP_START:
      case STEP_END:
        if (s->kind == STEP_START ? start : end) todo[n++] = i + 1;
        break;
      case STEP_MATCH:
        complete = true;
    }
  }
  return complete;
}

bool name_pattern_matches(const NamePattern *p, const char *name) {
  if (p->plain) return plain_matches(p, name);
  Front fronts[2], *now = &fronts[0], *next = &fronts[1];
  now->count = 0;
  memset(now->entered, 0, (size_t)p->steps * sizeof(bool));
  bool complete = enter(p, now, 0, true, !*name);
  for (; *name; name++) {
    complete = false;
    next->count = 0;
    memset(next->entered, 0, (size_t)p->steps * sizeof(bool));
    for (int k = 0; k < now->count; k++) {
      int i = now->waiting[k];
      if (!set_has(p->step[i].set, (unsigned char)*name)) continue;
      complete = enter(p, next, i + 1, false, !name[1]) || complete;
    }
    Front *swap = now;
    now = next;
    next = swap;
  }
  return complete;
}
