#include "autograd/ground/character.h"

/* The first byte bounds the second (RFC 3629, section 4); the others are 80..BF. */
size_t character_size(const char *text, size_t left) {
  const unsigned char *p = (const unsigned char *)text;
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

uint32_t character_code(const char *text, size_t size) {
  const unsigned char *p = (const unsigned char *)text;
  if (size == 1) return p[0];
  uint32_t code = p[0] & (0x7fu >> size);
  for (size_t i = 1; i < size; i++) code = code << 6 | (p[i] & 0x3f);
  return code;
}
