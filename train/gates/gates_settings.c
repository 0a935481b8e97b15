#include "train/gates/gates_run.h"
#include "train/gates/objective_joint.h"
#include "train/run_options.h"

#define TEXT_OF_(number) #number
#define TEXT_OF(number)  TEXT_OF_(number)
#define LEAST            16
#define TOP_K            2

/* clang-format off: tables */
static const Option RUN_ROWS[] = {
    PATH("base", base, false, "Hugging Face T5 directory; without it the pool's"),
    PATHS("data.train", data.train, true,
          "the collector's examples, JSONL or JSONL.zst: text of the experts' tasks that none of "
          "them was trained on"),
    EXAMPLE_OPTIONS,
    RUN_OPTIONS,
    TRAIN_OPTIONS,
};

#undef FIELD
#define FIELD(path) offsetof(GatesSettings, path)

static const Option OWN_ROWS[] = {
    PATH("pool", pool, true, "directory of the pool; it is read and not changed"),
    CHOICE("gates.way", way, "share", "share|joint",
           "share: each expert learns from the examples that are likeliest under it; joint: the "
           "gates of all learn together from where they are, by the loss of the routed model"),
    LIST("gates.experts", experts, NULL,
         "share: experts of the pool that get gates; without it those that have none"),
    REAL("gates.within", within, "0", 0, 1e3,
         "share: an example goes to each expert whose loss is at most so much above the least, "
         "nats a token"),
    INT("gates.least", least, TEXT_OF(LEAST), 1, COUNT_MOST,
        "share: examples that an expert must get to learn gates"),
    INT("gates.top_k", top_k, TEXT_OF(TOP_K), 1, 1024,
        "joint: experts that a token goes to, as the router that will use the gates sends it"),
};
/* clang-format on */

Status gates_settings_init(OptionSet *set, GatesSettings *settings, Error *err) {
  const OptionPart part[] = {{OWN_ROWS, LENGTH(OWN_ROWS), 0},
                             {RUN_ROWS, LENGTH(RUN_ROWS), offsetof(GatesSettings, run)}};
  *settings = (GatesSettings){.run = {.objective = &objective_gate}};
  return options_init_parts(set, part, LENGTH(part), settings, err);
}

/* What only the other way reads must be as it was. */
static Status check_own(const GatesSettings *s, const char *name, Error *err) {
  bool joint = s->way + 1 == GATE_JOINT;
  const char *stray = NULL;
  if (joint && s->experts) stray = "gates.experts";
  if (joint && s->within > 0) stray = "gates.within";
  if (joint && s->least != LEAST) stray = "gates.least";
  if (!joint && s->top_k != TOP_K) stray = "gates.top_k";
  if (!stray) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "%s: %s: is of gates.way %s, and this is %s; leave it out",
                   name, stray, joint ? "share" : "joint", joint ? "joint" : "share");
}

Status gates_settings_finish(OptionSet *set, const char *name, Error *err) {
  GatesSettings *s = set->settings;
  TRY(settings_finish(set, name, err));
  TRY(check_own(s, name, err));
  if (s->way + 1 == GATE_JOINT) s->run.objective = &objective_joint;
  return STATUS_OK;
}
