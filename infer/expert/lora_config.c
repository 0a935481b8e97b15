#include "infer/expert/lora_config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/file/path.h"

/* Three full lists of the 432 linears of a T5-XL take a third of this. */
enum { CONFIG_BYTES_MAX = 1 << 18, RANK_MAX = 1 << 20 };
static const double ALPHA_MAX = 1e9;

/* Keys that change what an adapter computes and that skein does not: what is there must be null,
 * false or empty. */
static const char *const UNSUPPORTED[] = {
    "use_dora",
    "lora_bias",
    "fan_in_fan_out",
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

static bool is_neutral(const json_t *value) {
  return !value || json_is_null(value) || json_is_false(value) ||
         (json_is_array(value) && json_array_size(value) == 0) ||
         (json_is_object(value) && json_object_size(value) == 0);
}

static Status check_kind(const LoraConfig *c, Error *err) {
  const char *type, *bias = "none";
  TRY(json_get_string(&c->doc, "peft_type", &type, err));
  if (strcmp(type, "LORA") != 0) {
    return error_set(err, STATUS_INPUT, "%s: peft_type: is \"%s\", want \"LORA\"", c->path, type);
  }
  if (json_has(&c->doc, "bias")) TRY(json_get_string(&c->doc, "bias", &bias, err));
  if (strcmp(bias, "none") != 0) {
    return error_set(err, STATUS_INPUT, "%s: bias: is \"%s\", want \"none\"", c->path, bias);
  }
  return STATUS_OK;
}

static Status check_supported(const LoraConfig *c, Error *err) {
  for (size_t i = 0; i < sizeof UNSUPPORTED / sizeof *UNSUPPORTED; i++) {
    if (is_neutral(json_object_get(c->doc.root, UNSUPPORTED[i]))) continue;
    return error_set(err, STATUS_INPUT, "%s: %s: is set and not supported; want a plain LoRA",
                     c->path, UNSUPPORTED[i]);
  }
  const char *init = json_string_value(json_object_get(c->doc.root, "init_lora_weights"));
  for (size_t i = 0; init && i < sizeof REBASED / sizeof *REBASED; i++) {
    if (strncmp(init, REBASED[i], strlen(REBASED[i])) != 0) continue;
    return error_set(err, STATUS_INPUT,
                     "%s: init_lora_weights: \"%s\" changes the base; save the adapter with "
                     "path_initial_model_for_weight_conversion",
                     c->path, init);
  }
  return STATUS_OK;
}

/* The value of a rule: a rank is a whole number. */
static Status check_value(const LoraConfig *c, const char *field, const char *key,
                          const json_t *value, bool rank, Error *err) {
  double number = json_number_value(value);
  bool good = rank ? json_is_integer(value) && number >= 1 && number <= RANK_MAX
                   : json_is_number(value) && fabs(number) <= ALPHA_MAX;
  if (good) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: %s: \"%s\": want %s", c->path, field, key,
                   rank ? "an integer from 1 to 1048576" : "a number");
}

static Status read_rules(LoraConfig *c, const char *field, bool rank, LoraRules *rules,
                         Error *err) {
  json_t *object, *value;
  const char *key;
  if (!json_has(&c->doc, field)) return STATUS_OK;
  TRY(json_get_object(&c->doc, field, &object, err));
  rules->rule = calloc(json_object_size(object) + 1, sizeof *rules->rule);
  if (!rules->rule) return error_set(err, STATUS_RUN, "%s: %s: out of memory", c->path, field);
  json_object_foreach(object, key, value) {
    LoraRule *rule = &rules->rule[rules->count];
    TRY(check_value(c, field, key, value, rank, err));
    rules->count++; /* also a pattern that fails is freed */
    TRY(name_pattern_compile(&rule->pattern, key, NAME_SUFFIX, c->path, field, err));
    rule->value = json_number_value(value);
  }
  return STATUS_OK;
}

static Status read_modules(LoraConfig *c, const char *field, LoraModules *m, Error *err) {
  json_t *value = json_object_get(c->doc.root, field);
  if (!value || json_is_null(value)) return STATUS_OK;
  if (json_is_string(value)) {
    const char *text = json_string_value(value);
    m->kind = MODULES_ALL;
    if (strcasecmp(text, "all-linear") == 0) return STATUS_OK;
    m->kind = MODULES_PATTERN;
    return name_pattern_compile(&m->pattern, text, NAME_WHOLE, c->path, field, err);
  }
  TRY(json_get_array(&c->doc, field, &m->list, err));
  for (size_t i = 0; i < json_array_size(m->list); i++) {
    if (json_is_string(json_array_get(m->list, i))) continue;
    return error_set(err, STATUS_INPUT, "%s: %s: element %zu: is %s, want a string", c->path, field,
                     i, json_kind(json_array_get(m->list, i)));
  }
  m->kind = MODULES_LISTED;
  return STATUS_OK;
}

