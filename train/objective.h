/* objective: what a run learns, and from what.
 *
 *   gate   a sigmoid gate a covered linear of a frozen base + expert (PHATGOOSE, arXiv 2402.05859)
 *   lora   the factors of a new expert on a frozen base                (LoRA, arXiv 2106.09685)
 *   ia3    the vectors of a new expert on a frozen base       ((IA)3 and T-Few, arXiv 2205.05638)
 *   base   every weight of a new T5, by span corruption and target denoising (T5, arXiv 1910.10683)
 *
 * An objective is a kind, one row of one table and a file of its own (objective_gate.c, ...), and
 * what a run holds of it. Nothing outside the kinds asks which one it is. */
#ifndef SKEIN_OBJECTIVE_H
#define SKEIN_OBJECTIVE_H

#include "optim/adafactor.h"
#include "optim/adamw.h"
#include "train/checkpoint_manifest.h"
#include "train/evaluate.h"
#include "train/foundation.h"
#include "train/metrics.h"
#include "train/note.h"
#include "train/run_settings.h"

/* What a run holds of its objective. */
typedef struct Objective {
  const ObjectiveKind *kind;
  const RunSettings *settings; /* borrowed */
  const TrainState *state;     /* how far the run is, borrowed; NULL: there is no run */
  NoteTaker notes;             /* told what takes long */
  Foundation on;               /* its base is the model that runs */
  AdapterSet adapters;         /* slot == NULL: the plain base */
  Param *param;                /* [params] what is learnt */
  char **name;                 /* [params] their names, owned */
  int64_t params;
  AdamW rule;       /* by which they are updated */
  Adafactor factor; /* or by this, where the settings ask for it */
  void *own;        /* what only the kind knows; its `close` frees it */
} Objective;

/* What differs from one objective to another. */
struct ObjectiveKind {
  const char *name;     /* as in `skein train NAME` */
  const char *result;   /* the file whose presence says that a result is there */
  const Option *option; /* [options] its settings, fields of RunSettings */
  size_t options;
  const RecipeRow *recipe; /* [recipes] the named recipes that say something about it */
  size_t recipes;
  bool corrupts; /* batches are made by corruption, and lines of raw text are examples too */
  /* What becomes of lines with choices, and the loss of a batch; NULL: they are unread, and the
   * ordinary loss. */
  ChoiceUse (*choices)(const RunSettings *settings);
  BatchLoss (*loss)(const RunSettings *settings);
  int passes; /* forwards' worth of products in a step: 2 through frozen weights, 3 with weights
                    that are learnt. What is not learnt is what is mapped, and learnt tensors have
                    their gradient and moments: so much is true of every kind (estimate.c). */

  /* Opens `on`, `adapters` and `own`, and adds the parameters. `dir` as in objective_open. */
  Status (*open)(Objective *o, const char *dir, bool resume, Error *err);
  void (*close)(Objective *o); /* frees `own`; NULL: there is none */
  /* Writes the result into the directory; `steps` are the optimizer steps behind the parameters.
   * What `report` found is known where it is the run's result, not where it is kept beside it. */
  Status (*save)(const Objective *o, const char *dir, int64_t steps, Error *err);

  /* What is measured beside the loss; all NULL: nothing. Before a step; after it, into its row; and
   * at the end, of the parameters of step `steps`, into files of the run directory and as a text for
   * people, owned by the caller. */
  void (*begin_step)(const Objective *o);
  void (*describe_step)(const Objective *o, MetricsRow *row);
  Status (*report)(const Objective *o, const Probe *probe, Stepper *s, const char *dir,
                   int64_t steps, char **text, Error *err);
};

/* ---- the table ---- */

extern const ObjectiveKind objective_gate, objective_lora, objective_ia3, objective_base;

enum { OBJECTIVES = 4 };
extern const ObjectiveKind *const OBJECTIVE[OBJECTIVES];

/* The objective of that name; NULL when there is none. */
const ObjectiveKind *objective_find(const char *name);

/* ---- an objective at work ---- */

/* Opens every part the settings name and makes the parameters, the same at every opening. `dir` is
 * where a tokenizer that has to be trained (train base) is written, or, with `resume`, found. */
Status objective_open(Objective *o, const RunSettings *settings, const char *dir, bool resume,
                      NoteTaker notes, Error *err);
void objective_close(Objective *o); /* a zeroed Objective is allowed */

/* The examples of the run: data.train and, where given, data.valid (*valid NULL without). */
Status objective_open_data(const Objective *o, ExampleSet **train, ExampleSet **valid, Error *err);

/* How batches of this objective are made; `corruption` is storage the spec points into. */
BatchSpec objective_batch_spec(const Objective *o, Corruption *corruption);

/* The loss of a batch; it borrows from the settings. */
BatchLoss objective_loss(const Objective *o);

/* What a step learns; it borrows from the objective. */
Learner objective_learner(const Objective *o);

/* ---- for the kinds ---- */

/* Makes room for `count` parameters, then adds them one by one, named <module><suffix>. */
Status objective_reserve(Objective *o, int count, Error *err);
Status objective_add(Objective *o, Tensor *tensor, const char *module, const char *suffix,
                     Error *err);

#endif
