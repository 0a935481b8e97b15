#include <stdlib.h>

#include "infer/adapter/lora.h"
#include "infer/adapter/lora_file.h"
#include "infer/adapter/peft_save.h"
#include "infer/adapter/targets.h"

static SafetensorsItem factor_item(const char *module, char which, const Tensor *t, Dtype dtype) {
  return (SafetensorsItem){
      lora_tensor_name(module, which), dtype, t->data, t->rows, t->cols, false};
}

static SafetensorsItem *factor_items(const Lora *lora, const Modules *modules, Dtype dtype) {
  SafetensorsItem *items = calloc(2 * (size_t)lora->covered + 1, sizeof *items), *next = items;
  for (int i = 0; items && i < lora->count; i++) {
    const LoraFactor *f = &lora->factor[i];
    if (!lora_covers(lora->factor, i)) continue;
    *next++ = factor_item(modules->module[i].name, 'A', &f->a, dtype);
    *next++ = factor_item(modules->module[i].name, 'B', &f->b, dtype);
  }
  return items;
}

/* Configuration. */

static json_t *target_modules(const Lora *lora, const Modules *modules) {
  bool *covered = calloc((size_t)lora->count + 1, sizeof *covered);
  if (!covered) return NULL;
  for (int i = 0; i < lora->count; i++) covered[i] = lora_covers(lora->factor, i);
  json_t *targets = targets_json(covered, modules);
  free(covered);
  return targets;
}

/* 16 as an integer, 0.5 as a real: PEFT declares alpha as an integer. */
static json_t *json_of_number(double value) {
  json_int_t whole = (json_int_t)value;
  return (double)whole == value ? json_integer(whole) : json_real(value);
}

/* The ranks (or alphas) that differ from that of `base`, by full name. */
static json_t *values_beside(const Lora *lora, const Modules *modules, const LoraFactor *base,
                             bool ranks) {
  json_t *object = json_object();
  for (int i = 0; i < lora->count; i++) {
    const LoraFactor *f = &lora->factor[i];
    if (f->a.rows == 0 || (ranks ? f->a.rows == base->a.rows : f->alpha == base->alpha)) continue;
    json_put(&object, modules->module[i].name,
             ranks ? json_integer(f->a.rows) : json_of_number((double)f->alpha));
  }
  return object;
}

static json_t *config_json(const Lora *lora, const Modules *modules, const char *base_name) {
  const LoraFactor *base = lora->factor;
  for (int i = 0; !lora_covers(lora->factor, i); i++) base++;
  json_t *config = peft_config_new("LORA", base_name);
  json_put(&config, "r", json_integer(base->a.rows));
  json_put(&config, "lora_alpha", json_of_number((double)base->alpha));
  json_put(&config, "use_rslora", json_boolean(lora->rslora));
  json_put(&config, "lora_dropout", json_real(0));
  json_put(&config, "bias", json_string("none"));
  json_put(&config, "fan_in_fan_out", json_false());
  json_put(&config, "target_modules", target_modules(lora, modules));
  json_put(&config, "rank_pattern", values_beside(lora, modules, base, true));
  json_put(&config, "alpha_pattern", values_beside(lora, modules, base, false));
  json_put(&config, "use_dora", json_false());
  json_put(&config, "modules_to_save", json_null());
  json_put(&config, "init_lora_weights", json_true());
  return config;
}

Status lora_save(const Lora *lora, const Modules *modules, const char *dir, const char *base_name,
                 Dtype dtype, Error *err) {
  return peft_save(dir, base_name, factor_items(lora, modules, dtype), 2 * (size_t)lora->covered,
                   config_json(lora, modules, base_name), err);
}
