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

/* A file of the folder, whole; the caller frees. */
char *eval_world_read(Scratch *s, const char *name);

#endif
