/* A tokenizer from the texts of a data file. */
#include <stdlib.h>
#include <string.h>

#include "data/examples/example_line.h"
#include "data/examples/examples.h"

typedef struct TextList {
  char **text;
  size_t count;
} TextList;

static Status add_text(TextList *list, const char *text, Error *err) {
  if (!text || !*text) return STATUS_OK;
  char *copy = strdup(text);
  if (!copy) return error_set(err, STATUS_RUN, "out of memory: the texts of a tokenizer");
  list->text[list->count++] = copy;
  return STATUS_OK;
}

/* `list` has room for two texts a line. */
static Status collect_texts(const Jsonl *lines, const ExampleKeys *keys, TextList *list,
                            Error *err) {
  for (int64_t i = 0; i < jsonl_count(lines); i++) {
    ExampleText text;
    TRY(example_line_read(lines, keys, i, &text, err));
    Status status = add_text(list, text.text ? text.text : text.input, err);
    if (status == STATUS_OK) status = add_text(list, text.target, err);
    json_free(&text.doc);
    TRY(status);
  }
  return STATUS_OK;
}

Status examples_train_tokenizer(const char *path, const ExampleKeys *keys, int32_t pieces,
                                const char *out, Error *err) {
  Jsonl *lines = NULL;
  TRY(jsonl_open(&lines, path, err));
  TextList list = {calloc(2 * (size_t)jsonl_count(lines) + 1, sizeof *list.text), 0};
  Status status = list.text ? collect_texts(lines, keys, &list, err)
                            : error_set(err, STATUS_RUN, "out of memory: the texts of a tokenizer");
  if (status == STATUS_OK && list.count == 0) {
    status = error_set(err, STATUS_INPUT, "%s: holds no text to train a tokenizer on", path);
  }
  if (status == STATUS_OK) {
    status = tokenizer_train((const char *const *)list.text, list.count, pieces, out, err);
  }
  for (size_t i = 0; i < list.count; i++) free(list.text[i]);
  free(list.text);
  jsonl_close(lines);
  return status;
}
