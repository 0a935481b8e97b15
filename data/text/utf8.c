#include "data/text/utf8.h"

#include <stdint.h>
#include <string.h>

/* Length of the code point at p, of which `left` > 0 bytes are there; 0 when it is malformed. The
 * first byte bounds the second (RFC 3629, section 4); the others are 80..BF. */
static size_t code_point(const unsigned char *p, size_t left) {
  unsigned char first = p[0], low = 0x80, high = 0xbf;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (first == 0xe0) low = 0xa0;  /* overlong */
  if (first == 0xed) high = 0x9f; /* surrogates */
  if (first == 0xf0) low = 0x90;  /* overlong */
  if (first == 0xf4) high = 0x8f; /* above U+10FFFF */
  if (left < size || p[1] < low || p[1] > high) return 0;
  for (size_t i = 2; i < size; i++) {
    if ((p[i] & 0xc0) != 0x80) return 0;
  }
  return size;
}

size_t utf8_valid(const char *text, size_t size) {
  const unsigned char *p = (const unsigned char *)text;
  size_t i = 0;
  while (i < size) {
    uint64_t eight;
    if (size - i >= sizeof eight) {
      memcpy(&eight, p + i, sizeof eight);
      if (!(eight & 0x8080808080808080u)) {
        i += sizeof eight;
        continue;
      }
    }
    size_t n = code_point(p + i, size - i);
    if (n == 0) break;
    i += n;
  }
  return i;
}

size_t utf8_mark(const char *text, size_t size) {
  static const char MARK[] = {'\xef', '\xbb', '\xbf'};
  return size >= sizeof MARK && memcmp(text, MARK, sizeof MARK) == 0 ? sizeof MARK : 0;
}
