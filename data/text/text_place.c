#include "data/text/text_place.h"

#include <stdio.h>

enum { NAME_SHOWN = 900 };

TextPlace text_place(const char *file, size_t line, size_t column) {
  TextPlace place;
  if (line) {
    snprintf(place.text, sizeof place.text, "%.*s:%zu:%zu", NAME_SHOWN, file, line, column);
  } else {
    snprintf(place.text, sizeof place.text, "%.*s", NAME_SHOWN, file);
  }
  return place;
}
