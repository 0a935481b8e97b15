#include "infer/route/router_options.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "infer/embed/embed.h"
#include "infer/route/route_method.h"

#define FIELD(path) offsetof(RouterSettings, path)

enum { METHOD_OPTION = 0, SHARED_OPTIONS = ROUTER_SHARED + 1 };

/* `router`, then the settings that methods share, in the order of the bits of RouteMethod.uses. */
static const Option SHARED[SHARED_OPTIONS] = {
    [METHOD_OPTION] = {"router", OPTION_CHOICE, FIELD(method), "phatgoose", 0, 0, NULL, false,
                       "how experts are chosen for each token"},
    {"expert", OPTION_STRING, FIELD(expert), NULL, 0, 0, NULL, false,
     "name of the one expert that runs (router: expert)"},
    {"only", OPTION_LIST, FIELD(only), NULL, 0, 0, NULL, false,
     "names of the experts that take part; unset: all of the pool"},
    {"top_k", OPTION_INT, FIELD(top_k), "2", 1, 1e6, NULL, false,
     "experts a token and module; at most as many as there are, to which the default falls"},
    {"top_p", OPTION_REAL, FIELD(top_p), "1", 0, 1, NULL, false,
     "above 0; below 1 it replaces top_k: the fewest experts with this share of the softmax"},
    {"seed", OPTION_INT, FIELD(seed), "42", 0, OPTION_INT_MOST, NULL, false,
     "seed of router: random"},
};

const char *router_shared_key(int bit) {
  return SHARED[bit + 1].key;
}

/* ---- the groups ---- */

/* The groups of all methods, each once, in the order of the table. */
static int list_groups(const SettingsGroup **group) {
  int count = 0;
  for (int m = 0; m < route_method_count(); m++) {
    for (const SettingsGroup *const *own = route_method(m)->own; *own; own++) {
      int known = 0;
      while (known < count && group[known] != *own) known++;
      if (known < count) continue;
      assert(count < ROUTER_GROUPS_MOST - 1);
      group[count++] = *own;
    }
  }
  return count;
}

/* ---- the table ---- */

/* "base|expert|merged": the choices of `router`. */
static void list_names(char *names) {
  size_t used = 0;
  for (int m = 0; m < route_method_count(); m++) {
    used += (size_t)snprintf(names + used, ROUTER_NAMES_BYTES - used, "%s%s", m ? "|" : "",
                             route_method(m)->name);
    assert(used < ROUTER_NAMES_BYTES);
  }
}

Status router_settings_init(OptionSet *set, RouterSettings *settings, Error *err) {
  const SettingsGroup **group = settings->group;
  Option shared[SHARED_OPTIONS];
  OptionPart part[ROUTER_GROUPS_MOST + 1] = {{shared, SHARED_OPTIONS, 0}};
  int groups = list_groups(group);
  group[groups] = NULL;
  size_t at = 0;
  list_names(settings->names);
  memcpy(shared, SHARED, sizeof shared);
  shared[METHOD_OPTION].choices = settings->names;
  for (int i = 0; i < groups; i++) {
    part[i + 1] = (OptionPart){group[i]->table, group[i]->count, FIELD(own) + at};
    at = router_group_end(at, group[i]);
  }
  assert(at <= sizeof settings->own);
  return options_init_parts(set, part, (size_t)groups + 1, settings, err);
}

Status router_settings_fit(OptionSet *set, const RouterSettings *settings, int experts,
                           bool *lowered, Error *err) {
  char number[16];
  *lowered = false;
  if (!(route_method(settings->method)->uses & USES_TOP_K) || settings->top_p < 1 || experts < 1 ||
      settings->top_k <= experts)
    return STATUS_OK;
  snprintf(number, sizeof number, "%d", experts);
  TRY(options_preset(set, "top_k", number, err));
  *lowered = settings->top_k == experts;
  return STATUS_OK;
}

Status router_settings_embedder(OptionSet *set, const char *word, bool weak, Error *err) {
  static const char PLACE[] = "--embedder";
  EmbedderKind kind;
  const char *dir;
  TRY(embedder_named(word, PLACE, &kind, &dir, err));
  const char *name = embedder_kind_name(kind);
  if (weak) {
    TRY(options_preset(set, "embedder", name, err));
    return dir ? options_preset(set, "embedder.model", dir, err) : STATUS_OK;
  }
  TRY(options_command(set, "embedder", name, PLACE, err));
  return dir ? options_command(set, "embedder.model", dir, PLACE, err) : STATUS_OK;
}

/* ---- which settings matter ---- */

/* A section's own key may have ".kind" behind it (data/options/options.h). */
static bool group_has(const SettingsGroup *group, const char *key) {
  for (size_t i = 0; i < group->count; i++) {
    size_t size = strlen(group->table[i].key);
    if (strncmp(group->table[i].key, key, size) != 0) continue;
    if (!key[size] || strcmp(key + size, ".kind") == 0) return true;
  }
  return false;
}

/* Whether a method reads a key of its groups. */
static bool method_reads(const RouteMethod *m, const RouterSettings *settings, const char *key) {
  for (const SettingsGroup *const *own = m->own; *own; own++) {
    if (group_has(*own, key)) return !m->reads_key || m->reads_key(settings, key);
  }
  return false;
}

bool router_uses(const RouterSettings *settings, const char *key) {
  const RouteMethod *m = route_method(settings->method), *over = router_over(settings);
  if (strcmp(key, SHARED[METHOD_OPTION].key) == 0) return true;
  for (int i = 0; i < ROUTER_SHARED; i++) {
    if (strcmp(router_shared_key(i), key) == 0) return m->uses & 1U << i;
  }
  return method_reads(m, settings, key) || (over && method_reads(over, settings, key));
}
