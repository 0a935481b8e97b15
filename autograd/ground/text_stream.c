#include "autograd/ground/text_stream.h"

#include <stdlib.h>

bool text_stream_open(TextStream *s) {
  *s = (TextStream){0};
  s->out = open_memstream(&s->text, &s->size);
  return s->out != NULL;
}

char *text_stream_close(TextStream *s) {
  bool whole = fflush(s->out) == 0 && !ferror(s->out);
  whole = fclose(s->out) == 0 && whole;
  char *text = s->text;
  *s = (TextStream){.size = s->size};
  if (whole) return text;
  free(text);
  return NULL;
}
