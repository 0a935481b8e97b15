/* text_stream: a text that is printed into memory.
 *
 * It is its own: closing a stream of open_memstream may succeed and leave no text, and a text that
 * was cut short while it grew is told by the stream alone. */
#ifndef SKEIN_TEXT_STREAM_H
#define SKEIN_TEXT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct TextStream {
  FILE *out; /* write here; errors may be left to text_stream_close */
  char *text;
  size_t size;
} TextStream;

/* False when out of memory. *s stays where it is until it is closed. */
bool text_stream_open(TextStream *s);
/* The whole text, which the caller frees, of s->size bytes and a NUL behind them; NULL when out of
 * memory, at any point since it was opened. */
char *text_stream_close(TextStream *s);

#endif
