/* safetensors_header: the JSON of a safetensors file as a table of tensors. Internal to the reader.
 */
#ifndef SKEIN_SAFETENSORS_HEADER_H
#define SKEIN_SAFETENSORS_HEADER_H

#include "data/tensors/safetensors.h"

enum { SAFETENSORS_LENGTH = 8, SAFETENSORS_HEADER_MAX = 100000000 };

/* Fills s->entry and s->meta, in file order, from the header of s->file, `size` bytes after the
 * length. Each entry is right by itself: its dtype is known, its shape is as large as its range of
 * bytes, and that range is inside the file. On failure the caller closes `s`. */
Status safetensors_read_header(TensorTable *s, size_t size, Error *err);

/* Where in a file the writer of safetensors puts tensors of this dtype: 0 is the first. */
int safetensors_dtype_place(const char *dtype);

#endif
