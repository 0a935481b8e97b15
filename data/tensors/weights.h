/* weights: the tensors of a checkpoint directory, one file or shards, by name.
 *
 * Of a directory of a model that is `model.safetensors`, or else `model.safetensors.index.json`
 * with its shards, or else `pytorch_model.bin`, or else `pytorch_model.bin.index.json` with its
 * shards, as in transformers; of a PEFT directory `adapter_model.safetensors`, or else
 * `adapter_model.bin`. The names only find the files: what kind each is, its content says. Every
 * tensor that is asked for is marked used; weights_check_used reports what nobody asked for.
 *
 * The room data/tensors owns tensors on disk: checkpoint directories (this file), the tensors of
 * one file whatever its format (tensor_table.h), safetensors, read and written (safetensors.h), and
 * PyTorch's files, read (torch_file.h). It hands out views and knows names, shapes and types, but
 * no model: which tensors there must be, and what they are for, it may not ask. Another format of
 * files of tensors is a reader beside torch_file.h, which tensor_table_open asks where the content
 * of a file says so.
 *
 * The index is an object whose "weight_map" gives each tensor the name of its shard, a file in the
 * same directory. A tensor in two shards, in another shard than the index says, or in a shard
 * without being in the index is an error. The index may name tensors that its shard lacks:
 * converters leave the aliases of shared tensors in (T5's embed_tokens); asking for one is an error
 * that says so. "metadata.total_size" is not checked, since it counts those aliases. */
#ifndef SKEIN_WEIGHTS_H
#define SKEIN_WEIGHTS_H

#include "autograd/tensor.h"
#include "data/tensors/tensor_table.h"

typedef struct Weights Weights;

/* Opens a checkpoint directory, or, if `path` is a file, that single file of tensors. */
Status weights_open(Weights **w, const char *path, Error *err);
/* Opens the adapter of a PEFT directory. */
Status weights_open_adapter(Weights **w, const char *dir, Error *err);
void weights_close(Weights *w); /* NULL is allowed */

/* The tensor `name` as a matrix: rank 2 gives [rows, cols]; rank 1 gives [1, n]. `rows`/`cols` are
 * the shape that is needed; -1 accepts any but 0. Errors name file, tensor, what is there and what
 * is needed: STATUS_MISMATCH where it is missing or has another shape, STATUS_INPUT where its dtype
 * is not F32, F16 or BF16. The view points into the mapping, or into a copy owned by `w` where F32
 * data is not 4-byte aligned in the file; F16 and BF16 data may stand at any address. */
Status weights_get(Weights *w, const char *name, int64_t rows, int64_t cols, Tensor *out,
                   Error *err);
/* The same without reading it: out->store is where it stands in the mapping, at any address, and
 * out->data is NULL. Widen it (dtype_widen takes any address) or get it before computing. */
Status weights_locate(Weights *w, const char *name, int64_t rows, int64_t cols, Tensor *out,
                      Error *err);
bool weights_has(const Weights *w, const char *name);

size_t weights_count(const Weights *w);
const TensorEntry *weights_entry(const Weights *w, size_t i);        /* all shards, in name order */
const char *weights_file(const Weights *w, size_t i);                /* path of the file it is in */
const TensorEntry *weights_find(const Weights *w, const char *name); /* NULL: has none */
/* The files, in the order of their names. */
size_t weights_tables(const Weights *w);
const TensorTable *weights_table(const Weights *w, size_t i);
/* Path of the file or index that was opened. */
const char *weights_path(const Weights *w);
/* Name of a file beside it that would have been opened if it were not there; NULL: there is none.
 * */
const char *weights_passed(const Weights *w);
/* From the first shard that has the key in its __metadata__; NULL when none has. */
const char *weights_meta(const Weights *w, const char *key);

/* Marks `name` used without reading it (a known, harmless extra). */
void weights_ignore(Weights *w, const char *name);
/* STATUS_MISMATCH naming the first tensor that was neither got nor ignored. */
Status weights_check_used(const Weights *w, Error *err);
enum { WEIGHTS_GROWTH = 16, WEIGHTS_GROWTH_FREE = 64 << 20 };
/* The name begins with `below` and a dot and goes on after them, or `below` is NULL. */
bool weights_is_below(const char *name, const char *below);
/* Writes the tensors whose names are below `below`, under the rest of their names (STATUS_USAGE
 * where there are none), as one safetensors file, as safetensors_write_entries does; those that
 * share memory are written for each name, as long as that is no more than WEIGHTS_GROWTH times the
 * files and WEIGHTS_GROWTH_FREE bytes (STATUS_INPUT). Data is compared with the sums that the files have of it. The
 * metadata of safetensors is handed on (STATUS_MISMATCH where two shards contradict each other);
 * the texts of PyTorch files are not, and a file of their tensors is marked {"format": "pt"}, which
 * transformers asks for. */
Status weights_export(const Weights *w, const char *below, const char *path, Error *err);
/* Re-stats the files; STATUS_INPUT when one changed while it was in use. */
Status weights_unchanged(const Weights *w, Error *err);

#endif
