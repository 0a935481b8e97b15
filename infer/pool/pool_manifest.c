#include "infer/pool/pool_manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/nearest.h"
#include "data/file/file.h"
#include "data/file/path.h"
#include "data/file/path_search.h"
#include "data/text/json_put.h"
#include "data/text/yaml.h"
#include "infer/expert/gate.h"

#define FORMAT "skein-pool"
enum { VERSION = 1 };

const char *const POOL_FILE[POOL_FILES] = {
    [POOL_ADAPTER_CONFIG] = "adapter_config.json",
    [POOL_ADAPTER] = "adapter_model.safetensors",
    [POOL_GATE] = "gate.safetensors",
    [POOL_ACTIVATION] = "activation.safetensors",
};

void pool_entry_free(PoolEntry *e) {
  free(e->name);
  free(e->instruction);
  free(e->licence);
  free(e->source);
  *e = (PoolEntry){0};
}

void manifest_free(PoolManifest *m) {
  for (int i = 0; i < m->count; i++) pool_entry_free(&m->entry[i]);
  free(m->entry);
  free(m->base_name);
  free(m->base_dir);
  free(m->dir);
  *m = (PoolManifest){0};
}

bool pool_name_valid(const char *name) {
  size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");
  return name[n] == '\0' && n > 0 && n <= POOL_NAME_MAX && !strchr("._-", name[0]);
}

/* Reading. */

/* Every key of the object is one of the known. */
static Status check_keys(const JsonDoc *doc, const char *const *known, size_t count, Error *err) {
  for (void *at = json_object_iter(doc->root); at; at = json_object_iter_next(doc->root, at)) {
    const char *key = json_object_iter_key(at);
    size_t i = 0;
    while (i < count && strcmp(known[i], key) != 0) i++;
    if (i < count) continue;
    return error_set(err, STATUS_INPUT, "%s: %.80s: is no key of a pool%s", doc->file, key,
                     nearest_hint(key, known, count).text);
  }
  return STATUS_OK;
}

static Status read_copy(const JsonDoc *doc, const char *key, char **to, Error *err) {
  const char *text;
  TRY(json_get_string(doc, key, &text, err));
  *to = strdup(text);
  return *to ? STATUS_OK : error_set(err, STATUS_RUN, "%s: out of memory", doc->file);
}

/* As read_copy; "" where the key is not there. */
static Status read_optional(const JsonDoc *doc, const char *key, char **to, Error *err) {
  if (json_has(doc, key)) return read_copy(doc, key, to, err);
  *to = strdup("");
  return *to ? STATUS_OK : error_set(err, STATUS_RUN, "%s: out of memory", doc->file);
}

/* A list [least, most]. */
static Status read_range(const JsonDoc *doc, const char *key, double *least, double *most,
                         Error *err) {
  json_t *list;
  TRY(json_get_array(doc, key, &list, err));
  const json_t *a = json_array_get(list, 0), *b = json_array_get(list, 1);
  bool two = json_array_size(list) == 2 && json_is_number(a) && json_is_number(b);
  *least = json_number_value(a);
  *most = json_number_value(b);
  if (two && *least <= *most) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: %s: want two numbers [least, most]", doc->file, key);
}

static Status read_ranks(const JsonDoc *doc, PoolEntry *e, Error *err) {
  double least, most;
  TRY(read_range(doc, "rank", &least, &most, err));
  TRY(read_range(doc, "alpha", &e->alpha_min, &e->alpha_max, err));
  e->rank_min = least >= 1 && most <= INT32_MAX ? (int64_t)least : 0;
  e->rank_max = e->rank_min ? (int64_t)most : 0;
  if (e->rank_min && (double)e->rank_min == least && (double)e->rank_max == most) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: rank: want integers of at least 1", doc->file);
}

