/* The settings as a YAML file, through libyaml's emitter. */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "data/options_internal.h"

/* Gives an event to the emitter, which takes it. */
static bool put(yaml_emitter_t *emitter, yaml_event_t *event, int made) {
  return made && yaml_emitter_emit(emitter, event);
}

static bool put_text(yaml_emitter_t *emitter, const char *text, size_t size, bool quoted) {
  yaml_event_t event;
  int made = yaml_scalar_event_initialize(
      &event, NULL, NULL, (const unsigned char *)text, (int)size, !quoted, quoted,
      quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE);
  return put(emitter, &event, made);
}

static bool put_mapping_start(yaml_emitter_t *emitter) {
  yaml_event_t event;
  int made = yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE);
  return put(emitter, &event, made);
}

static bool put_mapping_end(yaml_emitter_t *emitter) {
  yaml_event_t event;
  return put(emitter, &event, yaml_mapping_end_event_initialize(&event));
}

static bool put_list(yaml_emitter_t *emitter, const char *list) {
  yaml_event_t event;
  int made = yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_FLOW_SEQUENCE_STYLE);
  if (!put(emitter, &event, made)) return false;
  for (const char *item = list; *item;) {
    size_t n = strcspn(item, ",");
    if (!put_text(emitter, item, n, true)) return false;
    item += n + (item[n] == ',');
  }
  return put(emitter, &event, yaml_sequence_end_event_initialize(&event));
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
                     : put_mapping_start(emitter) && put_section(emitter, o, key, inner) &&
                           put_mapping_end(emitter);
    if (!done) return false;
  }
  return true;
}

static bool put_document(yaml_emitter_t *emitter, const OptionSet *o) {
  yaml_event_t event;
  return put(emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING)) &&
         put(emitter, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1)) &&
         put_mapping_start(emitter) && put_section(emitter, o, "", 0) && put_mapping_end(emitter) &&
         put(emitter, &event, yaml_document_end_event_initialize(&event, 1)) &&
         put(emitter, &event, yaml_stream_end_event_initialize(&event));
}

char *options_record(const OptionSet *o) {
  yaml_emitter_t emitter;
  if (!yaml_emitter_initialize(&emitter)) return NULL;
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  bool done = false;
  if (out) {
    yaml_emitter_set_output_file(&emitter, out);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    done = put_document(&emitter, o);
    done = fclose(out) == 0 && done;
  }
  yaml_emitter_delete(&emitter);
  if (done) return text;
  free(text);
  return NULL;
}
