#include "tests/faults/judge.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"

static const char ERROR[] = "skein: error: ";

static char *found(const char *format, ...) {
  char *text;
  va_list args;
  va_start(args, format);
  if (vasprintf(&text, format, args) < 0) exit(99);
  va_end(args);
  return text;
}

void place_reset(const Place *p, const Scenario *s) {
  Error err = {0};
  char *temporary = path_join(p->state, "tmp");
  tree_copy(s->before, p->state);
  must(dir_make(temporary, &err), &err);
  must(dir_remove(p->cache, &err), &err);
  *p->board = (FaultBoard){0};
  free(temporary);
}

/* ---- without faults ---- */

static Outcome recover(const Scenario *s, const Place *p) {
  Outcome o = {.code = -1};
  for (int i = 0; i < s->recovers && o.code != 0; i++) {
    outcome_free(&o);
    o = place_run(p, &s->recover[i]);
  }
  return o;
}

static Outcome probe(const Scenario *s, const Place *p) {
  return s->probed ? place_run(p, &s->probe) : (Outcome){0};
}

static void expect_clean(const Scenario *s, const Outcome *o) {
  if ((o->code == 0) != s->refused) return;
  fprintf(stderr, "sweep: %s: exit %d without a fault: %s\n", s->name, o->code, o->err);
  exit(99);
}

Reference reference_make(const Scenario *s, const Place *p) {
  Reference r = {0};
  place_reset(p, s);
  r.probe_before = probe(s, p);
  place_reset(p, s);
  r.before = tree_read(p->state);
  r.clean = place_run(p, &s->command);
  expect_clean(s, &r.clean);
  for (int i = 0; i < FAULT_KINDS; i++) r.calls[i] = atomic_load(&p->board->seen[i]);
  r.after = tree_read(p->state);
  r.probe_after = probe(s, p);
  Outcome again = recover(s, p);
  r.again = tree_read(p->state);
  outcome_free(&again);
  place_reset(p, s);
  again = place_run(p, &s->command);
  Tree second = tree_read(p->state);
  const char *other = tree_difference(&r.after, &second);
  if (other) fprintf(stderr, "sweep: %s: two runs differ in %s\n", s->name, other);
  if (other) exit(99);
  tree_free(&second);
  outcome_free(&again);
  return r;
}

/* ---- the rules ---- */

static bool is_documented(int code) {
  return code == 0 || code == 1 || code == 2 || code == 3 || code == 4 || code == 6;
}

static int error_lines(const char *text) {
  int lines = 0;
  for (; (text = strstr(text, ERROR)) != NULL; text += strlen(ERROR)) lines++;
  return lines;
}

/* The last line is the error, and nothing stands below it. */
static bool ends_in_error(const char *text) {
  const char *error = strstr(text, ERROR), *end = error ? strchr(error, '\n') : NULL;
  return end && end[1] == '\0';
}

static char *judge_end(const Scenario *s, const Reference *r, const Outcome *ended) {
  if (ended->hung) return found("hangs");
  if (ended->code > 128) return found("signal %d: %s", ended->code - 128, ended->err);
  if (!is_documented(ended->code)) return found("exit %d: %s", ended->code, ended->err);
  if (ended->code == 0 && s->refused) return found("is not refused");
  if (ended->code == 0 && strcmp(ended->out, r->clean.out) != 0)
    return found("exit 0, and printed something else: %s", ended->out);
  if (ended->code == 0 && error_lines(ended->err)) return found("exit 0: %s", ended->err);
  if (ended->code == 0 || ended->code == 6) return NULL;
  if (error_lines(ended->err) != 1 || !ends_in_error(ended->err))
    return found("exit %d, and not one line of error: %s", ended->code, ended->err);
  return NULL;
}

static bool may_grow(const Scenario *s, const char *path) {
  for (int i = 0; i < s->grow_count; i++) {
    if (fnmatch(s->grows[i], path, 0) == 0) return true;
  }
  return false;
}

