/* Reads a configuration from libyaml's events.
 *
 * Nesting is bounded by the table: a mapping is entered only where the table has a section, a
 * sequence only where an option is a list, and a key may come only once. So hostile nesting ends
 * at its first bracket, and libyaml, which has no limits of its own, is asked no further. */
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/options/options_internal.h"
#include "data/text/yaml_events.h"

enum { ORIGIN_FILE = 2, CONFIG_MAX = 1 << 20 };

typedef struct Reader {
  OptionSet *o;
  YamlReader y;
  char **seen; /* [seen_count] keys and sections that were read; owned */
  size_t seen_count;
} Reader;

/* Appends the item that is the current event to a list joined with commas. */
static Status read_item(Reader *r, const char *key, FILE *list) {
  if (r->y.event.type != YAML_SCALAR_EVENT) {
    return yaml_reader_refuse(&r->y, "%s: an item must be plain text", key);
  }
  const char *item;
  TRY(yaml_reader_text(&r->y, &item));
  if (!*item || strchr(item, ',')) {
    return yaml_reader_refuse(&r->y, "%s: an item is empty or holds a comma: '%.80s'", key, item);
  }
  if (ftell(list) > 0) fputc(',', list);
  fputs(item, list);
  return STATUS_OK;
}

static Status read_list(Reader *r, size_t i) {
  char start[YAML_PLACE], *text = NULL;
  size_t size;
  memcpy(start, r->y.place, sizeof start);
  FILE *list = open_memstream(&text, &size);
  if (!list) return yaml_reader_no_memory(&r->y);
  Status status;
  while ((status = yaml_reader_next(&r->y)) == STATUS_OK &&
         r->y.event.type != YAML_SEQUENCE_END_EVENT) {
    status = read_item(r, r->o->table[i].key, list);
    if (status != STATUS_OK) break;
  }
  if (fclose(list) != 0 && status == STATUS_OK) status = yaml_reader_no_memory(&r->y);
  if (status == STATUS_OK) status = options_set(r->o, i, text, ORIGIN_FILE, start, r->y.err);
  free(text);
  return status;
}

static Status read_value(Reader *r, size_t i) {
  const Option *option = &r->o->table[i];
  if (r->y.event.type == YAML_SEQUENCE_START_EVENT && option->type == OPTION_LIST) {
    return read_list(r, i);
  }
  if (r->y.event.type != YAML_SCALAR_EVENT) {
    bool list = r->y.event.type == YAML_SEQUENCE_START_EVENT;
    return yaml_reader_refuse(&r->y, "%s: want %s, got a %s", option->key,
                              option->type == OPTION_LIST ? "a list" : "one value",
                              list ? "list" : "mapping");
  }
  const char *text;
  TRY(yaml_reader_text(&r->y, &text));
  return options_set(r->o, i, text, ORIGIN_FILE, r->y.place, r->y.err);
}

/* Notes that `path` was read; takes it. */
static Status note_seen(Reader *r, char *path) {
  for (size_t i = 0; i < r->seen_count; i++) {
    if (strcmp(r->seen[i], path) != 0) continue;
    Status status = yaml_reader_refuse(&r->y, "%s: is set twice", path);
    free(path);
    return status;
  }
  char **grown = realloc(r->seen, (r->seen_count + 1) * sizeof *grown);
  if (!grown) {
    free(path);
    return yaml_reader_no_memory(&r->y);
  }
  r->seen = grown;
  r->seen[r->seen_count++] = path;
  return STATUS_OK;
}

static Status read_mapping(Reader *r, const char *section);

/* One key, which is the current event, and its value. */
static Status read_entry(Reader *r, const char *section) {
  if (r->y.event.type != YAML_SCALAR_EVENT) {
    return yaml_reader_refuse(&r->y, "a key must be plain text");
  }
  const char *key;
  TRY(yaml_reader_text(&r->y, &key));
  char *path = NULL;
  if (asprintf(&path, "%s%s%s", section, *section ? "." : "", key) < 0)
    return yaml_reader_no_memory(&r->y);
  size_t i = options_find(r->o, path);
  bool leaf = i < r->o->count;
  bool inner = *path && options_find_section(r->o, path, strlen(path)) < r->o->count;
  if (!leaf && !inner) {
    Status status = options_unknown(r->o, path, r->y.place, r->y.err);
    free(path);
    return status;
  }
  TRY(note_seen(r, path));
  TRY(yaml_reader_next(&r->y));
  if (leaf) return read_value(r, i);
  if (r->y.event.type == YAML_MAPPING_START_EVENT) return read_mapping(r, path);
  return yaml_reader_refuse(&r->y, "%s: want a mapping of settings", path);
}

/* The entries up to the end of a mapping, whose start is the current event. */
static Status read_mapping(Reader *r, const char *section) {
  for (;;) {
    TRY(yaml_reader_next(&r->y));
    if (r->y.event.type == YAML_MAPPING_END_EVENT) return STATUS_OK;
    TRY(read_entry(r, section));
  }
}

static Status read_document(Reader *r) {
  TRY(yaml_reader_begin(&r->y));
  if (r->y.event.type == YAML_STREAM_END_EVENT) return STATUS_OK;
  if (r->y.event.type == YAML_MAPPING_START_EVENT) {
    TRY(read_mapping(r, ""));
  } else if (r->y.event.type != YAML_SCALAR_EVENT || r->y.event.data.scalar.length > 0) {
    return yaml_reader_refuse(&r->y, "want a mapping of settings");
  }
  return yaml_reader_end(&r->y);
}

Status options_read_text(OptionSet *o, const char *text, size_t size, const char *name,
                         Error *err) {
  if (size > CONFIG_MAX) {
    return error_set(err, STATUS_USAGE, "%s: larger than %d bytes", name, CONFIG_MAX);
  }
  Reader r = {.o = o};
  Status status = yaml_reader_open(&r.y, text, size, name, STATUS_USAGE, err);
  if (status == STATUS_OK) status = read_document(&r);
  yaml_reader_close(&r.y);
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
