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

/* A tensor; its bytes are row-major and little-endian, at any address, in the mapping or, where the
 * file has them in another way, in memory that the table owns. */
typedef struct TensorEntry {
  char *name;     /* not empty */
  char dtype[12]; /* as safetensors spells it: "F32", "BF16", "I64", ... */
  int rank;
  int64_t shape[TENSOR_RANK];
  const unsigned char *data;
  size_t size; /* bytes, as shape and dtype say */
  /* Tensors on one storage of a PyTorch file, which it may have any part of. */
  const unsigned char *storage;     /* NULL: the file knows no storages */
  const struct TensorEntry *sharer; /* the first of them by name; NULL: this is that one */
} TensorEntry;

typedef struct TensorMeta {
  char *key, *value;
} TensorMeta;

typedef enum TensorFormat { FORMAT_SAFETENSORS, FORMAT_TORCH } TensorFormat;

typedef struct TensorTable {
  TensorFormat format;
  MappedFile file;
  TensorEntry *entry; /* sorted by name (bytewise); lookups are binary searches */
  size_t count;
  TensorMeta *meta; /* sorted by key: __metadata__ of safetensors; what is no tensor in a pickle */
  size_t meta_count;
  char *wrapper; /* key of a PyTorch file that its names leave out (torch_file.h); NULL: none */
  void **owned;  /* memory of tensors that do not stand in the file as entries need them */
  size_t owned_count;
} TensorTable;

/* The first bytes are those of a file of tensors: no text begins like them. */
bool tensor_table_begins(const MappedFile *file);
/* Maps the file and reads its header as the format of its content says (safetensors.h,
 * torch_file.h); of the data only what must be copied is read. Errors are STATUS_INPUT naming file,
 * tensor and field, or file and byte. On failure *t is zeroed. */
Status tensor_table_open(TensorTable *t, const char *path, Error *err);
void tensor_table_close(TensorTable *t); /* a zeroed TensorTable is allowed */
/* NULL when there is no tensor of this name. */
const TensorEntry *tensor_table_find(const TensorTable *t, const char *name);
const char *tensor_table_meta(const TensorTable *t, const char *key); /* NULL when absent */
/* Reads all data where the format has sums of it (CRC-32 in PyTorch files): STATUS_INPUT where they
 * differ. */
Status tensor_table_verify(const TensorTable *t, Error *err);

/* The type to compute with; false, and *dtype as it was, for all but F32, F16 and BF16. */
bool tensor_entry_dtype(const TensorEntry *e, Dtype *dtype);

/* For readers of formats: sorts entries and texts and finds the sharers; STATUS_INPUT where a name
 * appears twice. */
Status tensor_table_sort(TensorTable *t, Error *err);

#endif
