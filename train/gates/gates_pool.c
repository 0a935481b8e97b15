#include "train/gates/gates_pool.h"

Status gates_pool_open(const GatesSettings *s, Base *base, char base_hash[HASH_HEX], Pool **pool,
                       Error *err) {
  PoolManifest m;
  const char *dir = NULL;
  TRY(manifest_read(&m, s->pool, err));
  Status status = manifest_base(&m, s->run.base, &dir, err);
  if (status == STATUS_OK) status = base_open(base, dir, err);
  if (status == STATUS_OK) status = base_sample(base, err);
  if (status == STATUS_OK) status = t5_fingerprint(base->model, base_hash, err);
  manifest_free(&m);
  TRY(status);
  return pool_open(pool, s->pool, &base->model->modules, base->sample, NULL, err);
}
