/* sweep: runs a command of the program once for every call that can fail or be died at, and looks
 * at what is left (judge.h).
 *
 *   sweep NAME BEFORE [-x] [-r ARGUMENTS] [-s ARGUMENTS] [-p ARGUMENTS] [-g PATTERN] -- ARGUMENTS
 *
 * BEFORE is a directory with the state at the start; a copy of it is the working directory. -x: the
 * command is refused; -r: the commands that go on after a fault (default: the command itself); -s: later work of others, which
 * ends where it began, for what they refuse to do again; -p: the probe; -g: paths that
 * grow. From the environment: SKEIN, FAULT_SHIM, FAULT_WORK (a directory), FAULT_RUNS (at most so
 * many faults of a kind, evenly over the calls; 0: one at every call), FAULT_ALLOCATIONS (the same
 * of allocations), FAULT_JOBS. Kills are at every call in any case. Prints a line, and one for each finding; exit 1 when there are some. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "data/file/path.h"
#include "tests/faults/judge.h"

static const char *const KIND[FAULT_KINDS] = {[FAULT_EIO] = "EIO",
                                              [FAULT_ENOSPC] = "ENOSPC",
                                              [FAULT_EMFILE] = "EMFILE",
                                              [FAULT_EINTR] = "EINTR",
                                              [FAULT_NO_MAP] = "no map",
                                              [FAULT_NO_MEMORY] = "no memory",
                                              [FAULT_SHORT] = "short",
                                              [FAULT_KILL] = "kill before",
                                              [FAULT_KILL_HALF] = "kill amid",
                                              [FAULT_KILL_AFTER] = "kill after"};

/* What the workers share. */
typedef struct Tally {
  atomic_long faults, kills, allocations, missed, findings;
} Tally;

typedef struct Sweep {
  Scenario scenario;
  Reference reference;
  Place place;
  Tally *tally;
  int job, jobs;
  long next; /* number of the next run, over all kinds */
} Sweep;

static const char *from_environment(const char *name, const char *otherwise) {
  const char *value = getenv(name);
  if (value) return value;
  if (otherwise) return otherwise;
  fprintf(stderr, "sweep: %s is not set\n", name);
  exit(99);
}

static void count(Tally *t, FaultKind kind, bool hit) {
  if (!hit) {
    atomic_fetch_add(&t->missed, 1);
  } else if (fault_kills(kind)) {
    atomic_fetch_add(&t->kills, 1);
  } else {
    atomic_fetch_add(kind == FAULT_NO_MEMORY ? &t->allocations : &t->faults, 1);
  }
}

static void try(Sweep *s, FaultKind kind, long at, bool forever) {
  if (s->next++ % s->jobs != s->job) return;
  FaultBoard *board = s->place.board;
  place_reset(&s->place, &s->scenario);
  board->kind = kind;
  board->at = at;
  board->forever = forever;
  Outcome ended = place_run(&s->place, &s->scenario.command);
  bool hit = atomic_load(&board->hits) > 0;
  char call[sizeof board->call];
  memcpy(call, board->call, sizeof call);
  count(s->tally, kind, hit);
  char *what = judge(&s->scenario, &s->reference, &s->place, &ended);
  if (what) {
    atomic_fetch_add(&s->tally->findings, 1);
    printf("FAIL  %s: %s at %ld%s (%s): %s\n", s->scenario.name, KIND[kind], at,
           forever ? " and after" : "", call, what);
    fflush(stdout);
  }
  free(what);
  outcome_free(&ended);
}

static void try_each(Sweep *s, FaultKind kind, long runs, bool forever) {
  long calls = s->reference.calls[kind];
  long step = runs > 0 && calls > runs ? (calls + runs - 1) / runs : 1;
  for (long at = 1 + (step - 1) / 2; at <= calls; at += step) try(s, kind, at, forever);
}

static void sweep(Sweep *s) {
  for (FaultKind kind = 0; kind < FAULT_KILL; kind++) {
    const char *most = kind == FAULT_NO_MEMORY ? "FAULT_ALLOCATIONS" : "FAULT_RUNS";
    long runs = strtol(from_environment(most, "0"), NULL, 10);
    try_each(s, kind, runs, false);
    if (kind != FAULT_EINTR && kind != FAULT_SHORT) try_each(s, kind, runs, true);
  }
  if (s->reference.calls[FAULT_SHORT]) try(s, FAULT_SHORT, 1, true);
  /* After a call is before the next one, but for the last. */
  try_each(s, FAULT_KILL, 0, false);
  try_each(s, FAULT_KILL_HALF, 0, false);
  if (s->reference.calls[FAULT_KILL_AFTER])
    try(s, FAULT_KILL_AFTER, s->reference.calls[FAULT_KILL_AFTER], false);
}

static void run_job(Sweep *s, int job) {
  char *root;
  if (asprintf(&root, "%s/job%d", from_environment("FAULT_WORK", NULL), job) < 0) exit(99);
  s->job = job;
  s->place =
      place_open(root, from_environment("SKEIN", NULL), from_environment("FAULT_SHIM", NULL));
  sweep(s);
  free(root);
  exit(0);
}

static Scenario scenario_read(int argc, char **argv) {
  Scenario s = {.name = argv[1], .before = argv[2]};
  optind = 3;
  for (int option; (option = getopt(argc, argv, "+xr:s:p:g:")) != -1;) {
    if (option == 'r' && s.recovers < SCENARIO_LIST) s.recover[s.recovers++] = words_of(optarg);
    if (option == 's' && s.settles < SCENARIO_LIST) s.settle[s.settles++] = words_of(optarg);
    if (option == 'g' && s.grow_count < SCENARIO_LIST) s.grows[s.grow_count++] = optarg;
    if (option == 'p') s.probe = words_of(optarg);
    if (option == 'p') s.probed = true;
    if (option == 'x') s.refused = true;
    if (option == '?') exit(99);
  }
  for (; optind < argc && s.command.count < TRIAL_WORDS - 2; optind++)
    s.command.word[s.command.count++] = argv[optind];
  if (!s.recovers) s.recover[s.recovers++] = s.command;
  return s;
}

/* True when every job did its work. */
static bool run_jobs(Sweep *s) {
  bool done = true;
  int status;
  for (int job = 0; job < s->jobs; job++) {
    if (fork() == 0) run_job(s, job);
  }
  while (wait(&status) > 0) {
    if (status) fprintf(stderr, "sweep: a job ended with status %d\n", status);
    done = done && status == 0;
  }
  return done;
}

int main(int argc, char **argv) {
  if (argc < 5) return 99;
  time_t begun = time(NULL);
  Sweep s = {.scenario = scenario_read(argc, argv),
             .jobs = (int)strtol(from_environment("FAULT_JOBS", "2"), NULL, 10)};
  char *root = path_join(from_environment("FAULT_WORK", NULL), "reference");
  s.place = place_open(root, from_environment("SKEIN", NULL), from_environment("FAULT_SHIM", NULL));
  s.reference = reference_make(&s.scenario, &s.place);
  s.tally = mmap(NULL, sizeof *s.tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (s.tally == MAP_FAILED) return 99;
  bool done = run_jobs(&s);
  long findings = atomic_load(&s.tally->findings);
  printf("%s  %-16s %5ld faults %5ld allocations %5ld kills %3ld missed %3ld findings %4ld s\n",
         findings || !done ? "FAIL" : "ok  ", s.scenario.name, atomic_load(&s.tally->faults),
         atomic_load(&s.tally->allocations), atomic_load(&s.tally->kills),
         atomic_load(&s.tally->missed), findings, (long)(time(NULL) - begun));
  return findings || !done;
}
