/* eval_command: what `skein eval` and `skein ablate` share, which is all but how they finish. */
#ifndef SKEIN_EVAL_COMMAND_H
#define SKEIN_EVAL_COMMAND_H

#include "infer/eval/eval_axes.h"
#include "infer/eval/eval_run.h"
#include "infer/eval/eval_table.h"
#include "tools/shell/command.h"

/* Writes and shows what an evaluation found. */
typedef Status EvalFinish(const Axes *axes, const Evaluation *e, Error *err);

/* The run of a command: reads its arguments and its file (with axes if asked), computes what is
 * open with progress on stderr and Ctrl-C caught, finishes, and lists the cells that failed. */
int eval_command(int argc, char **argv, bool axes, EvalFinish *finish, Error *err);

/* The options, and the three tables of settings (tools/shell/command.h). */
extern const ArgumentTable eval_arguments;
void eval_command_settings(const char *verb, SettingsSeen *seen, void *arg);

#define EVAL_ARGUMENTS                                                                            \
  "  -c, --config FILE    what is evaluated, YAML\n"                                              \
  "  -s, --set KEY=VALUE  one setting of the evaluation; wins over the file\n"                    \
  "      --embedder KIND|DIR\n"                                                                   \
  "                       what compares instructions, of methods that do not say, as of\n"        \
  "                       skein embed: lexical, encoder, ..., or an encoder of sentences\n"       \
  "      --force          compute finished cells again\n"                                         \
  "      --strict         short for -s strict=true\n"                                             \
  "      --dry-run        open and try what would be computed, say what it would cost and what\n" \
  "                       would fail; write nothing\n"

#define EVAL_FILE_HELP                                                                             \
  "The file:\n"                                                                                    \
  "\n"                                                                                             \
  "  pool: pools/mine                 # settings, below; paths are looked for beside the file,\n"  \
  "  output: runs/eval                # then here; output is made here\n"                          \
  "  limit: 200\n"                                                                                 \
  "  bootstrap: {samples: 1000, seed: 1}\n"                                                        \
  "  task_defaults: {group: held-in, kind: choices}\n"                                             \
  "  tasks:                           # or `tasks: FILE`, to take them from another such file\n"   \
  "    - {name: boolq, file: data/boolq.jsonl.zst, expert: boolq}\n"                               \
  "    - name: word_sorting\n"                                                                     \
  "      group: held-out\n"                                                                        \
  "      file: bbh/word_sorting.json\n"                                                            \
  "      format: bbh\n"                                                                            \
  "      kind: generation\n"                                                                       \
  "      metrics: [exact_match, rougeL]\n"                                                         \
  "      instruction: Sort the given words alphabetically.\n"                                      \
  "  methods:\n"                                                                                   \
  "    - base                         # the name of a router, with its defaults\n"                 \
  "    - {name: glider-100, router: glider, global: {scale: 100}}\n"                               \
  "    - {expert: boolq}              # one expert for everything\n"                               \
  "    - oracle                       # the task's own expert, else its best by label\n"           \
  "    - best-individual              # the expert with the best mean over all tasks\n"            \
  "\n"                                                                                             \
  "`choose: global.threshold` beside router: glider with global.rule: threshold: the threshold "   \
  "p\n"                                                                                            \
  "of gamma [max cos > p] + beta is chosen on other items than are scored, those in the files\n"   \
  "`valid: FILE` of tasks (of the form of `file`; the limit is that of all items). Both weights\n" \
  "run on them, in OUTPUT/validation; of all thresholds that tell these items apart the one "      \
  "with\n"                                                                                         \
  "the best mean over those tasks is taken, and said with its curve in the cells. Where no task\n" \
  "has such a file it is refused; say a global.threshold then (the released code of GLIDER has\n"  \
  "none to go by).\n"                                                                              \
  "\n"                                                                                             \
  "Metrics of choices: accuracy, exact_match, exact_match_multi; of generation: exact_match,\n"    \
  "exact_match_multi, squad_em, squad_f1, rouge1, rouge2, rougeL, rougeLsum, bleu.\n"

#endif
