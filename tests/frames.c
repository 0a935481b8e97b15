#include "tests/frames.h"

#include <string.h>

size_t frame_begin(unsigned char *out, unsigned descriptor, unsigned byte) {
  memcpy(out, "\x28\xb5\x2f\xfd", 4);
  out[4] = (unsigned char)descriptor;
  out[5] = (unsigned char)byte;
  return 6;
}

size_t frame_block(unsigned char *out, BlockType type, int last, const char *text, size_t size) {
  size_t header = (size_t)last | (size_t)type << 1 | size << 3;
  size_t stored = type == BLOCK_RLE ? 1 : size;
  for (int i = 0; i < 3; i++) out[i] = (unsigned char)(header >> 8 * i);
  memcpy(out + 3, text, stored);
  return 3 + stored;
}

size_t frame_raw(unsigned char *out, const char *text, size_t size) {
  size_t n = frame_begin(out, 0x20, (unsigned)size);
  return n + frame_block(out + n, BLOCK_RAW, 1, text, size);
}

size_t frame_skippable(unsigned char *out, unsigned size) {
  memcpy(out, "\x53\x2a\x4d\x18", 4);
  for (int i = 0; i < 4; i++) out[4 + i] = (unsigned char)(size >> 8 * i);
  return 8;
}
