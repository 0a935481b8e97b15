/* eval_world: a folder with a small base, a pool on it and tasks, for tests of evaluations. */
#ifndef SKEIN_TESTS_EVAL_WORLD_H
#define SKEIN_TESTS_EVAL_WORLD_H

#include "infer/eval/eval_run.h"
#include "infer/eval/eval_table.h"
#include "tests/scratch.h"

/* <dir>/base, <dir>/pool (experts wide, some and deep; wide alone has activations),
 * <dir>/who.jsonl (choices) and <dir>/say.jsonl (targets). */
void eval_world(Scratch *s);

/* The text with every @ replaced by the folder, as <dir>/<name>; valid until the next call. */
const char *eval_world_file(Scratch *s, const char *name, const char *text);

/* A spec read from such a text and what it opens; eval_run_close when done. The first failure of
 * reading and opening is returned. */
typedef struct EvalRun {
  EvalSpec spec;
  Evaluation e;
  char path[128];
} EvalRun;
Status eval_run_open(EvalRun *r, Scratch *s, const char *text, bool force, Error *err);
void eval_run_close(EvalRun *r);

#define EVAL_HEAD \
  "pool: @/pool\nbase: @/base\noutput: @/out\nthreads: 1\nbootstrap: {samples: 50}\n"
#define EVAL_WHO "  - {name: who, file: @/who.jsonl, expert: deep}\n"
#define EVAL_SAY                                                       \
  "  - {name: say, group: talk, file: @/say.jsonl, kind: generation, " \
  "metrics: [exact_match_multi, rougeL], max_output: 4, limit: 70}\n"
#define EVAL_TASKS "tasks:\n" EVAL_WHO EVAL_SAY

/* What a run was seen to do, and when it is asked to stop. */
typedef struct EvalWatched {
  int cells, failed, calls;
  int stop_after; /* calls of `items`; 0: never */
  volatile sig_atomic_t stop;
  char last_error[ERROR_TEXT];
} EvalWatched;
Status eval_run_cells(EvalRun *r, EvalWatched *w, Error *err);
/* Opens, runs to the end, writes the tables. */
EvalWatched eval_run_whole(Scratch *s, const char *text, bool force);

/* A group's setup: a scratch folder with the world. */
int eval_world_setup(void **state);
bool eval_world_has(Scratch *s, const char *name);
/* A file of the folder, whole; the caller frees. */
char *eval_world_read(Scratch *s, const char *name);
/* A file of JSON, or one value a line, as a list; the caller drops the reference. */
json_t *eval_world_json(Scratch *s, const char *name);
json_t *eval_world_lines(Scratch *s, const char *name);

#endif
