#include "data/tensors/torch_file.h"

#include <stdlib.h>
#include <string.h>

#include "data/tensors/torch_parts.h"

enum { VERSION_FIRST = 1, VERSION_LAST = 10 };

bool torch_begins(const MappedFile *file) {
  return zip_archive_begins(file);
}

static Status out_of_memory(const TorchFile *f, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", f->table->file.path);
}

static Status refuse_bare(const char *path, const char *member, Error *err) {
  size_t size = strlen(member);
  if (size > 4 && strcmp(member + size - 4, ".npy") == 0) {
    return error_set(err, STATUS_INPUT,
                     "%s: is an archive of NumPy (.npz); in Python, save its arrays with "
                     "safetensors.numpy.save_file",
                     path);
  }
  return error_set(err, STATUS_INPUT,
                   "%s: is a zip archive with the member '%.80s'; those of torch.save are all in "
                   "one folder",
                   path, member);
}

/* All members are in one folder, whose name is kept; it may be a member itself, as `zip` adds it. */
static Status find_root(TorchFile *f, Error *err) {
  const char *path = f->table->file.path, *first = f->archive.member[0].name;
  size_t size = strcspn(first, "/");
  f->root = strndup(first, size);
  if (!f->root) return out_of_memory(f, err);
  for (size_t i = 0; i < f->archive.count; i++) {
    const char *name = f->archive.member[i].name;
    bool inside = size > 0 && strncmp(name, f->root, size) == 0 && name[size] == '/';
    if (inside && (name[size + 1] || f->archive.member[i].size == 0)) continue;
    if (i == 0) return refuse_bare(path, first, err);
    return error_set(err, STATUS_INPUT,
                     "%s: is a zip archive with the members '%.80s' and '%.80s'; those of "
                     "torch.save are all in one folder",
                     path, first, name);
  }
  return STATUS_OK;
}

static Status check_stored(const TorchFile *f, Error *err) {
  for (size_t i = 0; i < f->archive.count; i++) {
    const ZipMember *m = &f->archive.member[i];
    if (!m->compressed) continue;
    return error_set(err, STATUS_INPUT,
                     "%s: member '%.200s': is compressed, which torch.save does not do; unpack the "
                     "archive and pack it again with `zip -0 -r`",
                     f->table->file.path, m->name);
  }
  return STATUS_OK;
}

/* The archive is that of torch.save and not of something else. */
static Status check_kind(const TorchFile *f, const ZipMember **pickle, Error *err) {
  const char *path = f->table->file.path;
  const ZipMember *constants;
  *pickle = NULL;
  TRY(torch_member(f, "constants.pkl", &constants, err));
  if (constants) {
    return error_set(err, STATUS_INPUT,
                     "%s: is a TorchScript archive (torch.jit.save), a program; save the "
                     "state_dict() of the model with torch.save",
                     path);
  }
  TRY(check_stored(f, err));
  TRY(torch_member(f, "data.pkl", pickle, err));
  if (*pickle) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   "%s: is a zip archive without %.80s/data.pkl: not one that "
                   "torch.save wrote",
                   path, f->root);
}

static Status check_version(const TorchFile *f, Error *err) {
  const char *path = f->table->file.path;
  const ZipMember *m;
  TRY(torch_member(f, "version", &m, err));
  if (!m) return error_set(err, STATUS_INPUT, "%s: version: is missing", path);
  size_t size = m->size;
  while (size > 0 && m->data[size - 1] == '\n') size--;
  int version = size > 0 ? 0 : -1;
  for (size_t i = 0; i < size && version >= 0; i++) {
    bool digit = m->data[i] >= '0' && m->data[i] <= '9';
    version = digit && version <= VERSION_LAST ? 10 * version + (m->data[i] - '0') : -1;
  }
  if (version >= VERSION_FIRST && version <= VERSION_LAST) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: version: '%.*s', want %d to %d", path,
                   (int)(size < 20 ? size : 20), (const char *)m->data, VERSION_FIRST,
                   VERSION_LAST);
}

static Status read_order(TorchFile *f, Error *err) {
  const ZipMember *m;
  TRY(torch_member(f, "byteorder", &m, err));
  if (!m || (m->size == 6 && memcmp(m->data, "little", 6) == 0)) return STATUS_OK;
  f->big_endian = m->size == 3 && memcmp(m->data, "big", 3) == 0;
  if (f->big_endian) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: byteorder: want \"little\" or \"big\"",
                   f->table->file.path);
}

static Status read_file(TorchFile *f, Error *err) {
  const ZipMember *pickle;
  TRY(zip_archive_read(&f->archive, &f->table->file, err));
  TRY(find_root(f, err));
  TRY(check_kind(f, &pickle, err));
  TRY(check_version(f, err));
  TRY(read_order(f, err));
  TRY(zip_member_check(&f->archive, pickle, err));
  f->pickle_size = pickle->size;
  TRY(pickle_read(&f->pickle, pickle->data, pickle->size, f->table->file.path, err));
  return torch_list(f, err);
}

Status torch_read(TensorTable *t, Error *err) {
  TorchFile f = {.table = t};
  Status status = read_file(&f, err);
  pickle_close(&f.pickle);
  zip_archive_close(&f.archive);
  free(f.root);
  return status;
}

Status torch_verify(const TensorTable *t, Error *err) {
  ZipArchive archive;
  TRY(zip_archive_read(&archive, &t->file, err));
  Status status = STATUS_OK;
  for (size_t i = 0; i < archive.count && status == STATUS_OK; i++) {
    status = zip_member_check(&archive, &archive.member[i], err);
  }
  zip_archive_close(&archive);
  return status;
}
