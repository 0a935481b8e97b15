/* safetensors: reader and writer of the safetensors format.
 *
 *   OFFSET   SIZE  DESCRIPTION
 *   0        8     N: length of the header, u64 little-endian, <= 100,000,000
 *   8        N     JSON object: {"name": {"dtype", "shape", "data_offsets": [begin, end]}, ...,
 *                  "__metadata__": {string: string}}; may be padded with white space
 *   8 + N    -     the tensors' bytes; data_offsets count from here
 *
 * A file is valid iff the header is UTF-8 JSON without duplicate names or keys (compared after
 * escapes); names are not empty; an entry has its three fields and no others; every dtype is known;
 * rank is at most 8; end - begin = product(shape) * size(dtype) without overflow; and the tensors
 * sorted by offset cover the rest of the file without hole or overlap, so that nothing follows the
 * last. White space around the header is accepted; data may stand at any address; NaN and infinity
 * are data like any other. The Rust crate takes more: duplicates (the last one wins), unknown
 * fields, rank above 8, empty names, names with NUL, and null for __metadata__. */
#ifndef SKEIN_SAFETENSORS_H
#define SKEIN_SAFETENSORS_H

#include <stdbool.h>

#include "autograd/tensor.h"
#include "data/file/file.h"

enum { SAFETENSORS_RANK = 8 };

typedef struct SafetensorsEntry {
  char *name;
  char dtype[12]; /* as in the file: "F32", "BF16", "I64", ... */
  int rank;
  int64_t shape[SAFETENSORS_RANK];
  const unsigned char *data; /* into the mapping; may be unaligned */
  size_t size;
} SafetensorsEntry;

typedef struct SafetensorsMeta {
  char *key, *value;
} SafetensorsMeta;

typedef struct Safetensors {
  MappedFile file;
  SafetensorsEntry *entry; /* sorted by name (bytewise); lookups are binary searches */
  size_t count;
  SafetensorsMeta *meta; /* sorted by key */
  size_t meta_count;
} Safetensors;

/* Maps the file and checks its header; time and memory are linear in the header (n log n for the
 * sorting), and no data is read. Errors are STATUS_INPUT naming file, tensor and field, or file and
 * byte. On failure *s is zeroed. */
Status safetensors_open(Safetensors *s, const char *path, Error *err);
void safetensors_close(Safetensors *s); /* a zeroed Safetensors is allowed */
/* NULL when there is no tensor of this name. */
const SafetensorsEntry *safetensors_find(const Safetensors *s, const char *name);
const char *safetensors_meta(const Safetensors *s, const char *key); /* NULL when absent */

/* A tensor to write: [rows, cols] written with shape [rows, cols], or [cols] when `vector`. */
typedef struct SafetensorsItem {
  const char *name;
  Dtype dtype;       /* stored type; data is narrowed to it */
  const float *data; /* f32 [rows, cols] */
  int64_t rows, cols;
  bool vector;
} SafetensorsItem;

/* Writes atomically, items in the given order, header padded to 8 bytes. The bytes depend on the
 * arguments only. Non-finite values are refused (STATUS_RUN, naming the tensor). */
Status safetensors_write(const char *path, const SafetensorsItem *items, size_t count,
                         const SafetensorsMeta *meta, size_t meta_count, Error *err);

#endif
