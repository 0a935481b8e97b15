/* objective: what a run learns, and from what.
 *
 *   gate   one sigmoid gate a covered linear of a frozen base + expert (PHATGOOSE; methods.md 1.4)
 *   lora   the factors of a new expert on a frozen base               (methods.md 1.3)
 *   base   every weight of a new T5, by span corruption and target denoising
 *
 * The three differ only in which tensors are parameters and in what is written at the end. */
#ifndef SKEIN_OBJECTIVE_H
#define SKEIN_OBJECTIVE_H

#include "data/examples/batch.h"
#include "infer/expert/gate.h"
#include "infer/t5/base.h"
#include "optim/adamw.h"
#include "train/run_settings.h"
#include "train/step.h"

typedef struct Objective {
  const RunSettings *settings; /* borrowed */
  T5 *model;
  Lora *lora; /* gate, lora */
  Gate *gate; /* gate */
  Tokenizer *tokenizer;
  char *tokenizer_path; /* the spiece.model in use */
  AdapterSet adapters;  /* slot == NULL: the plain base */
  GateStats *stats;     /* gate: [model->linears], filled by every forward */
  Param *param;         /* what is learnt */
  char **name;          /* names of the parameters, owned */
  int64_t params;
  AdamW rule;                 /* by which they are updated */
  char base_hash[HASH_HEX];   /* fingerprint of the frozen base; "" when it is learnt */
  char expert_hash[HASH_HEX]; /* fingerprint of the frozen expert; "" when there is none */
} Objective;

/* Opens every part the settings name and makes the parameters. `dir` is where a tokenizer that has
 * to be trained (train base) is written, or, with `resume`, found. */
Status objective_open(Objective *o, const RunSettings *settings, const char *dir, bool resume,
                      Error *err);
void objective_close(Objective *o); /* a zeroed Objective is allowed */

/* The examples of the run: data.train and, where given, data.valid (*valid NULL without). */
Status objective_open_data(const Objective *o, ExampleSet **train, ExampleSet **valid, Error *err);

/* How batches of this objective are made; `corruption` is storage the spec points into. */
BatchSpec objective_batch_spec(const Objective *o, Corruption *corruption);

/* What a step learns; it borrows from the objective. */
Learner objective_learner(const Objective *o);

/* STATUS_RUN unless what is frozen still has the bits it was opened with. */
Status objective_check_frozen(const Objective *o, Error *err);

/* Writes the result into the directory: gate.safetensors | a PEFT directory | a Hugging Face
 * directory. `steps` are the optimizer steps behind the parameters. */
Status objective_save(const Objective *o, const char *dir, int64_t steps, Error *err);
/* The file whose presence says that a result is there: "gate.safetensors", ... */
const char *objective_result(ObjectiveKind kind);

#endif
