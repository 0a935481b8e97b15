/* eval_command: what `skein eval` and `skein ablate` share: arguments, watching, help. */
#ifndef SKEIN_TOOLS_EVAL_COMMAND_H
#define SKEIN_TOOLS_EVAL_COMMAND_H

#include "infer/eval_table.h"
#include "tools/command.h"

typedef struct EvalArguments {
  const char *config;
  bool force, dry_run;
  const char **assignment; /* [assignments], owned array of borrowed strings */
  int assignments;
} EvalArguments;

/* The caller frees a->assignment, whatever is returned. */
Status eval_arguments(EvalArguments *a, int argc, char **argv, Error *err);

/* Prints what would be computed. */
Status eval_plan(const Evaluation *e);
/* evaluation_run with progress on stderr and Ctrl-C caught. STATUS_PARTIAL when cells failed. */
Status eval_compute(Evaluation *e, Error *err);
/* The failed cells and their errors, on stderr. */
void eval_list_failures(const Evaluation *e);

/* The three tables of settings with their defaults. */
void eval_tables_help(void);

#define EVAL_ARGUMENTS                                                         \
  "  -c, --config FILE    what is evaluated, YAML\n"                           \
  "  -s, --set KEY=VALUE  one setting of the evaluation; wins over the file\n" \
  "      --force          compute finished cells again\n"                      \
  "      --dry-run        check every file, say what would be computed, write nothing\n"

#define EVAL_FILE_HELP                                                                           \
  "The file:\n"                                                                                  \
  "\n"                                                                                           \
  "  pool: pools/mine                 # settings, below; paths from the working directory\n"     \
  "  output: runs/eval\n"                                                                        \
  "  limit: 200\n"                                                                               \
  "  bootstrap: {samples: 1000, seed: 1}\n"                                                      \
  "  task_defaults: {group: held-in, kind: choices}\n"                                           \
  "  tasks:                           # or `tasks: FILE`, to take them from another such file\n" \
  "    - {name: boolq, file: data/boolq.jsonl.zst, expert: boolq}\n"                             \
  "    - name: word_sorting\n"                                                                   \
  "      group: held-out\n"                                                                      \
  "      file: bbh/word_sorting.json\n"                                                          \
  "      format: bbh\n"                                                                          \
  "      kind: generation\n"                                                                     \
  "      metrics: [exact_match, rougeL]\n"                                                       \
  "      instruction: Sort the given words alphabetically.\n"                                    \
  "  methods:\n"                                                                                 \
  "    - base                         # the name of a router, with its defaults\n"               \
  "    - {name: glider-100, router: glider, global: {scale: 100}}\n"                             \
  "    - {expert: boolq}              # one expert for everything\n"                             \
  "    - oracle                       # the task's own expert, else its best by label\n"         \
  "    - best-individual              # the expert with the best mean over all tasks\n"          \
  "\n"                                                                                           \
  "Metrics of choices: accuracy, exact_match, exact_match_multi; of generation: exact_match,\n"  \
  "exact_match_multi, squad_em, squad_f1, rouge1, rouge2, rougeL, rougeLsum, bleu.\n"

#endif
