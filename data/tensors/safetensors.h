/* safetensors: reader and writer of the safetensors format.
 *
 *   OFFSET   SIZE  DESCRIPTION
 *   0        8     N: length of the header, u64 little-endian, <= 100,000,000
 *   8        N     JSON object: {"name": {"dtype", "shape", "data_offsets": [begin, end]}, ...,
 *                  "__metadata__": {string: string} or null}; may be padded with white space
 *   8 + N    -     the tensors' bytes; data_offsets count from here
 *
 * A file is valid iff the header is UTF-8 JSON without duplicate names or keys (compared after
 * escapes); names are not empty; an entry has its three fields and no others; every dtype is known;
 * rank is at most 8; end - begin = product(shape) * size(dtype) without overflow; and the tensors
 * sorted by offset cover the rest of the file without hole or overlap, so that nothing follows the
 * last. White space around the header is accepted; data may stand at any address; NaN and infinity
 * are data like any other. The Rust crate takes more: duplicates (the last one wins), unknown
 * fields, rank above 8, empty names, and names with NUL. */
#ifndef SKEIN_SAFETENSORS_H
#define SKEIN_SAFETENSORS_H

#include <stdbool.h>

#include "autograd/tensor.h"
#include "data/tensors/tensor_table.h"

/* Fills the entries of a table whose file is mapped, and as its texts the __metadata__, after every
 * check above; time and memory are linear in the header (n log n for the sorting). The entries
 * point into the mapping. On failure the caller closes `t`. */
Status safetensors_read(TensorTable *t, Error *err);

/* A tensor to write: [rows, cols] written with shape [rows, cols], or [cols] when `vector`. */
typedef struct SafetensorsItem {
  const char *name;
  Dtype dtype;       /* stored type; data is narrowed to it */
  const float *data; /* f32 [rows, cols] */
  int64_t rows, cols;
  bool vector;
} SafetensorsItem;

/* For writers of files: the n numbers of an item from number `at` on, narrowed into `stored`. A
 * value that is not finite then is STATUS_RUN naming `path`, tensor and place. */
enum { SAFETENSORS_BLOCK = 4096 }; /* n at most */
Status safetensors_narrow(void *stored, const SafetensorsItem *item, size_t at, size_t n,
                          const char *path, Error *err);

/* Writes atomically, items in the given order, header padded to 8 bytes. The bytes depend on the
 * arguments only. Non-finite values are refused (STATUS_RUN, naming the tensor). */
Status safetensors_write(const char *path, const SafetensorsItem *items, size_t count,
                         const TensorMeta *meta, size_t meta_count, Error *err);

/* The same of entries, whose bytes are written as they are, non-finite values too; their names all
 * differ. `entry` is sorted into the order of safetensors' own writer, by which the file is the one
 * that its save_file makes of the same tensors: the dtypes of large elements first, then by name
 * (control bytes in a name are spelt in another case). */
Status safetensors_write_entries(const char *path, const TensorEntry **entry, size_t count,
                                 const TensorMeta *meta, size_t meta_count, Error *err);

#endif
