#include "infer/adapter/peft_config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "infer/adapter/peft_keys.h"

/* Three full lists of the 432 linears of a T5-XL take a third of this. */
enum { CONFIG_BYTES_MAX = 1 << 18, RANK_MAX = 1 << 20 };
static const double ALPHA_MAX = 1e9;

static const double ALPHA_DEFAULT = 8; /* PEFT's */

static void note(PeftConfig *c, const char *text) {
  c->note[c->notes++] = text;
}

/* peft_type by kind. */
static const char *const PEFT_TYPE[PEFT_TYPES] = {[PEFT_LORA] = "LORA", [PEFT_IA3] = "IA3"};

static Status read_kind(PeftConfig *c, Error *err) {
  const char *type;
  TRY(json_get_string(&c->doc, "peft_type", &type, err));
  for (int kind = 0; kind < PEFT_TYPES; kind++) {
    c->kind = (PeftType)kind;
    if (strcmp(type, PEFT_TYPE[kind]) == 0) return STATUS_OK;
  }
  return error_set(err, STATUS_INPUT, "%s: peft_type: is \"%.40s\", want \"LORA\" or \"IA3\"",
                   c->path, type);
}

static Status check_bias(PeftConfig *c, Error *err) {
  const char *bias = "none";
  if (json_has(&c->doc, "bias")) TRY(json_get_string(&c->doc, "bias", &bias, err));
  if (strcmp(bias, "none") == 0) return STATUS_OK;
  if (strcmp(bias, "all") != 0 && strcmp(bias, "lora_only") != 0) {
    return error_set(err, STATUS_INPUT,
                     "%s: bias: is \"%.40s\", want \"none\", \"all\" or \"lora_only\"", c->path,
                     bias);
  }
  note(c, "bias: asks for trained biases, of which a T5 has none");
  return STATUS_OK;
}

/* PEFT (dispatch_default of tuners/lora/layer.py) takes it for false on a linear. */
static Status check_fan(PeftConfig *c, Error *err) {
  bool fan = false;
  if (json_has(&c->doc, "fan_in_fan_out")) TRY(json_get_bool(&c->doc, "fan_in_fan_out", &fan, err));
  if (fan) note(c, "fan_in_fan_out: is true and taken for false, as PEFT does on a linear");
  return STATUS_OK;
}

/* The value of a rule: a rank is a whole number. */
static Status check_value(const PeftConfig *c, const char *field, const char *key,
                          const json_t *value, bool rank, Error *err) {
  double number = json_number_value(value);
  bool good = rank ? json_is_integer(value) && number >= 1 && number <= RANK_MAX
                   : json_is_number(value) && fabs(number) <= ALPHA_MAX;
  if (good) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: %s: \"%s\": want %s", c->path, field, key,
                   rank ? "an integer from 1 to 1048576" : "a number");
}

static Status read_rules(PeftConfig *c, const char *field, bool rank, PeftRules *rules,
                         Error *err) {
  json_t *object, *value;
  const char *key;
  if (!json_has(&c->doc, field)) return STATUS_OK;
  TRY(json_get_object(&c->doc, field, &object, err));
  rules->rule = calloc(json_object_size(object) + 1, sizeof *rules->rule);
  if (!rules->rule) return error_set(err, STATUS_RUN, "%s: %s: out of memory", c->path, field);
  json_object_foreach(object, key, value) {
    PeftRule *rule = &rules->rule[rules->count];
    TRY(check_value(c, field, key, value, rank, err));
    rules->count++; /* also a pattern that fails is freed */
    TRY(name_pattern_compile(&rule->pattern, key, NAME_SUFFIX, c->path, field, err));
    rule->value = json_number_value(value);
  }
  return STATUS_OK;
}

