#include "infer/adapter/peft_keys.h"

#include <stdlib.h>
#include <string.h>

#include "autograd/ground/text_stream.h"

/* What peft_config.c reads. */
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

bool peft_key_is_off(const json_t *value) {
  return !value || json_is_null(value) || json_is_false(value) ||
         (json_is_array(value) && json_array_size(value) == 0) ||
         (json_is_object(value) && json_object_size(value) == 0) ||
         (json_is_string(value) && json_string_length(value) == 0);
}

static bool is_known(const char *key) {
  return has(READ, LENGTH(READ), key) || has(NO_MATTER, LENGTH(NO_MATTER), key);
}

static Status check_key(const JsonDoc *doc, const char *key, const json_t *value, Error *err) {
  if (has(UNSUPPORTED, LENGTH(UNSUPPORTED), key)) {
    return error_set(err, STATUS_INPUT,
                     "%s: %s: is set and not supported; want a plain LoRA or (IA)3", doc->file,
                     key);
  }
  if (is_known(key) || json_is_number(value) || json_is_string(value)) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   "%s: %.80s: is set and not known; where it changes nothing that the adapter "
                   "computes, remove it",
                   doc->file, key);
}

static char *list_passed(const json_t *root) {
  TextStream text;
  const char *key, *between = "";
  json_t *value;
  if (!text_stream_open(&text)) return NULL;
  json_object_foreach((json_t *)root, key, value) {
    if (peft_key_is_off(value) || is_known(key)) continue;
    fprintf(text.out, "%s%.80s", between, key);
    between = ", ";
  }
  if (*between) fputs(": not known, and passed over as PEFT does", text.out);
  return text_stream_close(&text);
}

static Status check_start(const JsonDoc *doc, Error *err) {
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

Status peft_keys_check(const JsonDoc *doc, char **passed, Error *err) {
  const char *key;
  json_t *value;
  *passed = NULL;
  json_object_foreach(doc->root, key, value) {
    if (!peft_key_is_off(value)) TRY(check_key(doc, key, value, err));
  }
  TRY(check_start(doc, err));
  *passed = list_passed(doc->root);
  return *passed ? STATUS_OK : error_set(err, STATUS_RUN, "%s: out of memory", doc->file);
}
