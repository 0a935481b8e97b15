#include "train/run_data.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static Status open_files(RunFiles *f, const char *value, const char *key, int64_t cap, Error *err) {
  *f = (RunFiles){0};
  TRY(path_list_read(&f->list, value, key, key, err));
  f->file = calloc(f->list.count + 1, sizeof *f->file);
  if (!f->file) {
    run_files_close(f);
    return error_set(err, STATUS_RUN, "%s: out of memory", key);
  }
  for (size_t i = 0; i < f->list.count; i++)
    f->file[i] = (SourceFile){f->list.one[i].path, f->list.one[i].weight};
  f->source = (ExampleSource){f->file, f->list.count, cap};
  return STATUS_OK;
}

Status run_files_open(RunFiles *f, const DataSettings *d, Error *err) {
  return open_files(f, d->train, "data.train", d->mixture_cap, err);
}

void run_files_close(RunFiles *f) {
  path_list_free(&f->list);
  free(f->file);
  *f = (RunFiles){0};
}

static Status open_set(ExampleSet **set, const RunFiles *f, const DataSettings *d,
                       const ExampleKeys *keys, const Tokenizer *tokenizer, Error *err) {
  return examples_open_files(set, &f->source, keys, tokenizer, d->max_input, d->max_target, err);
}

Status run_data_train(ExampleSet **set, const DataSettings *d, const ExampleKeys *keys,
                      const Tokenizer *tokenizer, Error *err) {
  RunFiles f;
  *set = NULL;
  TRY(run_files_open(&f, d, err));
  Status status = open_set(set, &f, d, keys, tokenizer, err);
  run_files_close(&f);
  return status;
}

Status run_data_valid(ExampleSet **set, const DataSettings *d, const ExampleKeys *keys,
                      const Tokenizer *tokenizer, Error *err) {
  RunFiles f;
  *set = NULL;
  if (!d->valid) return STATUS_OK;
  TRY(open_files(&f, d->valid, "data.valid", 0, err));
  Status status = path_list_weighed(&f.list)
                      ? error_set(err, STATUS_USAGE,
                                  "data.valid: weight: validation asks every example once; leave "
                                  "weights out")
                      : open_set(set, &f, d, keys, tokenizer, err);
  run_files_close(&f);
  return status;
}

char *run_data_line(const ExampleSet *set, size_t file) {
  const Mixture *m = examples_mixture(set);
  char *line;
  int size =
      asprintf(&line, "%s: %" PRId64 " examples, %" PRId64 " an epoch (%.1f %%), SHA-256 %s",
               examples_file_path(set, file), m->count[file], m->share[file],
               100 * (double)m->share[file] / (double)m->epoch, examples_file_hash(set, file));
  return size < 0 ? NULL : line;
}
