/* router_options: the settings of routers as one table of options, put together of those that
 * methods share and those that each has of its own: the parser, the help and the record. */
#ifndef SKEIN_ROUTER_OPTIONS_H
#define SKEIN_ROUTER_OPTIONS_H

#include "infer/route/route_method.h"

/* Fills *settings with the defaults and *set with their table, which points into *settings. Free
 * with options_free. */
Status router_settings_init(OptionSet *set, RouterSettings *settings, Error *err);

/* A top_k that nobody set and that is above the number of experts that take part (at least 1)
 * becomes that number, in the settings of the set too: *lowered. One that was set stays, and
 * router_check refuses it. */
Status router_settings_fit(OptionSet *set, const RouterSettings *settings, int experts,
                           bool *lowered, Error *err);

/* Sets the embedder that a word names (embedder_named); `weak`: where none is set. */
Status router_settings_embedder(OptionSet *set, const char *word, bool weak, Error *err);

/* The key of a setting that methods share, by its bit in RouteMethod.uses: "expert" of bit 0. */
const char *router_shared_key(int bit);

/* Whether a setting changes what the method of these settings computes. */
bool router_uses(const RouterSettings *settings, const char *key);

#endif