static Status read_kind(const JsonDoc *doc, PoolEntry *e, Error *err) {
  const char *name;
  e->kind = PEFT_LORA;
  if (!json_has(doc, "kind")) return STATUS_OK;
  TRY(json_get_string(doc, "kind", &name, err));
  for (int kind = 0; kind < PEFT_TYPES; kind++) {
    e->kind = (PeftType)kind;
    if (strcmp(name, peft_type_name(e->kind)) == 0) return STATUS_OK;
  }
  return error_set(err, STATUS_INPUT, "%s: kind: is \"%.80s\", want \"lora\" or \"ia3\"", doc->file,
                   name);
}

/* The kind, and what one of that kind has. */
static Status read_adapter(const JsonDoc *doc, PoolEntry *e, Error *err) {
  TRY(read_kind(doc, e, err));
  if (e->kind == PEFT_LORA) return read_ranks(doc, e, err);
  for (int i = 0; i < 2; i++) {
    const char *key = i == 0 ? "rank" : "alpha";
    if (!json_has(doc, key)) continue;
    return error_set(err, STATUS_INPUT, "%s: %s: is there, but the expert is an %s, which has none",
                     doc->file, key, peft_type_title(e->kind));
  }
  return STATUS_OK;
}

static Status read_files(const JsonDoc *doc, PoolEntry *e, Error *err) {
  JsonDoc files = {.file = doc->file};
  TRY(json_get_object(doc, "files", &files.root, err));
  TRY(check_keys(&files, POOL_FILE, POOL_FILES, err));
  for (int i = 0; i < POOL_FILES; i++) {
    bool optional = i == POOL_GATE || i == POOL_ACTIVATION;
    if (optional && !json_has(&files, POOL_FILE[i])) continue;
    TRY(json_get_hash(&files, POOL_FILE[i], e->hash[i], err));
  }
  return STATUS_OK;
}

static Status read_maker(const JsonDoc *doc, GateMaker *maker, Error *err) {
  static const char *const known[] = {"way", "data"};
  JsonDoc collector = {.file = doc->file};
  const char *way;
  if (!json_has(doc, "collector")) return STATUS_OK;
  TRY(json_get_object(doc, "collector", &collector.root, err));
  TRY(check_keys(&collector, known, sizeof known / sizeof *known, err));
  TRY(json_get_string(&collector, "way", &way, err));
  TRY(json_get_hash(&collector, "data", maker->data, err));
  if (gate_way_find(way, &maker->way)) return STATUS_OK;
  return error_set(err, STATUS_INPUT, "%s: collector: way: is \"%.80s\", want " GATE_WAYS_KNOWN,
                   doc->file, way);
}

static Status read_provenance(const JsonDoc *doc, PoolEntry *e, Error *err) {
  const char *text;
  TRY(read_optional(doc, "source", &e->source, err));
  TRY(read_maker(doc, &e->maker, err));
  e->unverified = json_has(doc, "provenance");
  if (!e->unverified) return STATUS_OK;
  TRY(json_get_string(doc, "provenance", &text, err));
  if (strcmp(text, PROVENANCE_UNVERIFIED) == 0) return STATUS_OK;
  return error_set(err, STATUS_INPUT,
                   "%s: provenance: is \"%.80s\", want \"" PROVENANCE_UNVERIFIED "\" or nothing",
                   doc->file, text);
}

/* `seen` has the names of the entries before, and gets this one. */
static Status read_name(const JsonDoc *doc, json_t *seen, PoolEntry *e, Error *err) {
  TRY(read_copy(doc, "name", &e->name, err));
  if (!pool_name_valid(e->name)) {
    return error_set(err, STATUS_INPUT,
                     "%s: name: '%.80s' is no name of an expert; " POOL_NAME_RULE, doc->file,
                     e->name);
  }
  if (json_object_get(seen, e->name))
    return error_set(err, STATUS_INPUT, "%s: name: '%s' is there twice", doc->file, e->name);
  if (json_object_set_new(seen, e->name, json_true()) == 0) return STATUS_OK;
  return error_set(err, STATUS_RUN, "%s: out of memory", doc->file);
}

