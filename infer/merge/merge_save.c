#include "infer/merge/merge_save.h"

#include <stdlib.h>
#include <string.h>

#include "infer/adapter/ia3.h"
#include "infer/adapter/lora.h"
#include "infer/merge/merge_method.h"

/* ---- the adapter ---- */

static Status check_one_kind(const Pool *pool, Error *err) {
  const Modules *modules = pool_modules(pool);
  PeftType kind = pool_kind(pool, 0);
  for (int i = 1; i < pool_count(pool); i++) {
    if (pool_kind(pool, i) == kind) continue;
    return error_set(
        err, STATUS_MISMATCH,
        "%s: expert '%s' is of kind %s, and '%s' of kind %s, which no adapter of PEFT has both; "
        "choose experts of one kind",
        pool_dir(pool), pool_entry(pool, 0)->name, peft_type_title(kind), pool_entry(pool, i)->name,
        peft_type_title(pool_kind(pool, i)));
  }
  for (int i = 0; i < modules->count; i++) {
    PoolRescales rescales = pool_rescales(pool, i);
    if (rescales.inputs == 0 || rescales.outputs == 0) continue;
    return error_set(
        err, STATUS_MISMATCH,
        "%s: %s: %d experts rescale its inputs and %d its outputs, which no adapter of "
        "PEFT does both; choose experts alike",
        pool_dir(pool), modules->module[i].name, rescales.inputs, rescales.outputs);
  }
  return STATUS_OK;
}

/* Borrows the merged factors. */
static Status save_lora(const Merged *m, const Pool *pool, const char *dir, const char *base,
                        Error *err) {
  Lora lora = {.factor = calloc((size_t)m->adapters.count + 1, sizeof *lora.factor),
               .count = m->adapters.count};
  if (!lora.factor) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  for (int i = 0; i < lora.count; i++) {
    const LowRank *f = &m->adapters.slot[i].low_rank;
    if (!m->adapters.slot[i].kind) continue;
    float alpha = f->scale * (float)f->a->rows;
    lora.factor[i] = (LoraFactor){*f->a, *f->b, alpha, f->scale};
    lora.covered++;
  }
  Status status = lora_save(&lora, pool_modules(pool), dir, base, DTYPE_F32, err);
  free(lora.factor);
  return status;
}

static Status save_ia3(const Merged *m, const Pool *pool, const char *dir, const char *base,
                       Error *err) {
  Ia3 ia3 = {.vector = calloc((size_t)m->adapters.count + 1, sizeof *ia3.vector),
             .count = m->adapters.count};
  if (!ia3.vector) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  for (int i = 0; i < ia3.count; i++) {
    if (!m->adapters.slot[i].kind) continue;
    ia3.vector[i] = (Ia3Vector){*m->adapters.slot[i].rescale, pool_rescales(pool, i).inputs > 0};
    ia3.covered++;
  }
  Status status = ia3_save(&ia3, pool_modules(pool), dir, base, DTYPE_F32, err);
  free(ia3.vector);
  return status;
}

Status merge_save(const Merged *m, const Pool *pool, const char *dir, Error *err) {
  const char *base = pool_manifest(pool)->base_name;
  TRY(check_one_kind(pool, err));
  return pool_kind(pool, 0) == PEFT_IA3 ? save_ia3(m, pool, dir, base, err)
                                        : save_lora(m, pool, dir, base, err);
}

/* ---- the record ---- */

/* `weight` NULL: out of memory. */
static json_t *weight_json(const MergeSettings *s, const double *weight, int expert) {
  if (!weight) return NULL;
  if (s->weights) return json_real(weight[expert]);
  if (!merge_method(s->method)->mean) return json_integer(1);
  return json_string(s->compat == COMPAT_PEFT ? "1 / n of n experts"
                                              : "1 / n of n experts that cover a module");
}

static json_t *experts_json(const Pool *pool, const MergeSettings *s) {
  json_t *list = json_array();
  double *weight = calloc((size_t)pool_count(pool) + 1, sizeof *weight);
  bool read = weight && (!s->weights || !merge_weights(s->weights, pool, weight, NULL));
  for (int i = 0; i < pool_count(pool); i++) {
    const PoolEntry *e = pool_entry(pool, i);
    json_t *expert = read ? json_object() : NULL;
    json_put(&expert, "name", json_string(e->name));
    json_put(&expert, "fingerprint", json_string(e->fingerprint));
    json_put(&expert, "file", json_string(e->hash[POOL_ADAPTER]));
    json_put(&expert, "weight", weight_json(s, read ? weight : NULL, i));
    json_push(&list, expert);
  }
  free(weight);
  return list;
}

static json_t *modules_json(const Merged *m, const Pool *pool) {
  json_t *list = json_array();
  for (int i = 0; i < m->adapters.count; i++) {
    const MergedModule *merged = &m->module[i];
    if (!m->adapters.slot[i].kind) continue;
    json_t *module = json_object();
    json_put(&module, "module", json_string(pool_modules(pool)->module[i].name));
    json_put(&module, "rank", json_integer(merged->rank));
    json_put(&module, "lost", json_real(merged->norm > 0 ? merged->lost / merged->norm : 0));
    json_push(&list, module);
  }
  return list;
}

json_t *merge_record(const Merged *m, const Pool *pool, const MergeSettings *s, json_t *settings) {
  json_t *record = json_object();
  json_put(&record, "format", json_string("skein-merge"));
  json_put(&record, "version", json_integer(1));
  json_put(&record, "settings", settings);
  json_put(&record, "base", json_string(pool_manifest(pool)->base));
  json_put(&record, "experts", experts_json(pool, s));
  json_put(&record, "lost", json_real(merged_lost(m)));
  json_put(&record, "modules", modules_json(m, pool));
  return record;
}
