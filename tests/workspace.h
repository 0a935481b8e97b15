/* workspace: a small base, an expert and data in a temporary directory, for tests of whole runs. */
#ifndef SKEIN_TESTS_WORKSPACE_H
#define SKEIN_TESTS_WORKSPACE_H

#include "train/loop.h"
#include "train/objective.h"

typedef struct Workspace {
  char dir[64]; /* holds base/, expert/, train.jsonl, valid.jsonl */
} Workspace;

/* Makes all of it; fails the test when it cannot. */
void workspace_make(Workspace *w);
void workspace_remove(Workspace *w);

/* The workspace of a test program, made and removed by cmocka around its tests. */
extern Workspace space;
int make_space(void **state);
int remove_space(void **state);

/* Texts as a list that NULL ends; a call that must succeed, in which `err` is its error. */
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define CHECK(call)                                                  \
  do {                                                               \
    Error check_ = {0}, *err = &check_;                              \
    if ((call) != STATUS_OK) fail_msg("%s: %s", #call, check_.text); \
  } while (0)

/* A path in the workspace, in one of a few static buffers. */
const char *workspace_path(const Workspace *w, const char *name);
/* Writes a file in the workspace. */
void workspace_write(const Workspace *w, const char *name, const char *text);
/* Whether two files of the workspace hold the same bytes; both must exist. */
bool workspace_same(const Workspace *w, const char *a, const char *b);

/* The settings of a run into <dir>/<output>: the workspace's defaults (12 steps of 8 examples,
 * validation every 4) and then `assignments`, a NULL-terminated list of "key=value" (or NULL).
 * options_free(set) when done, after a failure too. */
Status workspace_settings(const Workspace *w, const ObjectiveKind *kind, const char *output,
                          const char *const *assignments, OptionSet *set, RunSettings *settings,
                          Error *err);
/* Trains with them. */
Status workspace_train(const Workspace *w, const ObjectiveKind *kind, const char *output,
                       bool resume, const char *const *assignments, const TrainWatch *watch,
                       TrainOutcome *outcome, Error *err);

#endif
