/* torch_write: checkpoints that torch.load(weights_only=True) reads: a dict of names and tensors.
 *
 * Such a file is a zip archive without compression:
 *
 *   archive/data/0, 1, ...   the numbers of a tensor each, row-major, at multiples of 64 bytes
 *   archive/byteorder        "little"
 *   archive/version          "3\n"
 *   archive/data.pkl         a pickle of protocol 2: {name: _rebuild_tensor_v2(storage, 0, shape,
 *                            strides, False, OrderedDict())}
 *
 * It is written tensor by tensor, so that nothing but names and places is held. Beyond 65,534
 * members or 4 GiB the archive has the records of zip64 (APPNOTE.TXT 6.3, sections 4.3.14 and
 * 4.3.15; PKWARE). The bytes depend on the tensors only. */
#ifndef SKEIN_TORCH_WRITE_H
#define SKEIN_TORCH_WRITE_H

#include "data/tensors/safetensors.h"

typedef struct TorchWriter TorchWriter;

/* The file appears with torch_writer_commit, whole. */
Status torch_writer_open(TorchWriter **w, const char *path, Error *err);
/* Writes a tensor, narrowed to its stored type; names must be new, which is the caller's to see to.
 * Values that are not finite and tensors of 4 GiB are refused (STATUS_RUN, naming the tensor). */
Status torch_writer_add(TorchWriter *w, const SafetensorsItem *item, Error *err);
/* Finishes the file and frees `w`, in any case. */
Status torch_writer_commit(TorchWriter *w, Error *err);
void torch_writer_abort(TorchWriter *w); /* NULL is allowed */

#endif
