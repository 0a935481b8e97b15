/* train_gates: `skein train gates`, which learns the gates of experts that came without, for who
 * collects a pool (train/gates/gates_run.h). */
#ifndef SKEIN_TRAIN_GATES_H
#define SKEIN_TRAIN_GATES_H

#include "tools/shell/command.h"
#include "train/loop.h"

/* What was asked on the command line. */
typedef struct GatesAsked {
  const char *config; /* NULL: none */
  const char *const *assignment;
  int assignments;
  bool dry_run;
  TrainRequest request;
} GatesAsked;

Status train_gates(const GatesAsked *asked, Error *err);
void train_gates_settings(SettingsSeen *seen, void *arg);

#endif
