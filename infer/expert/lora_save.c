#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/tensors/safetensors.h"
#include "data/text/json.h"
#include "data/text/json_put.h"
#include "data/text/utf8.h"
#include "infer/expert/lora.h"
#include "infer/expert/lora_file.h"

/* Tensors. */

static Status add_item(SafetensorsItem *item, const char *module, char which, const Tensor *t,
                       Dtype dtype, Error *err) {
  char *name = lora_tensor_name(module, which);
  if (!name) return error_set(err, STATUS_RUN, "out of memory: the name of a factor");
  *item = (SafetensorsItem){name, dtype, t->data, t->rows, t->cols, false};
  return STATUS_OK;
}

static Status write_factors(const Lora *lora, const Modules *modules, const char *path, Dtype dtype,
                            SafetensorsItem *items, Error *err) {
  size_t n = 0;
  for (int i = 0; i < lora->count; i++) {
    const LoraFactor *f = &lora->factor[i];
    if (!expert_covers(lora->factor, i)) continue;
    TRY(add_item(&items[n++], modules->module[i].name, 'A', &f->a, dtype, err));
    TRY(add_item(&items[n++], modules->module[i].name, 'B', &f->b, dtype, err));
  }
  TensorMeta meta = {"format", "pt"}; /* as PEFT writes */
  return safetensors_write(path, items, n, &meta, 1, err);
}

static Status save_factors(const Lora *lora, const Modules *modules, const char *dir, Dtype dtype,
                           Error *err) {
  size_t count = 2 * (size_t)lora->covered;
  SafetensorsItem *items = calloc(count + 1, sizeof *items);
  char *path = path_join(dir, "adapter_model.safetensors");
  Status status = items && path ? write_factors(lora, modules, path, dtype, items, err)
                                : error_set(err, STATUS_RUN, "%s: out of memory", dir);
  for (size_t i = 0; items && i < count; i++) free((char *)(uintptr_t)items[i].name);
  free(items);
  free(path);
  return status;
}

/* Configuration. */

/* Every module with this last name component is covered. */
static bool covers_all(const Lora *lora, const Modules *modules, const char *part) {
  for (int i = 0; i < lora->count; i++) {
    bool named = strcmp(module_last_part(modules->module[i].name), part) == 0;
    if (named && !expert_covers(lora->factor, i)) return false;
  }
  return true;
}

static bool array_has(const json_t *array, const char *text) {
  for (size_t i = 0; i < json_array_size(array); i++) {
    if (strcmp(json_string_value(json_array_get(array, i)), text) == 0) return true;
  }
  return false;
}

/* target_modules: "q" where every q is covered, otherwise full names. NULL when out of memory. */
static json_t *target_modules(const Lora *lora, const Modules *modules) {
  json_t *targets = json_array();
  for (int i = 0; i < lora->count; i++) {
    const char *module = modules->module[i].name, *part = module_last_part(module);
    if (!expert_covers(lora->factor, i)) continue;
    bool whole = covers_all(lora, modules, part);
    if (whole && array_has(targets, part)) continue;
    json_push(&targets, json_string(whole ? part : module));
  }
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
  for (int i = 0; !expert_covers(lora->factor, i); i++) base++;
  json_t *config = json_object();
  json_put(&config, "peft_type", json_string("LORA"));
  json_put(&config, "task_type", json_string("SEQ_2_SEQ_LM"));
  json_put(&config, "base_model_name_or_path", json_string(base_name));
  json_put(&config, "inference_mode", json_true());
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
  if (base_name[utf8_valid(base_name, strlen(base_name))]) {
    return error_set(err, STATUS_USAGE, "%s: the name of the base, \"%s\", is not valid UTF-8", dir,
                     base_name);
  }
  TRY(dir_make(dir, err));
  TRY(save_factors(lora, modules, dir, dtype, err));
  char *path = path_join(dir, "adapter_config.json");
  json_t *json = config_json(lora, modules, base_name);
  Status status = path && json ? json_write_file(json, path, err)
                               : error_set(err, STATUS_RUN, "%s: out of memory", dir);
  json_decref(json);
  free(path);
  return status;
}
