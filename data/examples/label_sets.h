/* label_sets: choices from the targets of other items (P3 rows with a label set).
 *
 * A set is the distinct targets of a group of items, in order of first appearance; targets that are
 * the same choice (item_choices.h) are one, called as the first of them. */
#ifndef SKEIN_LABEL_SETS_H
#define SKEIN_LABEL_SETS_H

#include <stdint.h>

#include "data/examples/item_choices.h"

typedef struct LabelSets LabelSets;

/* More distinct targets than this are free text and no label set. */
enum { LABELS_MOST = 1000 };

Status label_sets_new(LabelSets **sets, const ChoiceTokens *tokens, Error *err);
void label_sets_free(LabelSets *sets); /* NULL is allowed */

/* Adds the target of an item to the set of its group. Where it has not been seen before, and another
 * target is the same or alike, that one's text is in *same or *alike, borrowed; NULL otherwise. More than LABELS_MOST texts are STATUS_INPUT: the message begins with `path`. */
Status label_sets_add(LabelSets *sets, const char *path, const char *group, const char *target,
                      const char **same, const char **alike, Error *err);

/* Gives an item the choices of its group, and the label that its one target is; the target becomes
 * the text of that choice. */
Status label_sets_take(const LabelSets *sets, const char *group, Item *item, Error *err);
/* Whether some group has one choice alone. */
bool label_sets_lack(const LabelSets *sets);

#endif
