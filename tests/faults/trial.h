/* trial: the program, run once in a directory of its own. */
#ifndef SKEIN_TESTS_TRIAL_H
#define SKEIN_TESTS_TRIAL_H

#include <stdbool.h>

#include "tests/faults/fault.h"

enum { TRIAL_WORDS = 64 };

/* A command of the program: its arguments, without its name. */
typedef struct Words {
  char *word[TRIAL_WORDS];
  int count;
} Words;

/* Of a text, at its blanks. The words are never freed. */
Words words_of(const char *text);

/* The directory with all that a run needs. */
typedef struct Place {
  char *program, *shim; /* absolute paths */
  char *state;          /* the working directory, with a directory tmp for temporary files */
  char *cache, *out, *err, *board_path;
  FaultBoard *board;
} Place;

/* Below `root`, which is made. */
Place place_open(const char *root, const char *program, const char *shim);

typedef struct Outcome {
  int code; /* of the exit, or 128 + signal */
  bool hung;
  char *out, *err; /* what it printed */
} Outcome;

/* What is on the board happens; its counts begin at 0. Outcome_free when done. */
Outcome place_run(const Place *p, const Words *words);
void outcome_free(Outcome *o);

#endif