static Status read_entry(const JsonDoc *doc, json_t *seen, PoolEntry *e, Error *err) {
  static const char *const known[] = {
      "name",        "kind",    "rank",       "alpha",     "modules", "fingerprint", "replaced",
      "instruction", "licence", "provenance", "collector", "source",  "files"};
  if (!json_is_object(doc->root)) {
    return error_set(err, STATUS_INPUT, "%s: got %s, want a mapping", doc->file,
                     json_kind(doc->root));
  }
  TRY(check_keys(doc, known, sizeof known / sizeof *known, err));
  TRY(read_name(doc, seen, e, err));
  TRY(read_adapter(doc, e, err));
  TRY(json_get_int(doc, "modules", 1, INT32_MAX, &e->modules, err));
  TRY(json_get_hash(doc, "fingerprint", e->fingerprint, err));
  TRY(read_optional(doc, "instruction", &e->instruction, err));
  TRY(read_optional(doc, "licence", &e->licence, err));
  TRY(read_provenance(doc, e, err));
  if (json_has(doc, "replaced"))
    TRY(json_get_int(doc, "replaced", 1, POOL_REPLACED_MAX, &e->replaced, err));
  return read_files(doc, e, err);
}

/* Expert `i`, which messages name by its place, since its name may be what is wrong. */
static Status read_item(const JsonDoc *doc, const json_t *list, size_t i, json_t *seen,
                        PoolManifest *m, Error *err) {
  char *place;
  if (asprintf(&place, "%s: experts[%zu]", doc->file, i) < 0) {
    return error_set(err, STATUS_RUN, "%s: out of memory", doc->file);
  }
  JsonDoc item = {.root = json_array_get(list, i), .file = place};
  PoolEntry e = {0};
  Status status = read_entry(&item, seen, &e, err);
  if (status == STATUS_OK) {
    m->entry[m->count++] = e;
  } else {
    pool_entry_free(&e);
  }
  free(place);
  return status;
}

static Status read_experts(const JsonDoc *doc, PoolManifest *m, Error *err) {
  json_t *list;
  TRY(json_get_array(doc, "experts", &list, err));
  size_t count = json_array_size(list);
  m->entry = calloc(count + 1, sizeof *m->entry);
  if (!m->entry) return error_set(err, STATUS_RUN, "%s: out of memory", doc->file);
  json_t *seen = json_object();
  Status status = seen ? STATUS_OK : error_set(err, STATUS_RUN, "%s: out of memory", doc->file);
  for (size_t i = 0; i < count && status == STATUS_OK; i++)
    status = read_item(doc, list, i, seen, m, err);
  json_decref(seen);
  return status;
}

static Status read_base(const JsonDoc *doc, PoolManifest *m, Error *err) {
  static const char *const known[] = {"name", "fingerprint", "sample"};
  JsonDoc base = {.file = doc->file};
  TRY(json_get_object(doc, "base", &base.root, err));
  TRY(check_keys(&base, known, sizeof known / sizeof *known, err));
  PathFound found;
  TRY(read_copy(&base, "name", &m->base_name, err));
  m->base_dir = path_search(doc->file, m->base_name, &found);
  if (!m->base_dir) return error_set(err, STATUS_RUN, "%s: out of memory", doc->file);
  TRY(json_get_hash(&base, "fingerprint", m->base, err));
  return json_get_hash(&base, "sample", m->sample, err);
}

static Status read_document(const JsonDoc *doc, PoolManifest *m, Error *err) {
  static const char *const known[] = {"format", "version", "base", "experts"};
  const char *format;
  int64_t version;
  TRY(json_get_string(doc, "format", &format, err));
  if (strcmp(format, FORMAT) != 0) {
    return error_set(err, STATUS_INPUT, "%s: format: is \"%.80s\", want \"%s\"", doc->file, format,
                     FORMAT);
  }
  TRY(json_get_int(doc, "version", VERSION, VERSION, &version, err));
  TRY(check_keys(doc, known, sizeof known / sizeof *known, err));
  TRY(read_base(doc, m, err));
  return read_experts(doc, m, err);
}

