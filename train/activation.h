/* activation: what an expert's modules see of its own data, as vectors to route by: Average
 * Activation in the code of PHATGOOSE (arXiv 2402.05859) and of GLIDER (arXiv 2410.07172). Nothing
 * is learnt.
 *
 * With the expert active and no gate, u is the raw input of a covered module. Its rows are
 * the tokens of the input in the encoder and for the keys and values of cross-attention, and the
 * tokens of the target, shifted right and taken as given (teacher forcing), in the rest of the
 * decoder; there is no padding. PHATGOOSE's code averages decoder positions of whatever its batch
 * held; over the target's tokens the mean has a meaning, so that is what is done here.
 *
 * activation.safetensors holds two F32 tensors [d_in] a covered module
 *
 *   <module>.mean      mean over examples of the mean over the example's tokens of u   (PHATGOOSE)
 *   <module>.absolute  mean over all tokens of |u|                                     (GLIDER)
 *
 * and in __metadata__: format "skein-activation", version "1", base and expert (fingerprints),
 * examples (how many), seed (by which they were drawn). */
#ifndef SKEIN_ACTIVATION_H
#define SKEIN_ACTIVATION_H

#include "data/examples/batch.h"
#include "data/options/options.h"
#include "infer/expert/expert.h"
#include "infer/t5/t5.h"
#include "train/note.h"
#include "train/run_settings.h"

/* Sums while examples are seen; means at the end. */
typedef struct ModuleActivation {
  double *mean, *absolute; /* [d_in]; NULL: not covered */
  int64_t d_in, tokens, examples;
} ModuleActivation;

typedef struct Activation {
  ModuleActivation *module; /* [count], by Module.id */
  int count;
} Activation;

typedef struct ActivationWatch {
  void *arg;
  void (*seen)(void *arg, int64_t examples, int64_t of); /* after each micro-batch; may be NULL */
  NoteFn note;                                           /* what the data are like; may be NULL */
} ActivationWatch;

/* The means over every example of the batch, summed in double in the order of the batch. On failure
 * *a is zeroed. */
Status activation_collect(Activation *a, T5 *model, const Expert *expert, const Batch *batch,
                          int threads, const ActivationWatch *watch, Error *err);
void activation_free(Activation *a); /* a zeroed Activation is allowed */

typedef struct ActivationSettings {
  char *base, *expert, *output;
  DataSettings data; /* train, the keys and the lengths */
  int64_t threads, max_tokens, seed;
  int64_t examples; /* the most that are used */
} ActivationSettings;

/* Fills *settings with the defaults and *set with their table. Free with options_free. */
Status activation_settings_init(OptionSet *set, ActivationSettings *settings, Error *err);

typedef struct ActivationHow {
  bool strict;  /* a warning about the data (data_report.h) is an error */
  bool replace; /* a file that is there is replaced, and not refused */
} ActivationHow;

/* Holds the lock of the output (STATUS_RUN, naming its holder, when another process has it) and
 * writes <output>/activation.safetensors from at most `examples` training examples, drawn by the
 * seed as the first of a training run are; *used says how many. */
Status activation_run(const ActivationSettings *s, const ActivationHow *how,
                      const ActivationWatch *watch, int64_t *used, Error *err);

#endif
