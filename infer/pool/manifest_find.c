/* What is asked of a manifest that was read. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/nearest.h"
#include "data/file/file.h"
#include "data/file/hub.h"
#include "data/file/path.h"
#include "infer/pool/pool_manifest.h"

void pool_folder(const PoolEntry *entry, char name[POOL_FOLDER_MAX]) {
  int size = snprintf(name, POOL_FOLDER_MAX, "%.*s", POOL_NAME_MAX, entry->name);
  if (entry->replaced > 0)
    snprintf(name + size, (size_t)(POOL_FOLDER_MAX - size), "+%" PRId64, entry->replaced);
}

char *manifest_expert_dir(const PoolManifest *m, int expert) {
  char *path, folder[POOL_FOLDER_MAX];
  pool_folder(&m->entry[expert], folder);
  return asprintf(&path, "%s" PATH_MARK "experts/%s", m->dir, folder) < 0 ? NULL : path;
}

char *manifest_path(const PoolManifest *m, int expert, PoolFile file) {
  char *dir = manifest_expert_dir(m, expert);
  char *path = dir ? path_join(dir, POOL_FILE[file]) : NULL;
  free(dir);
  return path;
}

int manifest_find(const PoolManifest *m, const char *name) {
  for (int i = 0; i < m->count; i++) {
    if (strcmp(m->entry[i].name, name) == 0) return i;
  }
  return -1;
}

Status manifest_require(const PoolManifest *m, const char *name, int *expert, Error *err) {
  *expert = manifest_find(m, name);
  if (*expert >= 0) return STATUS_OK;
  const char **known = calloc((size_t)m->count + 1, sizeof *known);
  for (int i = 0; known && i < m->count; i++) known[i] = m->entry[i].name;
  error_set(err, STATUS_USAGE, "%s: has no expert '%.80s' (skein pool ls lists them)%s", m->dir,
            name, known ? nearest_hint(name, known, (size_t)m->count).text : "");
  free(known);
  return STATUS_USAGE;
}

Status manifest_require_list(const PoolManifest *m, const char *list, Error *err) {
  char *copy = strdup(list), *rest = copy;
  bool *named = calloc((size_t)m->count + 1, sizeof *named);
  Status status =
      copy && named ? STATUS_OK : error_set(err, STATUS_RUN, "%s: out of memory", m->dir);
  int expert;
  for (char *name; status == STATUS_OK && (name = strsep(&rest, ",")) != NULL;) {
    status = manifest_require(m, name, &expert, err);
    if (status == STATUS_OK && named[expert])
      status = error_set(err, STATUS_USAGE, "%s: the expert '%s' is named twice; name each once",
                         m->dir, name);
    if (status == STATUS_OK) named[expert] = true;
  }
  free(named);
  free(copy);
  return status;
}

bool manifest_listed(const char *list, const char *name) {
  if (!list) return true;
  size_t size = strlen(name);
  while (*list) {
    size_t n = strcspn(list, ",");
    if (n == size && memcmp(list, name, n) == 0) return true;
    list += n + (list[n] == ',');
  }
  return false;
}

#define SAY_BASE "say where the base is (--base DIR, `base` of an evaluation)"

Status manifest_base(const PoolManifest *m, const char *given, const char **dir, Error *err) {
  *dir = given ? given : m->base_dir ? m->base_dir : m->base_name;
  if (given || file_exists(*dir)) return STATUS_OK;
  if (**dir == '/') {
    return error_set(err, STATUS_INPUT,
                     "%s/" POOL_MANIFEST ": base: name: '%s' is not there; " SAY_BASE, m->dir,
                     *dir);
  }
  return error_set(err, STATUS_INPUT,
                   "%s/" POOL_MANIFEST
                   ": base: name: '%s' is neither in %s nor in the working directory; " SAY_BASE
                   "%s",
                   m->dir, *dir, m->dir, hub_hint(*dir).text);
}
