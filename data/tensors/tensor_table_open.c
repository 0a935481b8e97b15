/* Which reader opens a file of tensors. */
#include "data/tensors/safetensors.h"
#include "data/tensors/tensor_table.h"
#include "data/tensors/torch_file.h"

/* safetensors begin with a length far below 2^56, in eight bytes. */
bool tensor_table_begins(const MappedFile *file) {
  return torch_begins(file) || (file->size >= 8 && file->data[7] == 0);
}

static Status read_table(TensorTable *t, Error *err) {
  if (!torch_begins(&t->file)) return safetensors_read(t, err);
  t->format = FORMAT_TORCH;
  TRY(torch_read(t, err));
  return tensor_table_sort(t, err);
}

Status tensor_table_open(TensorTable *t, const char *path, Error *err) {
  *t = (TensorTable){0};
  TRY(mapped_open(&t->file, path, err));
  Status status = read_table(t, err);
  if (status != STATUS_OK) tensor_table_close(t);
  return status;
}

Status tensor_table_verify(const TensorTable *t, Error *err) {
  return t->format == FORMAT_TORCH ? torch_verify(t, err) : STATUS_OK;
}
