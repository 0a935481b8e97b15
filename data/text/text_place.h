/* text_place: "FILE:LINE:COLUMN", with which messages about a text begin. */
#ifndef SKEIN_TEXT_PLACE_H
#define SKEIN_TEXT_PLACE_H

#include <stddef.h>

typedef struct TextPlace {
  char text[1024];
} TextPlace;

/* Line and column count from 1; a line of 0 is the file as a whole, and only its name is given. A
 * long name is cut. */
TextPlace text_place(const char *file, size_t line, size_t column);

#endif
