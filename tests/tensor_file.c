#include "tests/tensor_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char *write_tensors(Scratch *s, const char *name, const char *header, size_t header_size,
                          size_t data_size) {
  uint64_t length = header_size;
  unsigned char *bytes = malloc(8 + header_size + data_size);
  assert_non_null(bytes);
  memcpy(bytes, &length, 8);
  memcpy(bytes + 8, header, header_size);
  for (size_t i = 0; i < data_size; i++) bytes[8 + header_size + i] = (unsigned char)i;
  const char *path = scratch_write(s, name, bytes, 8 + header_size + data_size);
  free(bytes);
  return path;
}
