/* tensor_file: safetensors files spelt out by hand, for the tests of their readers. */
#ifndef SKEIN_TESTS_TENSOR_FILE_H
#define SKEIN_TESTS_TENSOR_FILE_H

#include "tests/scratch.h"

/* One entry of a header, all parts as text. */
#define ENTRY(name, dtype, shape, offsets) \
  "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

/* A file of header length, header and `data_size` bytes 0, 1, 2, ...; its path as scratch_write
 * gives it. */
const char *write_tensors(Scratch *s, const char *name, const char *header, size_t header_size,
                          size_t data_size);

#endif
