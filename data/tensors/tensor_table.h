/* tensor_table: the named tensors of one file, whatever its format.
 *
 * A table is made by the reader of a format from a mapped file: entries in the order of their
 * names, each name once, and beside them texts under keys. A format is known by the content of the
 * file, never by its name. */
#ifndef SKEIN_TENSOR_TABLE_H
#define SKEIN_TENSOR_TABLE_H

#include <stdint.h>

#include "autograd/ground/dtype.h"
#include "data/file/file.h"

enum { TENSOR_RANK = 8 };

typedef struct TensorEntry {
  char *name;     /* not empty */
  char dtype[12]; /* as safetensors spells it: "F32", "BF16", "I64", ... */
  int rank;
  int64_t shape[TENSOR_RANK];
  const unsigned char *data; /* row-major, little-endian, into the mapping; may be unaligned */
  size_t size;               /* bytes, as shape and dtype say */
} TensorEntry;

typedef struct TensorMeta {
  char *key, *value;
} TensorMeta;

typedef struct TensorTable {
  MappedFile file;
  TensorEntry *entry; /* sorted by name (bytewise); lookups are binary searches */
  size_t count;
  TensorMeta *meta; /* sorted by key */
  size_t meta_count;
} TensorTable;

/* Maps the file and reads its header as the format of its content says (safetensors.h); no data is
 * read. Errors are STATUS_INPUT naming file, tensor and field, or file and byte. On failure *t is
 * zeroed. */
Status tensor_table_open(TensorTable *t, const char *path, Error *err);
void tensor_table_close(TensorTable *t); /* a zeroed TensorTable is allowed */
/* NULL when there is no tensor of this name. */
const TensorEntry *tensor_table_find(const TensorTable *t, const char *name);
const char *tensor_table_meta(const TensorTable *t, const char *key); /* NULL when absent */

/* The type to compute with; false, and *dtype as it was, for all but F32, F16 and BF16. */
bool tensor_entry_dtype(const TensorEntry *e, Dtype *dtype);

/* For readers of formats: sorts entries and texts; STATUS_INPUT where a name appears twice. */
Status tensor_table_sort(TensorTable *t, Error *err);

#endif
