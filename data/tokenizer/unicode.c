#include "data/tokenizer/unicode.h"

uint32_t utf8_read(const char *text, size_t *size) {
  const unsigned char *p = (const unsigned char *)text;
  *size = utf8_size(text);
  switch (*size) {
    case 1:
      return p[0];
    case 2:
      return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
    case 3:
      return (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    default:
      return (p[0] & 7u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
  }
}

size_t utf8_size(const char *text) {
  unsigned char c = (unsigned char)*text;
  return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

const char *utf8_back(const char *at) {
  do at--;
  while (((unsigned char)*at & 0xc0) == 0x80);
  return at;
}

size_t utf8_write(uint32_t c, char out[4]) {
  static const unsigned char LEAD[] = {0, 0, 0xc0, 0xe0, 0xf0};
  size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (size_t i = size; i-- > 1; c >>= 6) out[i] = (char)(0x80 | (c & 0x3f));
  out[0] = (char)(LEAD[size] | c);
  return size;
}

bool unicode_is(UnicodeClass k, uint32_t c) {
  return unicode_in(&UNICODE_TABLES[k], c);
}

bool unicode_in(const UnicodeTable *t, uint32_t c) {
  size_t low = 0, high = t->count; /* ranges before low begin at or before c */
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (t->range[middle] >> 11 <= c) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low > 0 && c - (t->range[low - 1] >> 11) <= (t->range[low - 1] & 0x7ff);
}

bool unicode_is_space(uint32_t c) {
  return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

uint32_t unicode_lower(uint32_t c) {
  if (c == 0x130) return 'i';
  for (size_t i = 0; i < UNICODE_LOWERS && UNICODE_LOWER[i].first <= c; i++) {
    const UnicodeLower *run = &UNICODE_LOWER[i];
    if (c > run->last || (c - run->first) % (uint32_t)run->step != 0) continue;
    return (uint32_t)((int32_t)c + run->delta);
  }
  return c;
}
