#include <stdlib.h>

#include "infer/adapter/ia3.h"
#include "infer/adapter/ia3_file.h"
#include "infer/adapter/peft_save.h"
#include "infer/adapter/targets.h"

/* [d_out, 1] of outputs, [1, d_in] of inputs. */
static SafetensorsItem *vector_items(const Ia3 *ia3, const Modules *modules, Dtype dtype) {
  SafetensorsItem *items = calloc((size_t)ia3->covered + 1, sizeof *items), *next = items;
  for (int i = 0; items && i < ia3->count; i++) {
    const Ia3Vector *v = &ia3->vector[i];
    if (!ia3_covers(ia3->vector, i)) continue;
    *next++ = (SafetensorsItem){ia3_tensor_name(modules->module[i].name),
                                dtype,
                                v->l.data,
                                v->input ? 1 : v->l.cols,
                                v->input ? v->l.cols : 1,
                                false};
  }
  return items;
}

static json_t *config_json(const Ia3 *ia3, const Modules *modules, const char *base_name) {
  size_t count = (size_t)ia3->count;
  bool *covered = calloc(2 * count + 1, sizeof *covered), *input = covered ? covered + count : NULL;
  if (!covered) return NULL;
  for (int i = 0; i < ia3->count; i++) {
    covered[i] = ia3_covers(ia3->vector, i);
    input[i] = ia3->vector[i].input;
  }
  json_t *config = peft_config_new("IA3", base_name);
  json_put(&config, "target_modules", targets_json(covered, modules));
  json_put(&config, "feedforward_modules", targets_json(input, modules));
  json_put(&config, "fan_in_fan_out", json_false());
  json_put(&config, "modules_to_save", json_null());
  json_put(&config, "init_ia3_weights", json_true());
  free(covered);
  return config;
}

Status ia3_save(const Ia3 *ia3, const Modules *modules, const char *dir, const char *base_name,
                Dtype dtype, Error *err) {
  return peft_save(dir, base_name, vector_items(ia3, modules, dtype), (size_t)ia3->covered,
                   config_json(ia3, modules, base_name), err);
}
