/* Pools and the base that they belong to. */
#include "tools/pool/pool_tool.h"

Status pool_open_base(T5 **model, const PoolManifest *m, const char *given, Error *err) {
  const char *dir;
  TRY(manifest_base(m, given, &dir, err));
  return t5_open(model, dir, err);
}

static Status open_both(PoolOnBase *p, const char *dir, const char *base, const char *only,
                        Error *err) {
  char sample[HASH_HEX];
  TRY(manifest_read(&p->manifest, dir, err));
  if (p->manifest.count == 0)
    return error_set(err, STATUS_INPUT, "%s: the pool has no expert", dir);
  TRY(pool_open_base(&p->model, &p->manifest, base, err));
  TRY(t5_sample(p->model, sample, err));
  return pool_open(&p->pool, dir, &p->model->modules, sample, only, err);
}

/* The manifest that was read first may have been of an earlier state of the pool. */
static bool belong_together(const PoolOnBase *p) {
  return manifest_equal(&p->manifest, pool_manifest(p->pool));
}

Status pool_on_base_open(PoolOnBase *p, const char *dir, const char *base, const char *only,
                         Error *err) {
  Status status;
  *p = (PoolOnBase){0};
  while ((status = open_both(p, dir, base, only, err)) == STATUS_OK && !belong_together(p))
    pool_on_base_close(p);
  if (status != STATUS_OK) pool_on_base_close(p);
  return status;
}

void pool_on_base_close(PoolOnBase *p) {
  pool_close(p->pool);
  t5_close(p->model);
  manifest_free(&p->manifest);
  *p = (PoolOnBase){0};
}
