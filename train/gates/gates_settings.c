#include "train/gates/gates_run.h"
#include "train/objective.h"
#include "train/run_options.h"

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
    CHOICE("gates.way", way, "share", "share",
           "share: each expert learns from the examples that are likeliest under it"),
    LIST("gates.experts", experts, NULL,
         "experts of the pool that get gates; without it those that have none"),
    REAL("gates.within", within, "0", 0, 1e3,
         "an example goes to each expert whose loss is at most so much above the least, nats a "
         "token"),
    INT("gates.least", least, "16", 1, COUNT_MOST,
        "examples that an expert must get to learn gates"),
};
/* clang-format on */

Status gates_settings_init(OptionSet *set, GatesSettings *settings, Error *err) {
  const OptionPart part[] = {{OWN_ROWS, LENGTH(OWN_ROWS), 0},
                             {RUN_ROWS, LENGTH(RUN_ROWS), offsetof(GatesSettings, run)}};
  *settings = (GatesSettings){.run = {.objective = &objective_gate}};
  return options_init_parts(set, part, LENGTH(part), settings, err);
}
