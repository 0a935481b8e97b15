/* yaml_events: the one document of a YAML text as libyaml's events, without what lets a small text
 * mean much or many things: anchors, aliases, tags, directives, second documents, NUL bytes.
 * libyaml has no limits of its own: who reads stops at the nesting that it accepts. For
 * data/text/yaml_tree.c. */
#ifndef SKEIN_YAML_EVENTS_H
#define SKEIN_YAML_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "autograd/ground/status.h"
#include "data/text/text_place.h"

typedef struct YamlReader {
  const char *name; /* of the file; borrowed */
  Status refusal;   /* of a text that is refused */
  Error *err;
  yaml_parser_t parser;
  yaml_event_t event; /* the current one */
  TextPlace place;    /* of the current event */
  size_t mark;        /* bytes of a byte order mark */
} YamlReader;

/* A byte order mark before the text is passed over. `text` and `name` must outlive the reader. Close it also after failures of the calls below. */
Status yaml_reader_open(YamlReader *r, const char *text, size_t size, const char *name,
                        Status refusal, Error *err);
void yaml_reader_close(YamlReader *r);

/* Goes to the root of the document; to YAML_STREAM_END_EVENT where there is no document. */
Status yaml_reader_begin(YamlReader *r);
/* Goes to the next event. */
Status yaml_reader_next(YamlReader *r);
/* Nothing follows the root, whose last event is the current one. */
Status yaml_reader_end(YamlReader *r);

/* The text of the current event, a scalar; valid until the next event. */
Status yaml_reader_text(YamlReader *r, const char **text);

/* "PLACE: what"; returns the status now in force. */
Status yaml_reader_refuse(YamlReader *r, const char *what, ...)
    __attribute__((format(printf, 2, 3)));
Status yaml_reader_no_memory(YamlReader *r);

#endif
