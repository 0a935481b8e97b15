#include "data/text/utf8.h"

#include <stdint.h>
#include <string.h>

#include "autograd/ground/character.h"

size_t utf8_valid(const char *text, size_t size) {
  size_t i = 0;
  while (i < size) {
    uint64_t eight;
    if (size - i >= sizeof eight) {
      memcpy(&eight, text + i, sizeof eight);
      if (!(eight & 0x8080808080808080u)) {
        i += sizeof eight;
        continue;
      }
    }
    size_t n = character_size(text + i, size - i);
    if (n == 0) break;
    i += n;
  }
  return i;
}

size_t utf8_mark(const char *text, size_t size) {
  static const char MARK[] = {'\xef', '\xbb', '\xbf'};
  return size >= sizeof MARK && memcmp(text, MARK, sizeof MARK) == 0 ? sizeof MARK : 0;
}
