/* router_settings: the settings of a router: those that methods share, and behind them those that
 * each has of its own. */
#ifndef SKEIN_ROUTER_SETTINGS_H
#define SKEIN_ROUTER_SETTINGS_H

#include <stdalign.h>
#include <stdint.h>

#include "data/options/options.h"

/* Settings that a method has of its own, or shares with a few: a table over a struct. */
typedef struct SettingsGroup {
  const Option *table;
  size_t count;
  size_t size; /* of the struct */
} SettingsGroup;

enum { ROUTER_OWN_BYTES = 512, ROUTER_NAMES_BYTES = 512, ROUTER_GROUPS_MOST = 16 };

typedef struct RouterSettings {
  int method;    /* router: index into the table of methods */
  char *expert;  /* expert: the name of the one that runs */
  char *only;    /* only: comma-separated names of a part of the pool; unset: all */
  int64_t top_k; /* top_k: 2 */
  double top_p;  /* top_p: 1 (off) */
  int64_t seed;  /* seed: of what draws lots */
  alignas(max_align_t) unsigned char own[ROUTER_OWN_BYTES]; /* the groups, see router_own */
  const SettingsGroup *group[ROUTER_GROUPS_MOST]; /* in the order of `own`; NULL after the last */
  char names[ROUTER_NAMES_BYTES];                 /* the methods', for the table of options */
} RouterSettings;

/* Where the struct of a group that follows `at` bytes of others ends. */
size_t router_group_end(size_t at, const SettingsGroup *group);

/* The struct of a group within settings that router_settings_init has filled; the group must be of
 * some method (asserted). */
const void *router_own(const RouterSettings *settings, const SettingsGroup *group);

#endif
