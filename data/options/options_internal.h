/* options_internal: what the files options*.c share. */
#ifndef SKEIN_OPTIONS_INTERNAL_H
#define SKEIN_OPTIONS_INTERNAL_H

#include "data/options/option_value.h"
#include "data/options/path_list.h"

/* Index of the option `key`, or `count` when there is none. Where an option is a section too, as
 * `x` beside `x.y`, it is also called `x.kind`. */
size_t options_find(const OptionSet *o, const char *key);
/* Whether `key` lies in the section named by `size` bytes; every key lies in the section "". */
bool options_inside(const char *key, const char *section, size_t size);
/* Index of the first option in a section, or `count`. */
size_t options_find_section(const OptionSet *o, const char *section, size_t size);

/* Reads `text` into option i unless a stronger origin has set it (the text is checked all the
 * same). */
Status options_set(OptionSet *o, size_t i, const char *text, OptionOrigin origin, const char *place,
                   Error *err);

/* The same for a path that the file `file` names. */
Status options_set_path(OptionSet *o, size_t i, const char *text, const char *file,
                        const char *place, Error *err);

/* The same for the files of a list, whose paths become what they lead to. */
Status options_set_paths(OptionSet *o, size_t i, PathList *list, const char *file,
                         const char *place, Error *err);

/* Reports a key that is neither in the table nor in `beside` (ends in NULL; NULL: none), with what
 * was probably meant: a key, a section, or the keys of the section that it is. */
Status options_unknown(const OptionSet *o, const char *key, const char *const *beside,
                       const char *place, Error *err);

#endif
