/* predict_items: tells the person at the terminal which items are left out, which choices are one to
 * the model, and what it did not get to read. */
#ifndef SKEIN_PREDICT_ITEMS_H
#define SKEIN_PREDICT_ITEMS_H

#include "infer/predict/predict.h"
#include "tools/shell/console.h"

/* Of the first `asked` items. Says nothing where there is nothing to say. */
Status predict_tell_items(const ItemSet *items, int64_t asked, Error *err);

/* One line of what the model did not get to read of the answered items of a file, cut at these
 * lengths; nothing where it read all. `progress` is what may be on the screen, or NULL. */
void predict_tell_loss(Progress *progress, const char *path, const PredictLoss *loss,
                       int64_t max_input, int64_t max_target);

#endif
