/* yaml_emit: YAML text through libyaml's emitter, which quotes and escapes. For data/text/yaml.c
 * and data/options/options_record.c. Every call returns false when out of memory. */
#ifndef SKEIN_YAML_EMIT_H
#define SKEIN_YAML_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

bool yaml_emit_text(yaml_emitter_t *emitter, const char *text, size_t size,
                    yaml_scalar_style_t style);
bool yaml_emit_mapping(yaml_emitter_t *emitter, yaml_mapping_style_t style);
bool yaml_emit_mapping_end(yaml_emitter_t *emitter);
bool yaml_emit_list(yaml_emitter_t *emitter, yaml_sequence_style_t style);
bool yaml_emit_list_end(yaml_emitter_t *emitter);

/* Emits the root of a document. */
typedef bool YamlBody(yaml_emitter_t *emitter, const void *arg);
/* The document as a text that the caller frees, UTF-8, lines of any length; NULL when out of
 * memory. */
char *yaml_emit_document(YamlBody *body, const void *arg);

#endif
