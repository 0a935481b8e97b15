#include "tools/pool/pool_copy.h"

#include <stdlib.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "infer/adapter/ia3.h"
#include "tools/pool/pool_parts.h"
#include "tools/shell/console.h"

static Status out_of_memory(const char *dir, Error *err) {
  return error_set(err, STATUS_RUN, "%s: out of memory", dir);
}

static Status copy_as(const char *from, const char *to, PoolFile file, PoolEntry *entry,
                      Error *err) {
  char *target = path_join(to, POOL_FILE[file]);
  if (!target) return out_of_memory(to, err);
  Status status = pool_copy_file(from, target, entry->hash[file], err);
  free(target);
  return status;
}

static Status copy_config(const PoolSource *source, const char *to, PoolEntry *entry, Error *err) {
  char *from = path_join(source->adapter, POOL_FILE[POOL_ADAPTER_CONFIG]);
  if (!from) return out_of_memory(to, err);
  Status status = copy_as(from, to, POOL_ADAPTER_CONFIG, entry, err);
  free(from);
  return status;
}

/* The tensors of a PyTorch file as safetensors: a pool goes from hand to hand, and holds no pickles,
 * which other programs run. */
static Status convert_adapter(const Weights *w, const char *to, PoolEntry *entry, Error *err) {
  char *target = path_join(to, POOL_FILE[POOL_ADAPTER]);
  if (!target) return out_of_memory(to, err);
  Status status = weights_export(w, NULL, target, err);
  if (status == STATUS_OK) status = hash_file(target, entry->hash[POOL_ADAPTER], err);
  if (status == STATUS_OK) {
    console_note(NULL, "skein: %s: a PyTorch file; its tensors are in the pool as %s",
                 weights_path(w), POOL_FILE[POOL_ADAPTER]);
  }
  free(target);
  return status;
}

static Status copy_adapter(const PoolSource *source, const char *to, PoolEntry *entry, Error *err) {
  Weights *w;
  TRY(weights_open_adapter(&w, source->adapter, err));
  Status status = weights_table(w, 0)->format == FORMAT_TORCH
                      ? convert_adapter(w, to, entry, err)
                      : copy_as(weights_path(w), to, POOL_ADAPTER, entry, err);
  weights_close(w);
  return status;
}

static Status hash_named(const char *dir, PoolFile file, PoolEntry *entry, Error *err) {
  char *path = path_join(dir, POOL_FILE[file]);
  Status status = path ? hash_file(path, entry->hash[file], err) : out_of_memory(dir, err);
  free(path);
  return status;
}

/* The vectors of a checkpoint of T-Few, which says nothing of itself, as a PEFT directory. */
static Status convert_checkpoint(const PoolManifest *m, const PoolSource *source,
                                 const Modules *modules, const char *to, PoolEntry *entry,
                                 Error *err) {
  Ia3 *ia3;
  TRY(ia3_open(&ia3, source->adapter, modules, err));
  Status status = ia3_save(ia3, modules, to, m->base_name, DTYPE_F32, err);
  ia3_close(ia3);
  TRY(status);
  console_note(NULL, "skein: %s: a checkpoint of T-Few; its vectors are in the pool as PEFT's",
               source->adapter);
  TRY(hash_named(to, POOL_ADAPTER_CONFIG, entry, err));
  return hash_named(to, POOL_ADAPTER, entry, err);
}

Status pool_copy_expert(const PoolManifest *m, const PoolSource *source, const Modules *modules,
                        const char *to, PoolEntry *entry, Error *err) {
  TRY(dir_make(to, err));
  if (ia3_is_checkpoint(source->adapter)) {
    TRY(convert_checkpoint(m, source, modules, to, entry, err));
  } else {
    TRY(copy_config(source, to, entry, err));
    TRY(copy_adapter(source, to, entry, err));
  }
  if (source->gate) TRY(copy_as(source->gate, to, POOL_GATE, entry, err));
  if (source->activation) TRY(copy_as(source->activation, to, POOL_ACTIVATION, entry, err));
  return STATUS_OK;
}
