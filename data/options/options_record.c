/* The settings as a YAML file, through libyaml's emitter. */
#include <stdlib.h>
#include <string.h>

#include "data/options/options_internal.h"
#include "data/options/path_list.h"
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

static bool put_share(yaml_emitter_t *emitter, const PathShare *file) {
  if (!(file->weight > 0)) return put_text(emitter, file->path, strlen(file->path), true);
  char *weight = option_real_text(file->weight);
  bool done = weight && yaml_emit_mapping(emitter, YAML_FLOW_MAPPING_STYLE) &&
              put_text(emitter, "file", 4, false) &&
              put_text(emitter, file->path, strlen(file->path), true) &&
              put_text(emitter, "weight", 6, false) &&
              put_text(emitter, weight, strlen(weight), false) && yaml_emit_mapping_end(emitter);
  free(weight);
  return done;
}

/* A path, or a list of files. */
static bool put_paths(yaml_emitter_t *emitter, const char *key, const char *value) {
  PathList list = {0};
  if (*value && path_list_read(&list, value, key, key, NULL) != STATUS_OK) return false;
  bool plain = list.count == 0 || strcmp(list.one[0].path, value) == 0;
  bool done = plain ? put_text(emitter, value, strlen(value), true)
                    : yaml_emit_list(emitter, YAML_FLOW_SEQUENCE_STYLE);
  for (size_t i = 0; !plain && i < list.count; i++) done = done && put_share(emitter, &list.one[i]);
  done = done && (plain || yaml_emit_list_end(emitter));
  path_list_free(&list);
  return done;
}

static bool put_value(yaml_emitter_t *emitter, const OptionSet *o, const Option *option) {
  char *text = option_text(option, option_load(option, o->settings));
  if (!text) return false;
  bool done = option->type == OPTION_LIST ? put_list(emitter, text)
              : option->type == OPTION_PATHS
                  ? put_paths(emitter, option->key, text)
                  : put_text(emitter, text, strlen(text), option_is_string(option));
  free(text);
  return done;
}

static bool put_section(yaml_emitter_t *emitter, const OptionSet *o, const char *section,
                        size_t size);

/* A mapping of a section; `own` is the option that has its name, or `count`. */
static bool put_mapping(yaml_emitter_t *emitter, const OptionSet *o, const char *section,
                        size_t size, size_t own) {
  if (!yaml_emit_mapping(emitter, YAML_BLOCK_MAPPING_STYLE)) return false;
  if (own < o->count &&
      !(put_text(emitter, "kind", 4, false) && put_value(emitter, o, &o->table[own])))
    return false;
  return put_section(emitter, o, section, size) && yaml_emit_mapping_end(emitter);
}

/* Whether an option has the name of the section that `key` is in, `size` bytes of it. */
static bool has_own(const OptionSet *o, const char *key, size_t size) {
  for (size_t i = 0; i < o->count; i++) {
    if (strncmp(o->table[i].key, key, size) == 0 && o->table[i].key[size] == '\0') return true;
  }
  return false;
}

/* The options in a section, as the entries of a mapping. */
static bool put_section(yaml_emitter_t *emitter, const OptionSet *o, const char *section,
                        size_t size) {
  for (size_t i = options_find_section(o, section, size); i < o->count; i++) {
    const char *key = o->table[i].key;
    if (!options_inside(key, section, size)) continue;
    const char *part = size ? key + size + 1 : key;
    size_t n = strcspn(part, "."), inner = (size_t)(part - key) + n;
    bool leaf = key[inner] == '\0', inside = options_find_section(o, key, inner) < o->count;
    if (!leaf && has_own(o, key, inner)) continue;                   /* it is put with that */
    if (!leaf && options_find_section(o, key, inner) != i) continue; /* it was put before */
    if (!put_text(emitter, part, n, false)) return false;
    bool done = leaf && !inside ? put_value(emitter, o, &o->table[i])
                                : put_mapping(emitter, o, key, inner, leaf ? i : o->count);
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
