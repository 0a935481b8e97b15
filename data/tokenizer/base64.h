/* base64: bytes as text (RFC 4648, section 4). */
#ifndef SKEIN_BASE64_H
#define SKEIN_BASE64_H

#include <stddef.h>

#include "autograd/ground/status.h"

/* The bytes of a text, which the caller frees. STATUS_INPUT "path: place: ..." where the text is
 * not base64 with padding, or bits behind the last byte are set, as `tokenizers` has it. */
Status base64_decode(const char *text, size_t size, unsigned char **bytes, size_t *count,
                     const char *path, const char *place, Error *err);
/* The text of bytes, with padding; the caller frees. NULL: no memory. */
char *base64_encode(const unsigned char *bytes, size_t count);

#endif
