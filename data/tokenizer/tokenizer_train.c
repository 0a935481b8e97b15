/* Training a tokenizer: what SentencePiece is still for. */
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/text/utf8.h"
#include "data/tokenizer/tokenizer.h"
#include "data/tokenizer/tokenizer_sp.h"

Status tokenizer_train(const char *const *texts, size_t count, int32_t pieces, const char *what,
                       const char *path, Error *err) {
  for (size_t i = 0; i < count; i++) {
    size_t size = strlen(texts[i]), valid = utf8_valid(texts[i], size);
    if (valid == size) continue;
    return error_set(err, STATUS_INPUT,
                     "%s: training the tokenizer: byte %zu of text %zu is not UTF-8", what, valid,
                     i);
  }
  char *model;
  size_t size;
  TRY(sp_train(texts, count, pieces, what, &model, &size, err));
  Status status = file_write(path, model, size, err);
  free(model);
  return status;
}

void tokenizer_on_no_memory(void (*end)(void)) {
  sp_on_no_memory(end);
}
