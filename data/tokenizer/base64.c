#include "data/tokenizer/base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 0 to 63, or -1. */
static int digit_value(char c) {
  const char *at = c ? strchr(digits, c) : NULL;
  return at ? (int)(at - digits) : -1;
}

Status base64_decode(const char *text, size_t size, unsigned char **bytes, size_t *count,
                     const char *path, const char *place, Error *err) {
  size_t padding = 0, length = size;
  *bytes = NULL;
  while (padding < 2 && length > 0 && text[length - 1] == '=') length--, padding++;
  unsigned char *out = size % 4 == 0 ? malloc(size / 4 * 3 + 1) : NULL;
  if (size % 4 == 0 && !out) return error_set(err, STATUS_RUN, "%s: out of memory", path);
  uint32_t bits = 0;
  size_t i = 0, n = 0;
  for (; out && i < length; i++) {
    int value = digit_value(text[i]);
    if (value < 0) break;
    bits = bits << 6 | (uint32_t)value;
    if (i % 4 != 0) out[n++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
  }
  /* Bits behind the last byte are 0, so that there is one text of the same bytes (section 3.5). */
  if (out && i == length && bits & ((1u << 2 * padding) - 1)) i--;
  if (!out || i < length) {
    free(out);
    return error_set(err, STATUS_INPUT, "%s: %s: is not base64 at byte %zu", path, place, i);
  }
  *bytes = out;
  *count = n;
  return STATUS_OK;
}

char *base64_encode(const unsigned char *bytes, size_t count) {
  char *text = malloc((count + 2) / 3 * 4 + 1), *out = text;
  if (!text) return NULL;
  for (size_t i = 0; i < count; i += 3) {
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; k++) bits = bits << 8 | (i + k < count ? bytes[i + k] : 0u);
    for (size_t k = 0; k < 4; k++)
      *out++ = i + k <= count ? digits[bits >> (18 - 6 * k) & 63] : '=';
  }
  *out = '\0';
  return text;
}
