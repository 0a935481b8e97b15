/* train_watch: what `skein train` shows of a run while its steps go on. */
#ifndef SKEIN_TRAIN_WATCH_H
#define SKEIN_TRAIN_WATCH_H

#include "infer/pool/pool_manifest.h"
#include "tools/shell/console.h"
#include "train/loop.h"

typedef struct Watching {
  Progress progress;
  char label[POOL_NAME_MAX + 32]; /* what goes on */
  bool begun;                     /* the progress of it */
} Watching;

/* Shows steps and notes in *w, which must outlive the watch, and stops at an interrupt. */
TrainWatch train_watch(Watching *w);

#endif
