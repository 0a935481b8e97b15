#include "autograd/ground/visible.h"

#include <stdint.h>
#include <string.h>

#include "autograd/ground/character.h"

enum { CHARACTER_MOST = 4, ESCAPED = 4 /* "\xNN" */ };

static bool is_control(uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029;
}

static bool is_direction(uint32_t code) {
  return code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

static bool is_noncharacter(uint32_t code) {
  return (code & 0xfffe) == 0xfffe || (code >= 0xfdd0 && code <= 0xfdef);
}

/* The character at `text`; *code is that of U+FFFD where there is none. */
static size_t next_character(const char *text, uint32_t *code) {
  size_t size = character_size(text, strnlen(text, CHARACTER_MOST));
  *code = size ? character_code(text, size) : 0xfffd;
  return size;
}

size_t visible_next(const char *text, bool *hidden) {
  uint32_t code;
  size_t size = next_character(text, &code);
  *hidden = size == 0 || is_control(code) || is_direction(code) || is_noncharacter(code);
  return size ? size : 1;
}

void visible_append(char *out, size_t size, const char *text) {
  size_t used = strlen(out);
  bool hidden;
  for (size_t n; *text; text += n) {
    n = visible_next(text, &hidden);
    if (used + (hidden ? ESCAPED : 1) * n >= size) break;
    for (size_t i = 0; i < n && hidden; i++)
      used += (size_t)snprintf(out + used, size - used, "\\x%02x", (unsigned char)text[i]);
    if (hidden) continue;
    memcpy(out + used, text, n);
    used += n;
  }
  out[used] = '\0';
}

void visible_put(FILE *out, const char *text) {
  bool hidden;
  for (size_t n; *text; text += n) {
    n = visible_next(text, &hidden);
    for (size_t i = 0; i < n; i++) {
      if (hidden) {
        fprintf(out, "\\x%02x", (unsigned char)text[i]);
      } else {
        fputc(text[i], out);
      }
    }
  }
}

size_t visible_columns(const char *text) {
  size_t columns = 0;
  bool hidden;
  for (size_t n; *text; text += n) {
    n = visible_next(text, &hidden);
    columns += hidden ? ESCAPED * n : 1;
  }
  return columns;
}

void visible_pad(FILE *out, const char *text, size_t width, bool right) {
  size_t columns = visible_columns(text), fill = columns < width ? width - columns : 0;
  if (right) fprintf(out, "%*s", (int)fill, "");
  visible_put(out, text);
  if (!right) fprintf(out, "%*s", (int)fill, "");
}

void visible_unmark(char *message) {
  static const char mark[] = "/./";
  char *at = message;
  while ((at = strstr(at, mark)) != NULL) memmove(at, at + 2, strlen(at + 2) + 1);
}

static const char *spelling(const char *text, bool hidden, const char *const *special) {
  uint32_t code;
  next_character(text, &code);
  if (hidden) return is_control(code) ? " " : "\xef\xbf\xbd";
  return special && code < VISIBLE_ASCII ? special[code] : NULL;
}

void visible_spell(FILE *out, const char *text, const char *const special[VISIBLE_ASCII]) {
  bool hidden;
  for (size_t n; *text; text += n) {
    n = visible_next(text, &hidden);
    const char *spelt = spelling(text, hidden, special);
    if (spelt) {
      fputs(spelt, out);
    } else {
      fwrite(text, 1, n, out);
    }
  }
}
