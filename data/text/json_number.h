/* json_number: numbers of JSON: those that no C type holds, and how they are written.
 *
 * jansson refuses a text for one number beyond its types, whoever reads it. Other programs write
 * such numbers (hashes, ids, "model_max_length": 1000000000000000019884624838656), mostly under keys
 * that are nobody's business here. So they are read as near as a double comes, and refused where
 * they are used (json.h). */
#ifndef SKEIN_JSON_NUMBER_H
#define SKEIN_JSON_NUMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What stands for a real beyond all doubles: this, or its negative. Nobody who uses a number takes
 * one that is as large. */
#define JSON_TOO_LARGE 1e308

/* Rewrites every number that jansson finds too large, in place and in the bytes that it has: an
 * integer beyond 64 bits becomes the nearest real, a real beyond doubles JSON_TOO_LARGE. text[size]
 * must be NUL; the text need not be JSON. Whether there was one. */
bool json_fit_numbers(char *text, size_t size);

/* Where the value of the member `index` (from 0) of the JSON object in `text` is written, which
 * json_parse has accepted; a number or another value without members of its own. */
const char *json_written(const char *text, size_t size, size_t index, size_t *length);

/* The text as a bare JSON number, NULL when it is none; *too_large: because it overflows. `flags`
 * as for jansson. The caller owns the reference. */
json_t *json_parse_number(const char *text, size_t flags, bool *too_large);
/* A finite real in the fewest digits that read back to it as a real ("0.1", "2.0", "1e300"). The
 * caller frees; NULL when out of memory. */
char *json_real_text(double real);

#endif
