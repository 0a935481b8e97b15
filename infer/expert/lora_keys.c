#include "infer/expert/lora_keys.h"

#include <string.h>

/* What lora_config.c reads. */
static const char *const READ[] = {
    "peft_type",           "r",
    "lora_alpha",          "use_rslora",
    "rank_pattern",        "alpha_pattern",
    "target_modules",      "exclude_modules",
    "feedforward_modules", "bias",
    "fan_in_fan_out",      "task_type",
    "auto_mapping",        "layers_pattern",
    "layers_to_transform", "base_model_name_or_path",
    "init_lora_weights",
};

/* What is of training, of the way factors began, or of where files came from. */
static const char *const NO_MATTER[] = {
    "peft_version",  "revision",          "inference_mode",      "lora_dropout",
    "loftq_config",  "eva_config",        "corda_config",        "lora_ga_config",
    "velora_config", "megatron_core",     "megatron_config",     "runtime_config",
    "merge_weights", "qalora_group_size", "ensure_weight_tying", "init_ia3_weights",
};

/* What changes the arithmetic. */
static const char *const UNSUPPORTED[] = {
    "use_dora",
    "lora_bias",
    "modules_to_save",
    "layer_replication",
    "target_parameters",
    "trainable_token_indices",
    "alora_invocation_tokens",
    "use_qalora",
    "monteclora_config",
    "kasa_config",
    "use_bdlora",
    "arrow_config",
};

/* Ways to initialise that subtract the fresh adapter from the base, so that the file belongs to
 * another base than its name says; PEFT converts such adapters on request. */
static const char *const REBASED[] = {"pissa", "olora", "corda", "loftq", "lora_ga"};

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static bool has(const char *const *list, size_t n, const char *key) {
  for (size_t i = 0; i < n; i++) {
    if (strcmp(list[i], key) == 0) return true;
  }
  return false;
}

bool lora_key_is_off(const json_t *value) {
  return !value || json_is_null(value) || json_is_false(value) ||
         (json_is_array(value) && json_array_size(value) == 0) ||
         (json_is_object(value) && json_object_size(value) == 0) ||
         (json_is_string(value) && json_string_length(value) == 0);
}

static Status check_key(const JsonDoc *doc, const char *key, const json_t *value, Error *err) {
  if (lora_key_is_off(value) || has(READ, LENGTH(READ), key) ||
      has(NO_MATTER, LENGTH(NO_MATTER), key))
    return STATUS_OK;
  if (has(UNSUPPORTED, LENGTH(UNSUPPORTED), key)) {
    return error_set(err, STATUS_INPUT,
                     "%s: %s: is set and not supported; want a plain LoRA or (IA)3", doc->file,
                     key);
  }
  return error_set(err, STATUS_INPUT,
                   "%s: %.80s: is set and not known; where it changes nothing that the adapter "
                   "computes, remove it",
                   doc->file, key);
}

Status lora_keys_check(const JsonDoc *doc, Error *err) {
  const char *key;
  json_t *value;
  json_object_foreach(doc->root, key, value) TRY(check_key(doc, key, value, err));
  const char *init = json_string_value(json_object_get(doc->root, "init_lora_weights"));
  for (size_t i = 0; init && i < LENGTH(REBASED); i++) {
    if (strncmp(init, REBASED[i], strlen(REBASED[i])) != 0) continue;
    return error_set(err, STATUS_INPUT,
                     "%s: init_lora_weights: \"%.40s\" changes the base; save the adapter with "
                     "path_initial_model_for_weight_conversion",
                     doc->file, init);
  }
  return STATUS_OK;
}
