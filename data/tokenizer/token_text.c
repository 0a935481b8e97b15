#include "data/tokenizer/token_text.h"

#include <stdlib.h>
#include <string.h>

#include "autograd/ground/array.h"

TextPart text_part(TextPart whole, size_t from, size_t to) {
  size_t head = whole.head > from ? whole.head - from : 0;
  const char *text = from > 0 ? whole.text + from : whole.text; /* an empty text may have none */
  return (TextPart){text, to - from, head < to - from ? head : to - from};
}

TextPart text_whole(const TokenText *t) {
  return (TextPart){t->text, t->size, t->head};
}

void text_free(TokenText *t) {
  free(t->text);
  *t = (TokenText){0};
}

Status text_add(TokenText *t, const char *bytes, size_t size, Error *err) {
  if (size == 0) return STATUS_OK;
  char *grown = array_grow(t->text, t->size, size, 1);
  if (!grown) return error_set(err, STATUS_RUN, "tokenizer: out of memory");
  memcpy(grown + t->size, bytes, size);
  t->text = grown;
  t->size += size;
  return STATUS_OK;
}

int32_t *ids_add(IdList *list, size_t n, Error *err) {
  int32_t *grown = array_grow(list->id, list->count, n, sizeof *grown);
  if (!grown) {
    error_set(err, STATUS_RUN, "tokenizer: out of memory");
    return NULL;
  }
  list->id = grown;
  list->count += n;
  return grown + list->count - n;
}
