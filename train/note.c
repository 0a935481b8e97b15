#include "train/note.h"

#include <stdarg.h>
#include <stdio.h>

#include "autograd/ground/status.h"

void note_take(NoteTaker notes, const char *format, ...) {
  char text[ERROR_TEXT];
  Error line = {0};
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  error_set(&line, STATUS_INPUT, "%s", text);
  if (notes.note) notes.note(notes.arg, line.text);
}