static Status read_modules(PeftConfig *c, const char *field, PeftModules *m, Error *err) {
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

static Status read_scale(PeftConfig *c, Error *err) {
  c->alpha = ALPHA_DEFAULT;
  if (json_has(&c->doc, "r")) {
    TRY(json_get_int(&c->doc, "r", 1, RANK_MAX, &c->rank, err));
  } else {
    note(c, "r: is missing; ranks are those of the factors");
  }
  if (json_has(&c->doc, "lora_alpha")) {
    TRY(json_get_real(&c->doc, "lora_alpha", -ALPHA_MAX, ALPHA_MAX, &c->alpha, err));
  } else {
    note(c, "lora_alpha: is missing; PEFT's default of 8 is taken");
  }
  if (!json_has(&c->doc, "use_rslora")) return STATUS_OK;
  return json_get_bool(&c->doc, "use_rslora", &c->rslora, err);
}

/* PEFT's task FEATURE_EXTRACTION, or a class of that name, is an encoder without a decoder. */
static bool trained_on_encoder(const PeftConfig *c) {
  const char *task = json_string_value(json_object_get(c->doc.root, "task_type"));
  const json_t *mapping = json_object_get(c->doc.root, "auto_mapping");
  const char *class = json_string_value(json_object_get(mapping, "base_model_class"));
  return (task && strcmp(task, "FEATURE_EXTRACTION") == 0) ||
         (class && strstr(class, "EncoderModel"));
}

static Status read_lora(PeftConfig *c, Error *err) {
  TRY(check_bias(c, err));
  TRY(read_scale(c, err));
  TRY(read_rules(c, "rank_pattern", true, &c->ranks, err));
  return read_rules(c, "alpha_pattern", false, &c->alphas, err);
}

/* How the vectors were initialised does not matter once they are trained. */
static Status read_ia3(PeftConfig *c, Error *err) {
  return read_modules(c, "feedforward_modules", &c->feedforward, err);
}

static bool is_layer(const json_t *value) {
  return json_is_integer(value) && json_integer_value(value) >= 0;
}

/* layers_to_transform: the number of a layer, or a list of them; nothing: of all. */
static Status read_layers(PeftConfig *c, Error *err) {
  static const char key[] = "layers_to_transform";
  const json_t *value = json_object_get(c->doc.root, key);
  c->some_layers = !peft_key_is_off(value);
  if (!c->some_layers || is_layer(value)) return STATUS_OK;
  size_t layers = 0;
  while (is_layer(json_array_get(value, layers))) layers++;
  if (json_is_array(value) && layers == json_array_size(value)) return STATUS_OK;
  const json_t *wrong = json_is_array(value) ? json_array_get(value, layers) : value;
  return error_set(err, STATUS_INPUT, "%s: %s: has %s, want the numbers of layers", c->path, key,
                   json_is_integer(wrong) ? "one below 0" : json_kind(wrong));
}

static Status read_document(PeftConfig *c, Error *err) {
  c->base_name = "";
  TRY(read_kind(c, err));
  TRY(peft_keys_check(&c->doc, &c->passed, err));
  if (c->passed[0]) note(c, c->passed);
  TRY(check_fan(c, err));
  TRY(c->kind == PEFT_LORA ? read_lora(c, err) : read_ia3(c, err));
  if (json_has(&c->doc, "base_model_name_or_path")) {
    TRY(json_get_string(&c->doc, "base_model_name_or_path", &c->base_name, err));
  }
  TRY(read_modules(c, "target_modules", &c->targets, err));
  TRY(read_modules(c, "exclude_modules", &c->excluded, err));
  TRY(read_layers(c, err));
  c->encoder_alone = trained_on_encoder(c);
  return STATUS_OK;
}

static Status parse_file(PeftConfig *c, const char *dir, Error *err) {
  *c = (PeftConfig){0};
  TRY(dir_require(dir, "adapter_config.json", "a LoRA or (IA)3 as PEFT saves it", err));
  c->path = path_join(dir, "adapter_config.json");
  if (!c->path) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  return json_parse_file(&c->doc, c->path, CONFIG_BYTES_MAX, err);
}

Status peft_config_read(PeftConfig *config, const char *dir, Error *err) {
  TRY(parse_file(config, dir, err));
  return read_document(config, err);
}

Status peft_config_kind(const char *dir, PeftType *kind, Error *err) {
  PeftConfig c;
  Status status = parse_file(&c, dir, err);
  if (status == STATUS_OK) status = read_kind(&c, err);
  *kind = c.kind;
  peft_config_free(&c);
  return status;
}

Status peft_config_require(const PeftConfig *config, PeftType kind, Error *err) {
  if (config->kind == kind) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: peft_type: is \"%s\", want \"%s\"", config->path,
                   PEFT_TYPE[config->kind], PEFT_TYPE[kind]);
}

static void free_rules(PeftRules *rules) {
  for (size_t i = 0; i < rules->count; i++) name_pattern_free(&rules->rule[i].pattern);
  free(rules->rule);
}

