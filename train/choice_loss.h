/* choice_loss: the losses of T-Few on a batch of choices (Liu et al. 2022, arXiv 2205.05638,
 * section 3.2, and its released code), each weighed as the settings say:
 *
 *   language   mean over the tokens of right choices of -log p
 *   choice     mean over examples of the cross-entropy of softmax(-score), score = the mean of
 *              -log p over a choice's tokens (their sum / their number^length_norm)
 *   unlikely   mean over the tokens of the other choices of -log(1 - p + 0.01)
 *
 * The released code sums the last over a padded rectangle, examples by choices by the longest
 * choice of the batch, in which everything that is masked adds -log(1.01), and divides by what is
 * not; with loss.count_masked that constant is in the loss, too. Nothing is learnt from it. */
#ifndef SKEIN_CHOICE_LOSS_H
#define SKEIN_CHOICE_LOSS_H

#include "train/run_settings.h"
#include "train/step.h"

/* Whether the settings ask for more than the right choice. */
bool choice_loss_compares(const LossSettings *settings);

/* The loss of batches of choices; it borrows the settings. */
BatchLoss choice_loss(const LossSettings *settings);

#endif
