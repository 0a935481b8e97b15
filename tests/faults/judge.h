/* judge: what a fault may have left of a command's work, and what it may not.
 *
 *   1. The program ends by itself, with an exit code of its list; with an error it says so in one
 *      line, the last.
 *   2. Exit 0: everything is as after an undisturbed run, what was printed too; where there is a
 *      probe, what may wait for the next writer to be taken away may be there still.
 *   3. Else what was there is as before or as after; or between, where the scenario says so: then
 *      each file is as before or as after or one of those that grow, and the probe (a command that
 *      reads) finds what it found before or after.
 *      Exit 6, parts failed: tables say which, and only the next rule holds.
 *   4. The command, run again without faults, ends with what an undisturbed run leaves, and nothing
 *      more: no temporary file. */
#ifndef SKEIN_TESTS_JUDGE_H
#define SKEIN_TESTS_JUDGE_H

#include "tests/faults/tree.h"
#include "tests/faults/trial.h"

enum { SCENARIO_LIST = 8 };

typedef struct Scenario {
  const char *name, *before; /* a directory with the state at the start */
  Words command;
  Words recover[SCENARIO_LIST]; /* tried in this order until one exits 0 */
  int recovers;
  Words settle[SCENARIO_LIST]; /* run when there is nothing to do again: they change and undo */
  int settles;
  bool refused; /* without a fault, too */
  bool probed;
  Words probe;
  const char *grows[SCENARIO_LIST]; /* patterns (fnmatch) of paths */
  int grow_count;
} Scenario;

/* How it is without faults. */
typedef struct Reference {
  Tree before, after, again; /* again: when the recovery has run on what is after */
  Outcome clean, probe_before, probe_after;
  long calls[FAULT_KINDS];
} Reference;

/* Runs the command undisturbed; ends the program when it fails or when a second run differs. */
Reference reference_make(const Scenario *s, const Place *p);

/* The scenario's state at the start, and nothing in the cache. */
void place_reset(const Place *p, const Scenario *s);

/* Runs the recovery on the state that the command, ended so, has left, and judges. NULL: all is
 * well, else what is not, which the caller frees. */
char *judge(const Scenario *s, const Reference *r, const Place *p, const Outcome *ended);

#endif
