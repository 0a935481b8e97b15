/* torch_file: reader of the files that torch.save writes since PyTorch 1.6.
 *
 *   MEMBER OF THE ZIP ARCHIVE     CONTENT
 *   NAME/data.pkl                 a pickle (pickle.h): what was saved, with storages by key
 *   NAME/data/KEY                 the bytes of a storage
 *   NAME/version                  a number, 1 to 10
 *   NAME/byteorder                "little" or "big"; missing in older files: little
 *
 * Tensors are views of storages: offset, shape and strides. One that is contiguous and
 * little-endian stays where it is mapped; any other is copied on opening, into memory of the table
 * (at most TORCH_COPIES times the file and TORCH_COPIES_FREE bytes). Tensors on one storage, as the
 * tied embeddings of T5, have the same `storage`.
 *
 * Dictionaries in dictionaries become names joined by "."; elements of lists and tuples have their
 * place as name; a file that is a single tensor has it as "tensor". Where one entry of the
 * outermost dictionary holds all tensors, and its key is a usual one for a state dict (state_dict,
 * model_state_dict, model, module), it is a wrapper: the names begin behind it. What is no tensor
 * is a text of the table, as Python would print it (of long lists the beginning), under its whole
 * name; beyond TORCH_TEXTS such values are counted, in a last text "...". A pickle can name a tensor
 * again in two bytes: more names than such files have for their size are refused.
 *
 * Refused by name are TorchScript archives (torch.jit.save), compressed members (torch.save has
 * none, so a small file cannot unfold into a large one) and whatever the pickle has beyond plain
 * data; nothing is ever run. See zip_archive.h for what is asked of the archive. */
#ifndef SKEIN_TORCH_FILE_H
#define SKEIN_TORCH_FILE_H

#include "data/tensors/tensor_table.h"

enum { TORCH_COPIES = 4, TORCH_COPIES_FREE = 64 << 20, TORCH_DEPTH = 64 };
enum { TORCH_TEXTS = 10000 };

/* The file begins as those of torch.save do. */
bool torch_begins(const MappedFile *file);
/* Fills the table, whose file is mapped, unsorted. Errors are STATUS_INPUT naming the file, and the
 * tensor, the member or the byte of the pickle. On failure the caller closes `t`. */
Status torch_read(TensorTable *t, Error *err);
/* Reads all of the file; STATUS_INPUT where a member is not as its CRC-32 says. */
Status torch_verify(const TensorTable *t, Error *err);

#endif
