/* character: one character of UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above
 * U+10FFFF. */
#ifndef SKEIN_CHARACTER_H
#define SKEIN_CHARACTER_H

#include <stddef.h>
#include <stdint.h>

/* Length in bytes of the character at `text`, of which `left` > 0 bytes are there; 0 when it is
 * malformed. */
size_t character_size(const char *text, size_t left);
/* Its code point; `size` is what character_size said. */
uint32_t character_code(const char *text, size_t size);

#endif
