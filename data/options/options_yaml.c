#include "data/options/options_yaml.h"

#include <stdlib.h>
#include <string.h>

#include "autograd/ground/text_stream.h"
#include "data/options/options_internal.h"
#include "data/options/path_list.h"

enum { CONFIG_MAX = 1 << 20 };

/* ---- one value ---- */

/* The items of a list, joined with commas. */
static Status join_items(const Option *option, const YamlTree *tree, const YamlNode *list,
                         FILE *out, Error *err) {
  for (const YamlNode *item = list->first; item; item = item->next) {
    if (item->kind != YAML_TEXT) {
      return yaml_refuse(tree, item, err, "%s: an item must be plain text", option->key);
    }
    if (!*item->text || strchr(item->text, ',')) {
      return yaml_refuse(tree, item, err, "%s: an item is empty or holds a comma: '%.80s'",
                         option->key, item->text);
    }
    if (item != list->first) fputc(',', out);
    fputs(item->text, out);
  }
  return STATUS_OK;
}

static Status read_list(OptionSet *o, size_t i, const YamlTree *tree, const YamlNode *list,
                        Error *err) {
  const TextPlace place = yaml_place(tree, list);
  TextStream joined;
  if (!text_stream_open(&joined))
    return error_set(err, STATUS_RUN, "%s: out of memory", place.text);
  Status status = join_items(&o->table[i], tree, list, joined.out, err);
  char *text = text_stream_close(&joined);
  if (!text && status == STATUS_OK)
    status = error_set(err, STATUS_RUN, "%s: out of memory", place.text);
  if (status == STATUS_OK) status = options_set(o, i, text, ORIGIN_FILE, place.text, err);
  free(text);
  return status;
}

/* A list of files, or a path, which brackets in quotes make no list. */
static Status read_paths(OptionSet *o, size_t i, const YamlTree *tree, const YamlNode *value,
                         Error *err) {
  const TextPlace place = yaml_place(tree, value);
  PathList list;
  TRY(path_list_take(&list, tree, value, o->table[i].key, err));
  Status status = options_set_paths(o, i, &list, tree->file, place.text, err);
  path_list_free(&list);
  return status;
}

/* YAML's words for nothing. Names may look like anything; a folder is hardly called so. */
static bool is_nothing(const YamlNode *value) {
  static const char *const WORDS[] = {"~", "null", "Null", "NULL"};
  for (size_t i = 0; !value->quoted && i < sizeof WORDS / sizeof *WORDS; i++) {
    if (strcmp(value->text, WORDS[i]) == 0) return true;
  }
  return false;
}

static Status read_value(OptionSet *o, size_t i, const YamlTree *tree, const YamlNode *value,
                         Error *err) {
  bool takes_paths = o->table[i].type == OPTION_PATHS;
  bool takes_list = o->table[i].type == OPTION_LIST || takes_paths;
  if (value->kind == YAML_LIST && takes_paths) return read_paths(o, i, tree, value, err);
  if (value->kind == YAML_LIST && takes_list) return read_list(o, i, tree, value, err);
  if (value->kind != YAML_TEXT) {
    return yaml_refuse(tree, value, err, "%s: want %s, got %s", o->table[i].key,
                       takes_list ? "a list" : "one value", yaml_kind(value));
  }
  bool takes_path = o->table[i].type == OPTION_PATH;
  bool is_path = takes_path || takes_paths || o->table[i].type == OPTION_OUTPUT;
  if (is_path && is_nothing(value)) {
    return yaml_refuse(tree, value, err,
                       "%s: is %s, which is nothing in YAML; leave it out, or write a path of that "
                       "name in quotes",
                       o->table[i].key, value->text);
  }
  const TextPlace place = yaml_place(tree, value);
  if (takes_paths && *value->text) return read_paths(o, i, tree, value, err);
  if (takes_path && *value->text)
    return options_set_path(o, i, value->text, tree->file, place.text, err);
  return options_set(o, i, value->text, ORIGIN_FILE, place.text, err);
}

