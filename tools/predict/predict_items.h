/* predict_items: tells the person at the terminal which items are left out, and which choices are
 * one to the model. */
#ifndef SKEIN_PREDICT_ITEMS_H
#define SKEIN_PREDICT_ITEMS_H

#include "data/examples/items.h"

/* Of the first `asked` items. Says nothing where there is nothing to say. */
Status predict_tell_items(const ItemSet *items, int64_t asked, Error *err);

#endif
