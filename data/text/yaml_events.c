#include "data/text/yaml_events.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "data/text/utf8.h"

Status yaml_reader_refuse(YamlReader *r, const char *what, ...) {
  char text[ERROR_TEXT];
  va_list args;
  va_start(args, what);
  vsnprintf(text, sizeof text, what, args);
  va_end(args);
  return error_set(r->err, r->refusal, "%s: %s", r->place.text, text);
}

Status yaml_reader_no_memory(YamlReader *r) {
  return error_set(r->err, STATUS_RUN, "%s: out of memory", r->place.text);
}

static void set_place(YamlReader *r, yaml_mark_t mark) {
  r->place = text_place(r->name, mark.line + 1, mark.column + 1);
}

Status yaml_reader_open(YamlReader *r, const char *text, size_t size, const char *name,
                        Status refusal, Error *err) {
  *r = (YamlReader){.name = name, .refusal = refusal, .err = err, .place = text_place(name, 0, 0)};
  if (!yaml_parser_initialize(&r->parser)) return yaml_reader_no_memory(r);
  yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
  r->mark = utf8_mark(text, size); /* libyaml counts it as a column of the first line */
  yaml_parser_set_input_string(&r->parser, (const unsigned char *)text + r->mark, size - r->mark);
  return STATUS_OK;
}

void yaml_reader_close(YamlReader *r) {
  yaml_event_delete(&r->event);
  yaml_parser_delete(&r->parser);
}

static Status parser_error(YamlReader *r) {
  const yaml_parser_t *p = &r->parser;
  if (p->error == YAML_MEMORY_ERROR) return yaml_reader_no_memory(r);
  if (p->error == YAML_READER_ERROR) {
    return error_set(r->err, r->refusal, "%s: byte %zu: not UTF-8 text: %s", r->name,
                     r->mark + p->problem_offset, p->problem);
  }
  set_place(r, p->problem_mark);
  return yaml_reader_refuse(r, "not YAML: %s%s%s", p->context ? p->context : "",
                            p->context ? ": " : "", p->problem);
}

/* The anchor and the tag of an event; NULL where it has none. */
static void find_marks(const yaml_event_t *e, const unsigned char **anchor,
                       const unsigned char **tag) {
  *anchor = *tag = NULL;
  switch (e->type) {
    case YAML_ALIAS_EVENT:
      *anchor = e->data.alias.anchor;
      break;
    case YAML_SCALAR_EVENT:
      *anchor = e->data.scalar.anchor, *tag = e->data.scalar.tag;
      break;
    case YAML_SEQUENCE_START_EVENT:
      *anchor = e->data.sequence_start.anchor, *tag = e->data.sequence_start.tag;
      break;
    case YAML_MAPPING_START_EVENT:
      *anchor = e->data.mapping_start.anchor, *tag = e->data.mapping_start.tag;
      break;
    default:
      break;
  }
}

Status yaml_reader_next(YamlReader *r) {
  yaml_event_delete(&r->event);
  if (!yaml_parser_parse(&r->parser, &r->event)) return parser_error(r);
  const unsigned char *anchor, *tag;
  set_place(r, r->event.start_mark);
  find_marks(&r->event, &anchor, &tag);
  if (!anchor && !tag) return STATUS_OK;
  return yaml_reader_refuse(r, "%s not allowed: '%.80s'",
                            anchor ? "anchors and aliases are" : "tags are",
                            (const char *)(anchor ? anchor : tag));
}

Status yaml_reader_begin(YamlReader *r) {
  TRY(yaml_reader_next(r)); /* the start of the stream */
  TRY(yaml_reader_next(r));
  const yaml_event_t *e = &r->event;
  if (e->type == YAML_STREAM_END_EVENT) return STATUS_OK;
  if (e->data.document_start.version_directive ||
      e->data.document_start.tag_directives.start != e->data.document_start.tag_directives.end) {
    return yaml_reader_refuse(r, "directives (%%) are not allowed");
  }
  return yaml_reader_next(r);
}

Status yaml_reader_end(YamlReader *r) {
  if (r->event.type == YAML_STREAM_END_EVENT) return STATUS_OK;
  TRY(yaml_reader_next(r)); /* the end of the document */
  TRY(yaml_reader_next(r));
  if (r->event.type == YAML_STREAM_END_EVENT) return STATUS_OK;
  return yaml_reader_refuse(r, "a second document is not allowed");
}

Status yaml_reader_text(YamlReader *r, const char **text) {
  *text = (const char *)r->event.data.scalar.value;
  if (strlen(*text) == r->event.data.scalar.length) return STATUS_OK;
  return yaml_reader_refuse(r, "the text holds a NUL byte");
}