Status options_read_value(OptionSet *o, const char *key, const YamlTree *tree, const YamlNode *at,
                          const YamlNode *value, Error *err) {
  size_t i = options_find(o, key);
  if (i == o->count) return options_unknown(o, key, NULL, yaml_place(tree, at).text, err);
  return read_value(o, i, tree, value, err);
}

/* ---- a mapping ---- */

typedef struct Walk {
  OptionSet *o;
  const YamlTree *tree;
  const char *const *beside;
  bool *seen; /* [count] the options that this mapping has set: dotted and nested are one */
} Walk;

static Status read_level(const Walk *w, const YamlNode *mapping, const char *section, Error *err);

/* One entry, `path` being its dotted name. */
static Status read_entry(const Walk *w, const YamlNode *entry, const char *path, Error *err) {
  size_t i = options_find(w->o, path);
  bool section = *path && options_find_section(w->o, path, strlen(path)) < w->o->count;
  if (i < w->o->count && !(section && entry->kind == YAML_MAPPING)) {
    if (w->seen[i]) return yaml_refuse(w->tree, entry->key, err, "%s: is set twice", path);
    w->seen[i] = true;
    return read_value(w->o, i, w->tree, entry, err);
  }
  if (!section) {
    return options_unknown(w->o, path, w->beside, yaml_place(w->tree, entry->key).text, err);
  }
  if (entry->kind == YAML_MAPPING) return read_level(w, entry, path, err);
  return yaml_refuse(w->tree, entry, err, "%s: want a mapping of settings", path);
}

static bool is_beside(const Walk *w, const char *key) {
  for (const char *const *other = w->beside; other && *other; other++) {
    if (strcmp(*other, key) == 0) return true;
  }
  return false;
}

static Status read_level(const Walk *w, const YamlNode *mapping, const char *section, Error *err) {
  for (const YamlNode *entry = mapping->first; entry; entry = entry->next) {
    const char *key = entry->key->text;
    char *path;
    if (!*section && is_beside(w, key)) continue;
    if (asprintf(&path, "%s%s%s", section, *section ? "." : "", key) < 0) {
      return error_set(err, STATUS_RUN, "%s: out of memory", w->tree->file);
    }
    Status status = read_entry(w, entry, path, err);
    free(path);
    TRY(status);
  }
  return STATUS_OK;
}

Status options_read_mapping(OptionSet *o, const YamlTree *tree, const YamlNode *mapping,
                            const char *const *beside, Error *err) {
  if (!mapping || (mapping->kind == YAML_TEXT && !*mapping->text)) return STATUS_OK;
  if (mapping->kind != YAML_MAPPING) {
    return yaml_refuse(tree, mapping, err, "want a mapping of settings");
  }
  const Walk walk = {o, tree, beside, calloc(o->count, sizeof(bool))};
  Status status = walk.seen ? read_level(&walk, mapping, "", err)
                            : error_set(err, STATUS_RUN, "%s: out of memory", tree->file);
  free(walk.seen);
  return status;
}

/* ---- a file ---- */

static Status read_tree(OptionSet *o, YamlTree *tree, Status status, Error *err) {
  if (status == STATUS_OK) status = options_read_mapping(o, tree, tree->root, NULL, err);
  yaml_tree_free(tree);
  return status;
}

Status options_read_text(OptionSet *o, const char *text, size_t size, const char *name,
                         Error *err) {
  if (size > CONFIG_MAX) {
    return error_set(err, STATUS_USAGE, "%s: larger than %d bytes", name, CONFIG_MAX);
  }
  YamlTree tree;
  return read_tree(o, &tree, yaml_tree_parse(&tree, text, size, name, STATUS_USAGE, err), err);
}

Status options_read_file(OptionSet *o, const char *path, Error *err) {
  YamlTree tree;
  return read_tree(o, &tree, yaml_tree_read(&tree, path, CONFIG_MAX, STATUS_USAGE, err), err);
}