static Status read_document(LoraConfig *c, Error *err) {
  c->base_name = "";
  TRY(check_kind(c, err));
  TRY(check_supported(c, err));
  TRY(json_get_int(&c->doc, "r", 1, RANK_MAX, &c->rank, err));
  TRY(json_get_real(&c->doc, "lora_alpha", -ALPHA_MAX, ALPHA_MAX, &c->alpha, err));
  if (json_has(&c->doc, "use_rslora")) {
    TRY(json_get_bool(&c->doc, "use_rslora", &c->rslora, err));
  }
  if (json_has(&c->doc, "base_model_name_or_path")) {
    TRY(json_get_string(&c->doc, "base_model_name_or_path", &c->base_name, err));
  }
  TRY(read_rules(c, "rank_pattern", true, &c->ranks, err));
  TRY(read_rules(c, "alpha_pattern", false, &c->alphas, err));
  TRY(read_modules(c, "target_modules", &c->targets, err));
  TRY(read_modules(c, "exclude_modules", &c->excluded, err));
  c->some_layers = !is_neutral(json_object_get(c->doc.root, "layers_to_transform"));
  return STATUS_OK;
}

Status lora_config_read(LoraConfig *config, const char *dir, Error *err) {
  *config = (LoraConfig){.path = path_join(dir, "adapter_config.json")};
  if (!config->path) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  TRY(json_parse_file(&config->doc, config->path, CONFIG_BYTES_MAX, err));
  return read_document(config, err);
}

static void free_rules(LoraRules *rules) {
  for (size_t i = 0; i < rules->count; i++) name_pattern_free(&rules->rule[i].pattern);
  free(rules->rule);
}

void lora_config_free(LoraConfig *config) {
  free_rules(&config->ranks);
  free_rules(&config->alphas);
  name_pattern_free(&config->targets.pattern);
  name_pattern_free(&config->excluded.pattern);
  json_free(&config->doc);
  free(config->path);
}

/* Asking. */

static Status first_match(const LoraRules *rules, const char *module, double *value, Error *err) {
  for (size_t i = 0; i < rules->count; i++) {
    bool matches;
    TRY(name_pattern_matches(&rules->rule[i].pattern, module, &matches, err));
    if (!matches) continue;
    *value = rules->rule[i].value;
    break;
  }
  return STATUS_OK;
}

Status lora_config_rank(const LoraConfig *config, const char *module, int64_t *rank, Error *err) {
  double value = (double)config->rank;
  TRY(first_match(&config->ranks, module, &value, err));
  *rank = (int64_t)value;
  return STATUS_OK;
}

Status lora_config_alpha(const LoraConfig *config, const char *module, double *alpha, Error *err) {
  *alpha = config->alpha;
  return first_match(&config->alphas, module, alpha, err);
}

static bool list_has(const json_t *list, const char *module) {
  for (size_t i = 0; i < json_array_size(list); i++) {
    if (name_has_suffix(module, json_string_value(json_array_get(list, i)))) return true;
  }
  return false;
}

static Status modules_have(const LoraModules *m, const char *module, bool *have, Error *err) {
  if (m->kind == MODULES_PATTERN) return name_pattern_matches(&m->pattern, module, have, err);
  *have = m->kind == MODULES_ALL || (m->kind == MODULES_LISTED && list_has(m->list, module));
  return STATUS_OK;
}

Status lora_config_wants(const LoraConfig *config, const char *module, LoraWant *want, Error *err) {
  bool targeted, excluded;
  TRY(modules_have(&config->targets, module, &targeted, err));
  TRY(modules_have(&config->excluded, module, &excluded, err));
  bool unsaid = config->targets.kind == MODULES_UNSAID;
  if (excluded || !(targeted || unsaid)) {
    *want = LORA_FORBIDDEN;
  } else {
    *want = unsaid || config->some_layers ? LORA_ALLOWED : LORA_DEMANDED;
  }
  return STATUS_OK;
}