Status manifest_read(PoolManifest *m, const char *dir, Error *err) {
  static const char *const numbers[] = {"version", "rank", "alpha", "modules", "replaced", NULL};
  JsonDoc doc = {0};
  *m = (PoolManifest){.dir = strdup(dir)};
  char *path = path_below(dir, POOL_MANIFEST);
  Status status = dir_require(dir, POOL_MANIFEST, "a pool (skein pool init makes one)", err);
  if (!m->dir || !path) status = error_set(err, STATUS_RUN, "%s: out of memory", dir);
  if (status == STATUS_OK) status = yaml_parse_file(&doc, path, numbers, err);
  if (status == STATUS_OK) status = read_document(&doc, m, err);
  json_free(&doc);
  free(path);
  if (status != STATUS_OK) manifest_free(m);
  return status;
}

/* Writing. */

static json_t *entry_json(const PoolEntry *e) {
  json_t *files = json_object();
  for (int i = 0; i < POOL_FILES; i++) {
    if (e->hash[i][0]) json_put(&files, POOL_FILE[i], json_string(e->hash[i]));
  }
  json_t *o = json_object();
  json_put(&o, "name", json_string(e->name));
  if (e->kind == PEFT_LORA) {
    json_put(&o, "rank", json_pack("[I,I]", (json_int_t)e->rank_min, (json_int_t)e->rank_max));
    json_put(&o, "alpha", json_pack("[f,f]", e->alpha_min, e->alpha_max));
  } else {
    json_put(&o, "kind", json_string(peft_type_name(e->kind)));
  }
  json_put(&o, "modules", json_integer(e->modules));
  json_put(&o, "fingerprint", json_string(e->fingerprint));
  if (e->replaced) json_put(&o, "replaced", json_integer(e->replaced));
  if (*e->instruction) json_put(&o, "instruction", json_string(e->instruction));
  if (*e->licence) json_put(&o, "licence", json_string(e->licence));
  if (e->unverified) json_put(&o, "provenance", json_string(PROVENANCE_UNVERIFIED));
  if (e->maker.way != GATE_CONTRIBUTED)
    json_put(&o, "collector",
             json_pack("{s:s, s:s}", "way", gate_way_name(e->maker.way), "data", e->maker.data));
  if (e->source && *e->source) json_put(&o, "source", json_string(e->source));
  json_put(&o, "files", files);
  return o;
}

static json_t *manifest_json(const PoolManifest *m) {
  json_t *experts = json_array();
  for (int i = 0; i < m->count; i++) json_push(&experts, entry_json(&m->entry[i]));
  return json_pack("{s:s, s:i, s:{s:s, s:s, s:s}, s:o}", "format", FORMAT, "version", VERSION,
                   "base", "name", m->base_name, "fingerprint", m->base, "sample", m->sample,
                   "experts", experts);
}

Status manifest_write(const PoolManifest *m, Error *err) {
  json_t *root = manifest_json(m);
  char *path = path_below(m->dir, POOL_MANIFEST);
  Status status = root && path
                      ? yaml_write_file(root, path, err)
                      : error_set(err, STATUS_RUN, "%s: out of memory or no UTF-8 text", m->dir);
  json_decref(root);
  free(path);
  return status;
}

bool manifest_equal(const PoolManifest *a, const PoolManifest *b) {
  json_t *x = manifest_json(a), *y = manifest_json(b);
  bool equal = x && y && json_equal(x, y);
  json_decref(x);
  json_decref(y);
  return equal;
}

bool manifest_changed(const PoolManifest *m) {
  PoolManifest now;
  if (!m->dir || manifest_read(&now, m->dir, NULL) != STATUS_OK) return false;
  bool changed = !manifest_equal(m, &now);
  manifest_free(&now);
  return changed;
}