void peft_config_free(PeftConfig *config) {
  free_rules(&config->ranks);
  free_rules(&config->alphas);
  name_pattern_free(&config->targets.pattern);
  name_pattern_free(&config->excluded.pattern);
  name_pattern_free(&config->feedforward.pattern);
  json_free(&config->doc);
  free(config->passed);
  free(config->path);
}

/* Asking. */

static Status first_match(const PeftRules *rules, const char *module, double *value, Error *err) {
  for (size_t i = 0; i < rules->count; i++) {
    bool matches;
    TRY(name_pattern_matches(&rules->rule[i].pattern, module, &matches, err));
    if (!matches) continue;
    *value = rules->rule[i].value;
    break;
  }
  return STATUS_OK;
}

Status peft_config_rank(const PeftConfig *config, const char *module, int64_t *rank, Error *err) {
  double value = (double)config->rank;
  TRY(first_match(&config->ranks, module, &value, err));
  *rank = (int64_t)value;
  return STATUS_OK;
}

Status peft_config_alpha(const PeftConfig *config, const char *module, double *alpha, Error *err) {
  *alpha = config->alpha;
  return first_match(&config->alphas, module, alpha, err);
}

static bool list_has(const json_t *list, const char *module) {
  for (size_t i = 0; i < json_array_size(list); i++) {
    if (name_has_suffix(module, json_string_value(json_array_get(list, i)))) return true;
  }
  return false;
}

static Status modules_have(const PeftModules *m, const char *module, bool *have, Error *err) {
  if (m->kind == MODULES_PATTERN) return name_pattern_matches(&m->pattern, module, have, err);
  *have = m->kind == MODULES_ALL || (m->kind == MODULES_LISTED && list_has(m->list, module));
  return STATUS_OK;
}

Status peft_config_wants(const PeftConfig *config, const char *module, PeftWant *want, Error *err) {
  bool targeted, excluded;
  TRY(modules_have(&config->targets, module, &targeted, err));
  TRY(modules_have(&config->excluded, module, &excluded, err));
  bool unsaid = config->targets.kind == MODULES_UNSAID;
  bool elsewhere = config->encoder_alone && strncmp(module, "encoder.", strlen("encoder.")) != 0;
  if (excluded || !(targeted || unsaid)) {
    *want = PEFT_FORBIDDEN;
  } else {
    *want = unsaid || elsewhere || config->some_layers ? PEFT_ALLOWED : PEFT_DEMANDED;
  }
  return STATUS_OK;
}

Status peft_config_check_covers(const PeftConfig *config, const char *module, bool covered,
                                const char *file, Error *err) {
  PeftWant want;
  const char *tensors = config->kind == PEFT_LORA ? "factors" : "vector";
  TRY(peft_config_wants(config, module, &want, err));
  if (covered && want == PEFT_FORBIDDEN) {
    return error_set(err, STATUS_MISMATCH,
                     "%s: target_modules: does not name \"%s\", whose %s %s in %s", config->path,
                     module, tensors, config->kind == PEFT_LORA ? "are" : "is", file);
  }
  if (!covered && want == PEFT_DEMANDED) {
    return error_set(err, STATUS_MISMATCH,
                     "%s: target_modules: names \"%s\", which has no %s in %s", config->path,
                     module, tensors, file);
  }
  return STATUS_OK;
}

static bool ends_in_one(const char *module, const json_t *list) {
  size_t size = strlen(module);
  for (size_t i = 0; i < json_array_size(list); i++) {
    const char *end = json_string_value(json_array_get(list, i));
    if (strlen(end) <= size && strcmp(module + size - strlen(end), end) == 0) return true;
  }
  return false;
}

Status peft_config_feedforward(const PeftConfig *config, const char *module, FeedForward *said,
                               Error *err) {
  const PeftModules *m = &config->feedforward;
  bool is = false;
  *said = FEEDFORWARD_UNSAID;
  if (m->kind == MODULES_UNSAID) return STATUS_OK;
  if (m->kind == MODULES_PATTERN) TRY(name_pattern_matches(&m->pattern, module, &is, err));
  if (m->kind == MODULES_LISTED) is = ends_in_one(module, m->list);
  *said = is ? FEEDFORWARD_YES : FEEDFORWARD_NO;
  return STATUS_OK;
}
