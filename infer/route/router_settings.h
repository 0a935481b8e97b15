/* router_settings: the settings of routers, those that methods share and those that each has of its
 * own. One table, put together of all methods' parts, makes the parser, the help and the record. */
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

enum { ROUTER_OWN_BYTES = 512, ROUTER_NAMES_BYTES = 512 };

typedef struct RouterSettings {
  int method;    /* router: index into the table of methods */
  char *expert;  /* expert: the name of the one that runs */
  char *only;    /* only: comma-separated names of a part of the pool; unset: all */
  int64_t top_k; /* top_k: 2 */
  double top_p;  /* top_p: 1 (off) */
  int64_t seed;  /* seed: of what draws lots */
  alignas(max_align_t) unsigned char own[ROUTER_OWN_BYTES]; /* the groups, see router_own */
  char names[ROUTER_NAMES_BYTES];                           /* the methods', for the table */
} RouterSettings;

/* Fills *settings with the defaults and *set with their table, which points into *settings. Free
 * with options_free. */
Status router_settings_init(OptionSet *set, RouterSettings *settings, Error *err);

/* The struct of a group within the settings; the group must be of some method. */
const void *router_own(const RouterSettings *settings, const SettingsGroup *group);

/* Whether a setting changes what the method of these settings computes. */
bool router_uses(const RouterSettings *settings, const char *key);

#endif
