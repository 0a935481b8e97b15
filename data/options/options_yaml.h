/* options_yaml: a mapping of a YAML file as values of a set of options. Errors name file, line and
 * column, and the key; those of the file are of the tree's refusal. */
#ifndef SKEIN_OPTIONS_YAML_H
#define SKEIN_OPTIONS_YAML_H

#include "data/options/options.h"
#include "data/text/yaml_tree.h"

/* Sets every leaf of `mapping`, nested or dotted; NULL or an empty text sets nothing. The keys in
 * `beside`, which ends in NULL, are somebody else's: they are passed over at the top of the
 * mapping. `beside` NULL: there are none. */
Status options_read_mapping(OptionSet *o, const YamlTree *tree, const YamlNode *mapping,
                            const char *const *beside, Error *err);
/* Sets one option to a text, or to a list of texts where it takes a list. An unknown key is
 * reported at `at`. */
Status options_read_value(OptionSet *o, const char *key, const YamlTree *tree, const YamlNode *at,
                          const YamlNode *value, Error *err);

#endif
