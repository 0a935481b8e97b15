/* Reads a configuration from libyaml's events.
 *
 * Nesting is bounded by the table: a mapping is entered only where the table has a section, a
 * sequence only where an option is a list, and a key may come only once. So hostile nesting ends
 * at its first bracket, and libyaml, which has no limits of its own, is asked no further. */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "data/file.h"
#include "data/options_internal.h"

enum { ORIGIN_FILE = 2, CONFIG_MAX = 1 << 20, PLACE = 1024, NAME_SHOWN = 900 };

typedef struct Reader {
  OptionSet *o;
  const char *name; /* of the file */
  Error *err;
  yaml_parser_t parser;
  yaml_event_t event; /* the current one */
  char place[PLACE];  /* "name:line:column" of the current event */
  char **seen;        /* [seen_count] keys and sections that were read; owned */
  size_t seen_count;
} Reader;

static Status out_of_memory(Reader *r) {
  return error_set(r->err, STATUS_RUN, "%s: out of memory", r->place);
}

static void set_place(Reader *r, yaml_mark_t mark) {
  snprintf(r->place, sizeof r->place, "%.*s:%zu:%zu", NAME_SHOWN, r->name, mark.line + 1,
           mark.column + 1);
}

static Status parser_error(Reader *r) {
  const yaml_parser_t *p = &r->parser;
  if (p->error == YAML_MEMORY_ERROR) return out_of_memory(r);
  if (p->error == YAML_READER_ERROR) {
    return error_set(r->err, STATUS_USAGE, "%s: byte %zu: not UTF-8 text: %s", r->name,
                     p->problem_offset, p->problem);
  }
  set_place(r, p->problem_mark);
  return error_set(r->err, STATUS_USAGE, "%s: not YAML: %s%s%s", r->place,
                   p->context ? p->context : "", p->context ? ": " : "", p->problem);
}

/* Goes to the next event. */
static Status next(Reader *r) {
  yaml_event_delete(&r->event);
  if (!yaml_parser_parse(&r->parser, &r->event)) return parser_error(r);
  const yaml_event_t *e = &r->event;
  set_place(r, e->start_mark);
  const unsigned char *anchor = NULL, *tag = NULL;
  switch (e->type) {
    case YAML_ALIAS_EVENT:
      anchor = e->data.alias.anchor;
      break;
    case YAML_SCALAR_EVENT:
      anchor = e->data.scalar.anchor, tag = e->data.scalar.tag;
      break;
    case YAML_SEQUENCE_START_EVENT:
      anchor = e->data.sequence_start.anchor, tag = e->data.sequence_start.tag;
      break;
    case YAML_MAPPING_START_EVENT:
      anchor = e->data.mapping_start.anchor, tag = e->data.mapping_start.tag;
      break;
    default:
      break;
  }
  if (!anchor && !tag) return STATUS_OK;
  return error_set(r->err, STATUS_USAGE, "%s: %s not allowed in a configuration: '%.80s'", r->place,
                   anchor ? "anchors and aliases are" : "tags are", anchor ? anchor : tag);
}

/* The text of a scalar event, checked to be a C string. */
static Status scalar_text(Reader *r, const char **text) {
  *text = (const char *)r->event.data.scalar.value;
  if (strlen(*text) == r->event.data.scalar.length) return STATUS_OK;
  return error_set(r->err, STATUS_USAGE, "%s: the text holds a NUL byte", r->place);
}

/* Appends the item that is the current event to a list joined with commas. */
static Status read_item(Reader *r, const char *key, FILE *list) {
  if (r->event.type != YAML_SCALAR_EVENT) {
    return error_set(r->err, STATUS_USAGE, "%s: %s: an item must be plain text", r->place, key);
  }
  const char *item;
  TRY(scalar_text(r, &item));
  if (!*item || strchr(item, ',')) {
    return error_set(r->err, STATUS_USAGE, "%s: %s: an item is empty or holds a comma: '%.80s'",
                     r->place, key, item);
  }
  if (ftell(list) > 0) fputc(',', list);
  fputs(item, list);
  return STATUS_OK;
}

static Status read_list(Reader *r, size_t i) {
  char start[PLACE], *text = NULL;
  size_t size;
  memcpy(start, r->place, sizeof start);
  FILE *list = open_memstream(&text, &size);
  if (!list) return out_of_memory(r);
  Status status;
  while ((status = next(r)) == STATUS_OK && r->event.type != YAML_SEQUENCE_END_EVENT) {
    status = read_item(r, r->o->table[i].key, list);
    if (status != STATUS_OK) break;
  }
  if (fclose(list) != 0 && status == STATUS_OK) status = out_of_memory(r);
  if (status == STATUS_OK) status = options_set(r->o, i, text, ORIGIN_FILE, start, r->err);
  free(text);
  return status;
}

