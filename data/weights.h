/* weights: the tensors of a checkpoint directory, one file or shards, by name.
 *
 * `<dir>/model.safetensors`, or `<dir>/model.safetensors.index.json` with its shards. Every tensor
 * that is asked for is marked used; weights_check_used reports what nobody asked for. */
#ifndef SKEIN_DATA_WEIGHTS_H
#define SKEIN_DATA_WEIGHTS_H

#include "data/safetensors.h"

typedef struct Weights Weights;

/* Opens a checkpoint directory, or, if `path` is a file, that single safetensors file. A directory
 * with only a pickled pytorch_model.bin is refused with the remedy. */
Status weights_open(Weights **w, const char *path, Error *err);
void weights_close(Weights *w); /* NULL is allowed */

/* The tensor `name` as a matrix: rank 2 gives [rows, cols]; rank 1 gives [1, n]. `rows`/`cols` are
 * the shape that is needed; -1 accepts any. Missing, another shape, or a dtype that is not
 * F32/F16/BF16 is an error naming file, tensor, what is there and what is needed. The view points
 * into the mapping (or into a copy owned by `w` where the file is not 4-byte aligned). */
Status weights_get(Weights *w, const char *name, int64_t rows, int64_t cols, Tensor *out,
                   Error *err);
bool weights_has(const Weights *w, const char *name);

size_t weights_count(const Weights *w);
const SafetensorsEntry *weights_entry(const Weights *w, size_t i); /* all shards, in name order */
const char *weights_file(const Weights *w, size_t i);              /* path of the file it is in */
const char *weights_meta(const Weights *w, const char *key);

/* Marks `name` used without reading it (a known, harmless extra). */
void weights_ignore(Weights *w, const char *name);
/* STATUS_MISMATCH naming the first tensor that was neither got nor ignored. */
Status weights_check_used(const Weights *w, Error *err);
/* Re-stats the files; STATUS_INPUT when one changed while it was in use. */
Status weights_unchanged(const Weights *w, Error *err);

#endif
