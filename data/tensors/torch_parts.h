/* torch_parts: what the parts of the reader of PyTorch files share. Internal to torch_*.c. */
#ifndef SKEIN_TORCH_PARTS_H
#define SKEIN_TORCH_PARTS_H

#include "data/pickle/pickle.h"
#include "data/tensors/torch_file.h"
#include "data/zip/zip_archive.h"

typedef struct TorchFile {
  TensorTable *table; /* being filled */
  ZipArchive archive;
  char *root; /* what all members' names begin with, without the "/" */
  bool big_endian;
  Pickle pickle;
  size_t pickle_size; /* bytes */
  size_t copied;      /* bytes of the table's own memory */
} TorchFile;

/* A member of this name below the root; *member is NULL where there is none. */
Status torch_member(const TorchFile *f, const char *name, const ZipMember **member, Error *err);

/* Fills an entry, but for its name, with tensor `v`; entry->name is for messages. */
Status torch_view(TorchFile *f, const PickleValue *v, TensorEntry *entry, Error *err);

/* Fills the table with the values of the pickle. */
Status torch_list(TorchFile *f, Error *err);

/* The text of a value that is no tensor, in a new string; NULL when out of memory. */
char *torch_text(const Pickle *p, PickleId id);

#endif