static Status read_value(Reader *r, size_t i) {
  const Option *option = &r->o->table[i];
  if (r->event.type == YAML_SEQUENCE_START_EVENT && option->type == OPTION_LIST) {
    return read_list(r, i);
  }
  if (r->event.type != YAML_SCALAR_EVENT) {
    bool list = r->event.type == YAML_SEQUENCE_START_EVENT;
    return error_set(r->err, STATUS_USAGE, "%s: %s: want %s, got a %s", r->place, option->key,
                     option->type == OPTION_LIST ? "a list" : "one value",
                     list ? "list" : "mapping");
  }
  const char *text;
  TRY(scalar_text(r, &text));
  return options_set(r->o, i, text, ORIGIN_FILE, r->place, r->err);
}

/* Notes that `path` was read; takes it. */
static Status note_seen(Reader *r, char *path) {
  for (size_t i = 0; i < r->seen_count; i++) {
    if (strcmp(r->seen[i], path) != 0) continue;
    Status status = error_set(r->err, STATUS_USAGE, "%s: %s: is set twice", r->place, path);
    free(path);
    return status;
  }
  char **grown = realloc(r->seen, (r->seen_count + 1) * sizeof *grown);
  if (!grown) {
    free(path);
    return out_of_memory(r);
  }
  r->seen = grown;
  r->seen[r->seen_count++] = path;
  return STATUS_OK;
}

static Status read_mapping(Reader *r, const char *section);

/* One key, which is the current event, and its value. */
static Status read_entry(Reader *r, const char *section) {
  if (r->event.type != YAML_SCALAR_EVENT) {
    return error_set(r->err, STATUS_USAGE, "%s: a key must be plain text", r->place);
  }
  const char *key;
  TRY(scalar_text(r, &key));
  char *path = NULL;
  if (asprintf(&path, "%s%s%s", section, *section ? "." : "", key) < 0) return out_of_memory(r);
  size_t i = options_find(r->o, path);
  bool leaf = i < r->o->count;
  bool inner = *path && options_find_section(r->o, path, strlen(path)) < r->o->count;
  if (!leaf && !inner) {
    Status status = options_unknown(r->o, path, r->place, r->err);
    free(path);
    return status;
  }
  TRY(note_seen(r, path));
  TRY(next(r));
  if (leaf) return read_value(r, i);
  if (r->event.type == YAML_MAPPING_START_EVENT) return read_mapping(r, path);
  return error_set(r->err, STATUS_USAGE, "%s: %s: want a mapping of settings", r->place, path);
}

/* The entries up to the end of a mapping, whose start is the current event. */
static Status read_mapping(Reader *r, const char *section) {
  for (;;) {
    TRY(next(r));
    if (r->event.type == YAML_MAPPING_END_EVENT) return STATUS_OK;
    TRY(read_entry(r, section));
  }
}

static Status read_document(Reader *r) {
  TRY(next(r)); /* the start of the stream */
  TRY(next(r));
  if (r->event.type == YAML_STREAM_END_EVENT) return STATUS_OK;
  if (r->event.data.document_start.version_directive ||
      r->event.data.document_start.tag_directives.start !=
          r->event.data.document_start.tag_directives.end) {
    return error_set(r->err, STATUS_USAGE, "%s: directives (%%) are not allowed", r->place);
  }
  TRY(next(r));
  bool empty = r->event.type == YAML_SCALAR_EVENT && r->event.data.scalar.length == 0;
  if (r->event.type == YAML_MAPPING_START_EVENT) {
    TRY(read_mapping(r, ""));
  } else if (!empty) {
    return error_set(r->err, STATUS_USAGE, "%s: want a mapping of settings", r->place);
  }
  TRY(next(r)); /* the end of the document */
  TRY(next(r));
  if (r->event.type == YAML_STREAM_END_EVENT) return STATUS_OK;
  return error_set(r->err, STATUS_USAGE, "%s: a second document is not allowed", r->place);
}

Status options_read_text(OptionSet *o, const char *text, size_t size, const char *name,
                         Error *err) {
  if (size > CONFIG_MAX) {
    return error_set(err, STATUS_USAGE, "%s: larger than %d bytes", name, CONFIG_MAX);
  }
  Reader r = {.o = o, .name = name, .err = err};
  snprintf(r.place, sizeof r.place, "%.*s", NAME_SHOWN, name);
  if (!yaml_parser_initialize(&r.parser)) return out_of_memory(&r);
  yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, size);
  Status status = read_document(&r);
  yaml_event_delete(&r.event);
  yaml_parser_delete(&r.parser);
  for (size_t i = 0; i < r.seen_count; i++) free(r.seen[i]);
  free(r.seen);
  return status;
}

Status options_read_file(OptionSet *o, const char *path, Error *err) {
  char *text;
  size_t size;
  TRY(file_read(path, CONFIG_MAX, &text, &size, err));
  Status status = options_read_text(o, text, size, path, err);
  free(text);
  return status;
}
