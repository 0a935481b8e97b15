/* A tokenizer from the texts of data files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"
#include "data/examples/examples_internal.h"

typedef struct Corpus {
  char **text;
  size_t count;
} Corpus;

static Status add_text(Corpus *corpus, const char *text, Error *err) {
  if (!text || !*text) return STATUS_OK;
  char *copy = strdup(text);
  if (!copy) return error_set(err, STATUS_RUN, "out of memory: the texts of a tokenizer");
  corpus->text[corpus->count++] = copy;
  return STATUS_OK;
}

/* `corpus` has room for two texts a line. */
static Status collect_texts(const Jsonl *lines, const ExampleKeys *keys, Corpus *corpus,
                            Error *err) {
  for (int64_t i = 0; i < jsonl_count(lines); i++) {
    ExampleText text;
    TRY(example_line_read(lines, keys, NULL, i, &text, err));
    Status status = add_text(corpus, text.text ? text.text : text.input, err);
    if (status == STATUS_OK) status = add_text(corpus, text.target, err);
    json_free(&text.doc);
    TRY(status);
  }
  return STATUS_OK;
}

static Status train_on(const Corpus *corpus, const char *path, int32_t pieces, const char *setting,
                       const char *out, Error *err) {
  char *what = NULL;
  if (asprintf(&what, "%s: %s", path, setting) < 0)
    return error_set(err, STATUS_RUN, "out of memory: the texts of a tokenizer");
  Status status =
      tokenizer_train((const char *const *)corpus->text, corpus->count, pieces, what, out, err);
  free(what);
  return status;
}

static Status collect_file(const char *path, const ExampleKeys *keys, Corpus *corpus, Error *err) {
  Jsonl *lines = NULL;
  TRY(examples_open_lines(&lines, path, keys, err));
  size_t more = 2 * (size_t)jsonl_count(lines) + 1;
  char **grown = array_grow(corpus->text, corpus->count, more, sizeof *grown);
  if (grown) corpus->text = grown;
  Status status = grown ? collect_texts(lines, keys, corpus, err)
                        : error_set(err, STATUS_RUN, "out of memory: the texts of a tokenizer");
  jsonl_close(lines);
  return status;
}

Status examples_train_tokenizer(const ExampleSource *source, const ExampleKeys *keys,
                                int32_t pieces, const char *setting, const char *out, Error *err) {
  Corpus corpus = {0};
  Status status = STATUS_OK;
  for (size_t k = 0; k < source->files && status == STATUS_OK; k++)
    status = collect_file(source->file[k].path, keys, &corpus, err);
  if (status == STATUS_OK && corpus.count == 0) {
    status = error_set(err, STATUS_INPUT, "%s: holds no text to train a tokenizer on",
                       source->file[0].path);
  }
  if (status == STATUS_OK)
    status = train_on(&corpus, source->file[0].path, pieces, setting, out, err);
  for (size_t i = 0; i < corpus.count; i++) free(corpus.text[i]);
  free(corpus.text);
  return status;
}
