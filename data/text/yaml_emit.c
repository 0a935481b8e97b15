#include "data/text/yaml_emit.h"

#include <stdio.h>
#include <stdlib.h>

#include "autograd/ground/text_stream.h"

/* Gives an event to the emitter, which takes it. */
static bool emit_event(yaml_emitter_t *emitter, yaml_event_t *event, int made) {
  return made && yaml_emitter_emit(emitter, event);
}

bool yaml_emit_text(yaml_emitter_t *emitter, const char *text, size_t size,
                    yaml_scalar_style_t style) {
  yaml_event_t event;
  int made = yaml_scalar_event_initialize(&event, NULL, NULL, (const unsigned char *)text,
                                          (int)size, 1, 1, style);
  return emit_event(emitter, &event, made);
}

bool yaml_emit_mapping(yaml_emitter_t *emitter, yaml_mapping_style_t style) {
  yaml_event_t event;
  return emit_event(emitter, &event,
                    yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, style));
}

bool yaml_emit_mapping_end(yaml_emitter_t *emitter) {
  yaml_event_t event;
  return emit_event(emitter, &event, yaml_mapping_end_event_initialize(&event));
}

bool yaml_emit_list(yaml_emitter_t *emitter, yaml_sequence_style_t style) {
  yaml_event_t event;
  return emit_event(emitter, &event,
                    yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, style));
}

bool yaml_emit_list_end(yaml_emitter_t *emitter) {
  yaml_event_t event;
  return emit_event(emitter, &event, yaml_sequence_end_event_initialize(&event));
}

static bool emit_document(yaml_emitter_t *emitter, YamlBody *body, const void *arg) {
  yaml_event_t event;
  return emit_event(emitter, &event,
                    yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING)) &&
         emit_event(emitter, &event,
                    yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1)) &&
         body(emitter, arg) &&
         emit_event(emitter, &event, yaml_document_end_event_initialize(&event, 1)) &&
         emit_event(emitter, &event, yaml_stream_end_event_initialize(&event));
}

char *yaml_emit_document(YamlBody *body, const void *arg) {
  yaml_emitter_t emitter;
  if (!yaml_emitter_initialize(&emitter)) return NULL;
  char *text = NULL;
  bool done = false;
  TextStream s;
  if (text_stream_open(&s)) {
    yaml_emitter_set_output_file(&emitter, s.out);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    done = emit_document(&emitter, body, arg);
    text = text_stream_close(&s);
  }
  yaml_emitter_delete(&emitter);
  if (done) return text;
  free(text);
  return NULL;
}
