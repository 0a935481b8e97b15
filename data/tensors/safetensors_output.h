/* safetensors_output: a safetensors file on its way out: header first, then data in the same order.
 * Internal to the writers of safetensors. */
#ifndef SKEIN_SAFETENSORS_OUTPUT_H
#define SKEIN_SAFETENSORS_OUTPUT_H

#include <jansson.h>

#include "data/file/file.h"
#include "data/tensors/tensor_table.h"

typedef struct SafetensorsOutput {
  const char *path; /* borrowed */
  AtomicFile file;  /* file.stream takes the data after safetensors_output_header */
  json_t *header;
  int64_t offset; /* bytes of data described so far */
} SafetensorsOutput;

/* On failure *o is zeroed and nothing is left behind. */
Status safetensors_output_begin(SafetensorsOutput *o, const char *path, const TensorMeta *meta,
                                size_t meta_count, Error *err);
/* Describes the next tensor, of `bytes` bytes; takes `shape`, an array of integers, of which NULL
 * stands for one that could not be made. A name that is there already is refused (STATUS_RUN). */
Status safetensors_output_describe(SafetensorsOutput *o, const char *name, const char *dtype,
                                   json_t *shape, int64_t bytes, Error *err);
/* Writes the length and the header, padded with spaces so that the data begins at a multiple of 8.
 */
Status safetensors_output_header(SafetensorsOutput *o, Error *err);
/* Commits the file where `status` is STATUS_OK, and otherwise removes it. Zeroes *o. */
Status safetensors_output_end(SafetensorsOutput *o, Status status, Error *err);

#endif
