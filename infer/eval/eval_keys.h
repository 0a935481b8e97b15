/* eval_keys: a mapping of a parsed YAML file into a table of options. */
#ifndef SKEIN_EVAL_KEYS_H
#define SKEIN_EVAL_KEYS_H

#include "data/options/options.h"
#include "data/text/json.h"

/* Sets every leaf of `mapping`, nested or dotted, but the top-level keys in `other` [others]. An
 * unknown key is STATUS_USAGE with the nearest of the table's and of `other`; `place` begins the
 * messages. */
Status eval_read_mapping(OptionSet *set, const json_t *mapping, const char *const *other,
                         size_t others, const char *place, Error *err);

/* A scalar, or a list of scalars joined with commas, as the text of a setting; the caller frees.
 * `place` and `key` are for messages. */
Status eval_value_text(const json_t *value, const char *key, const char *place, char **text,
                       Error *err);

/* Names become files: letters, digits and . _ + = , - not beginning with a dot. */
Status eval_check_name(const char *name, const char *place, Error *err);

#endif
