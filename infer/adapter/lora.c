#include "infer/adapter/lora.h"

#include <stdlib.h>
#include <string.h>

#include "autograd/ground/rng.h"
#include "infer/adapter/lora_file.h"
#include "infer/adapter/targets.h"
#include "infer/adapter/values.h"

enum { RNG_LORA_A = 0x6c41 }; /* purpose of the random stream of a fresh A */

Status lora_blank(Lora **lora, const Modules *modules, Error *err) {
  *lora = calloc(1, sizeof **lora);
  LoraFactor *factor = calloc((size_t)modules->count, sizeof *factor);
  char *base_name = strdup("");
  if (!*lora || !factor || !base_name) {
    free(*lora);
    free(factor);
    free(base_name);
    *lora = NULL;
    return error_set(err, STATUS_RUN, "out of memory: an adapter");
  }
  **lora = (Lora){.factor = factor, .count = modules->count, .base_name = base_name};
  return STATUS_OK;
}

void lora_close(Lora *lora) {
  if (!lora) return;
  for (int i = 0; i < lora->count; i++) {
    tensor_destroy(&lora->factor[i].a);
    tensor_destroy(&lora->factor[i].b);
  }
  free(lora->factor);
  free(lora->base_name);
  free(lora);
}

/* Opening. */

/* The factors of one linear. */
static Status read_factor(const LoraFile *f, const char *module, const LoraFactor *from,
                          LoraFactor *to, Error *err) {
  char *a = lora_tensor_name(module, 'A'), *b = lora_tensor_name(module, 'B');
  Status status = a && b ? values_copy(&to->a, &from->a, f->path, a, err)
                         : error_set(err, STATUS_RUN, "%s: out of memory", f->path);
  if (status == STATUS_OK) status = values_copy(&to->b, &from->b, f->path, b, err);
  to->alpha = from->alpha;
  to->scale = from->scale;
  free(a);
  free(b);
  return status;
}

static Status read_file(const LoraFile *f, const Modules *modules, Lora *lora, Error *err) {
  lora->rslora = f->config.rslora;
  lora->covered = f->covered;
  free(lora->base_name);
  lora->base_name = strdup(f->config.base_name);
  if (!lora->base_name) return error_set(err, STATUS_RUN, "%s: out of memory", f->path);
  for (int i = 0; i < lora->count; i++) {
    if (!lora_covers(f->factor, i)) continue;
    TRY(read_factor(f, modules->module[i].name, &f->factor[i], &lora->factor[i], err));
  }
  TRY(weights_unchanged(f->weights, err));
  return lora_fingerprint(lora, modules, lora->fingerprint, err);
}

Status lora_open(Lora **lora, const char *dir, const Modules *modules, Error *err) {
  LoraFile file;
  *lora = NULL;
  TRY(lora_file_open(&file, dir, modules, err));
  Status status = lora_blank(lora, modules, err);
  if (status == STATUS_OK) status = read_file(&file, modules, *lora, err);
  lora_file_close(&file);
  if (status != STATUS_OK) {
    lora_close(*lora);
    *lora = NULL;
  }
  return status;
}

/* Making. */

static Status fresh_factor(LoraFactor *f, const Module *module, int rank, float alpha,
                           uint64_t seed, Error *err) {
  TRY(tensor_create(&f->a, rank, module->d_in, true, err));
  TRY(tensor_create(&f->b, module->d_out, rank, true, err));
  Rng rng = {.key = rng_key(seed, (uint64_t)module->id, 0, RNG_LORA_A)};
  for (int64_t i = 0; i < tensor_count(&f->a); i++) f->a.data[i] = 0.01F * rng_normal(&rng);
  f->alpha = alpha;
  f->scale = lora_scale(alpha, rank, false);
  return STATUS_OK;
}

static Status fill_new(Lora *lora, const Modules *modules, int rank, float alpha,
                       const char *targets, uint64_t seed, Error *err) {
  if (rank < 1) return error_set(err, STATUS_USAGE, "rank: is %d, want at least 1", rank);
  bool *chosen = calloc((size_t)modules->count + 1, sizeof *chosen);
  Status status = chosen ? targets_choose(targets, modules, "target modules", chosen, err)
                         : error_set(err, STATUS_RUN, "out of memory: an adapter");
  for (int i = 0; i < modules->count && status == STATUS_OK; i++) {
    if (!chosen[i]) continue;
    status = fresh_factor(&lora->factor[i], &modules->module[i], rank, alpha, seed, err);
    lora->covered++;
  }
  free(chosen);
  return status == STATUS_OK ? lora_fingerprint(lora, modules, lora->fingerprint, err) : status;
}

Status lora_new(Lora **lora, const Modules *modules, int rank, float alpha, const char *targets,
                uint64_t seed, Error *err) {
  TRY(lora_blank(lora, modules, err));
  Status status = fill_new(*lora, modules, rank, alpha, targets, seed, err);
  if (status != STATUS_OK) {
    lora_close(*lora);
    *lora = NULL;
  }
  return status;
}

/* Using. */

static void hash_matrix(Hash *hash, const Tensor *t) {
  hash_add(hash, &t->rows, sizeof t->rows);
  hash_add(hash, &t->cols, sizeof t->cols);
  hash_add(hash, t->data, (size_t)tensor_count(t) * sizeof *t->data);
}

Status lora_fingerprint(const Lora *lora, const Modules *modules, char hex[HASH_HEX], Error *err) {
  Hash *hash = hash_new();
  if (!hash) return error_set(err, STATUS_RUN, "out of memory: the fingerprint of an adapter");
  for (int i = 0; i < lora->count; i++) {
    const LoraFactor *f = &lora->factor[i];
    if (!lora_covers(lora->factor, i)) continue;
    hash_add_string(hash, modules->module[i].name);
    hash_add(hash, &f->scale, sizeof f->scale);
    hash_matrix(hash, &f->a);
    hash_matrix(hash, &f->b);
  }
  hash_finish(hash, hex);
  return STATUS_OK;
}

Status lora_adapters(const Lora *lora, AdapterSet *set, Error *err) {
  *set = (AdapterSet){.slot = calloc((size_t)lora->count, sizeof *set->slot), .count = lora->count};
  if (!set->slot) return error_set(err, STATUS_RUN, "out of memory: %d adapter slots", lora->count);
  for (int i = 0; i < lora->count; i++) {
    if (lora_covers(lora->factor, i)) set->slot[i] = adapter_of(lora_update(&lora->factor[i]));
  }
  return STATUS_OK;
}