/* The first path of a state between that is neither as before nor as after. */
static const char *find_third(const Scenario *s, const Reference *r, const Tree *now) {
  for (size_t i = 0; i < now->count; i++) {
    const TreeEntry *e = &now->entry[i];
    if (!tree_has(&r->before, e) && !tree_has(&r->after, e) && !may_grow(s, e->path))
      return e->path;
  }
  for (size_t i = 0; i < r->before.count; i++) {
    const TreeEntry *e = &r->before.entry[i];
    bool stays = tree_find(&r->after, e->path) != NULL;
    if (stays && !tree_find(now, e->path) && !may_grow(s, e->path)) return e->path;
  }
  return NULL;
}

static bool same_outcome(const Outcome *a, const Outcome *b) {
  return a->code == b->code && strcmp(a->out, b->out) == 0;
}

static char *judge_between(const Scenario *s, const Reference *r, const Place *p, const Tree *now,
                           bool done) {
  if (!s->probed && !s->grow_count)
    return found("a third state: %s", tree_difference(now, &r->before));
  const char *third = find_third(s, r, now);
  if (third) return found("neither as before nor as after: %s", third);
  if (!s->probed) return NULL;
  Outcome o = probe(s, p);
  bool fine = (!done && same_outcome(&o, &r->probe_before)) || same_outcome(&o, &r->probe_after);
  char *what = fine ? NULL : found("the probe finds a third state: exit %d: %s", o.code, o.err);
  outcome_free(&o);
  return what;
}

/* `helpless`: it could not even clean up. */
static char *judge_state(const Scenario *s, const Reference *r, const Place *p,
                         const Outcome *ended, bool helpless) {
  Tree now = tree_read(p->state);
  char *what = NULL;
  size_t temporaries = tree_drop_temporaries(&now);
  if (!what && temporaries && !helpless) what = found("a temporary file stays");
  bool partly = ended->code == STATUS_PARTIAL; /* and its tables say which parts failed */
  if (!what && !partly && !tree_equal(&now, &r->before) && !tree_equal(&now, &r->after))
    what = judge_between(s, r, p, &now, ended->code == 0);
  if (!what && ended->code == 0 && !s->probed && !tree_equal(&now, &r->after))
    what = found("exit 0, and not as after a run: %s", tree_difference(&now, &r->after));
  tree_free(&now);
  return what;
}

/* Work of others, who come later. */
static void settle(const Scenario *s, const Place *p, Tree *now) {
  for (int i = 0; i < s->settles; i++) {
    Outcome o = place_run(p, &s->settle[i]);
    outcome_free(&o);
  }
  tree_free(now);
  *now = tree_read(p->state);
}

static char *judge_recovery(const Scenario *s, const Reference *r, const Place *p) {
  Outcome o = recover(s, p);
  Tree now = tree_read(p->state);
  if (o.code != 0 && s->settles > 0 && !tree_equal(&now, &r->after)) settle(s, p, &now);
  const char *other = tree_difference(&now, &r->after);
  char *what = NULL;
  if (o.code > 128 || !is_documented(o.code)) {
    what = found("run again: exit %d: %s", o.code, o.err);
  } else if (other && !tree_equal(&now, &r->again)) {
    what = found("run again, exit %d, other than an undisturbed run: %s: %s", o.code, other, o.err);
  }
  tree_free(&now);
  outcome_free(&o);
  return what;
}

/* It was killed, or nothing worked any more, or removing did not, or a library ended it for want of
 * memory. What it leaves, the next run removes. */
static bool is_helpless(const FaultBoard *board, const Outcome *ended, bool killed) {
  bool stuck = strncmp(board->call, "unlink", strlen("unlink")) == 0 || ended->code == 0;
  return killed || board->forever || stuck || board->kind == FAULT_NO_MEMORY;
}

char *judge(const Scenario *s, const Reference *r, const Place *p, const Outcome *ended) {
  bool killed = fault_kills(p->board->kind) && atomic_load(&p->board->hits) > 0;
  bool helpless = is_helpless(p->board, ended, killed);
  p->board->at = 0;
  char *what = killed ? NULL : judge_end(s, r, ended);
  if (!what) what = judge_state(s, r, p, ended, helpless);
  if (!what) what = judge_recovery(s, r, p);
  return what;
}
