/* Members of a PyTorch file by their names below its root. */
#include <stdlib.h>

#include "data/file/path.h"
#include "data/tensors/torch_parts.h"

Status torch_member(const TorchFile *f, const char *name, const ZipMember **member, Error *err) {
  *member = NULL;
  char *whole = path_join(f->root, name);
  if (!whole) return error_set(err, STATUS_RUN, "%s: out of memory", f->table->file.path);
  *member = zip_archive_find(&f->archive, whole);
  free(whole);
  return STATUS_OK;
}
