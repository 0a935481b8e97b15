/* The settings as a YAML file, through libyaml's emitter. */
#include <stdlib.h>
#include <string.h>

#include "data/options/options_internal.h"
#include "data/text/yaml_emit.h"

static bool put_text(yaml_emitter_t *emitter, const char *text, size_t size, bool quoted) {
  return yaml_emit_text(emitter, text, size,
                        quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE);
}

static bool put_list(yaml_emitter_t *emitter, const char *list) {
  if (!yaml_emit_list(emitter, YAML_FLOW_SEQUENCE_STYLE)) return false;
  for (const char *item = list; *item;) {
    size_t n = strcspn(item, ",");
    if (!put_text(emitter, item, n, true)) return false;
    item += n + (item[n] == ',');
  }
  return yaml_emit_list_end(emitter);
}

static bool put_value(yaml_emitter_t *emitter, const OptionSet *o, const Option *option) {
  char *text = option_text(option, option_load(option, o->settings));
  if (!text) return false;
  bool done = option->type == OPTION_LIST
                  ? put_list(emitter, text)
                  : put_text(emitter, text, strlen(text), option_is_string(option));
  free(text);
  return done;
}

/* The options in a section, as the entries of a mapping. */
static bool put_section(yaml_emitter_t *emitter, const OptionSet *o, const char *section,
                        size_t size) {
  for (size_t i = options_find_section(o, section, size); i < o->count; i++) {
    const char *key = o->table[i].key;
    if (!options_inside(key, section, size)) continue;
    const char *part = size ? key + size + 1 : key;
    size_t n = strcspn(part, "."), inner = (size_t)(part - key) + n;
    bool leaf = key[inner] == '\0';
    if (!leaf && options_find_section(o, key, inner) != i) continue; /* it was put before */
    if (!put_text(emitter, part, n, false)) return false;
    bool done = leaf ? put_value(emitter, o, &o->table[i])
                     : yaml_emit_mapping(emitter, YAML_BLOCK_MAPPING_STYLE) &&
                           put_section(emitter, o, key, inner) && yaml_emit_mapping_end(emitter);
    if (!done) return false;
  }
  return true;
}

static bool put_settings(yaml_emitter_t *emitter, const void *o) {
  return yaml_emit_mapping(emitter, YAML_BLOCK_MAPPING_STYLE) && put_section(emitter, o, "", 0) &&
         yaml_emit_mapping_end(emitter);
}

char *options_record(const OptionSet *o) {
  return yaml_emit_document(put_settings, o);
}
