/* run_data: the examples of a run, from the files that its settings name. */
#ifndef SKEIN_RUN_DATA_H
#define SKEIN_RUN_DATA_H

#include "data/examples/examples.h"
#include "data/options/path_list.h"
#include "train/run_settings.h"

/* The files of data.train as a source of examples, which points into the rest. */
typedef struct RunFiles {
  PathList list;
  SourceFile *file; /* [list.count] */
  ExampleSource source;
} RunFiles;

Status run_files_open(RunFiles *f, const DataSettings *d, Error *err);
void run_files_close(RunFiles *f); /* zeroed RunFiles are allowed */

/* The examples of data.train, drawn as weights and data.mixture_cap say. */
Status run_data_train(ExampleSet **set, const DataSettings *d, const ExampleKeys *keys,
                      const Tokenizer *tokenizer, Error *err);
/* Those of data.valid, which have no weights: each is asked once. *set is NULL where none is named. */
Status run_data_valid(ExampleSet **set, const DataSettings *d, const ExampleKeys *keys,
                      const Tokenizer *tokenizer, Error *err);

/* "PATH: 1000 examples, 250 an epoch (25.0 %), SHA-256 ..."; the caller frees, NULL when out of memory.
 */
char *run_data_line(const ExampleSet *set, size_t file);

#endif
