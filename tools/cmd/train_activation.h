/* train_activation: skein train activation, beside cmd_train.c. */
#ifndef SKEIN_TRAIN_ACTIVATION_H
#define SKEIN_TRAIN_ACTIVATION_H

#include "tools/shell/command.h"
#include "train/activation.h"

/* Runs it with the settings of a file (NULL: none) and of "key=value" assignments. */
Status train_activation(const char *config, const char *const *assignment, int assignments,
                        const ActivationHow *how, Error *err);
void train_activation_settings(SettingsSeen *seen, void *arg); /* as Command.settings */

#endif
