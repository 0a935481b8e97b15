/* train_activation: skein train activation, beside cmd_train.c. */
#ifndef SKEIN_TRAIN_ACTIVATION_H
#define SKEIN_TRAIN_ACTIVATION_H

#include "autograd/ground/status.h"

/* Runs it with the settings of a file (NULL: none) and of "key=value" assignments. */
Status train_activation(const char *config, const char *const *assignment, int assignments,
                        Error *err);
/* Prints its settings. */
void train_activation_help(void);

#endif
