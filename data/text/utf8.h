/* utf8: strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef SKEIN_UTF8_H
#define SKEIN_UTF8_H

#include <stddef.h>

/* Bytes of `text` before the first one that is not valid UTF-8; `size` when all are. */
size_t utf8_valid(const char *text, size_t size);
/* Bytes of a byte order mark at the beginning of `text`: 3, or 0 where there is none. */
size_t utf8_mark(const char *text, size_t size);

#endif
