/* skein eval: tasks by methods, into cells and tables. */
#include <stdio.h>

#include "tools/cmd/commands.h"
#include "tools/cmd/eval_command.h"

static const char usage[] =
    "skein eval: score methods of routing on tasks\n"
    "\n"
    "Examples:\n"
    "  skein eval -c eval.yaml\n"
    "  skein eval -c eval.yaml -s limit=50 -s output=runs/quick\n"
    "  skein eval -c eval.yaml --dry-run\n"
    "\n"
    "Usage: skein eval -c FILE [-s KEY=VALUE]... [--embedder KIND|DIR] [--force | --dry-run]\n"
    "       [--strict]\n"
    "\n" EVAL_ARGUMENTS
    "\n"
    "Every task and method is a cell, OUTPUT/cells/METHOD/TASK.json, with its predictions in\n"
    "TASK.jsonl and its routing statistics in TASK.routing.json beside it. Finished cells are\n"
    "taken over when everything they depend on is as it was: start an interrupted evaluation\n"
    "again and it continues. A cell that fails is listed, never scored, and tried again by the\n"
    "next run; the exit code is then 6. Ctrl-C drops the cell it is in and exits with 130.\n"
    "Finished cells of other settings in the same OUTPUT are kept in OUTPUT/kept, and taken over\n"
    "again when their settings are.\n"
    "Where a limit leaves items out, those that are asked are a sample, drawn by sample.seed.\n"
    "An item that cannot be asked or judged (one choice, a target that is none of the choices, a\n"
    "label that contradicts it) is named and left out, and the tables count it; --strict refuses\n"
    "it. Choices that are the same tokens are one.\n"
    "Texts are generated as the file of the evaluation says; the base's generation_config.json is\n"
    "not read.\n"
    "Below the scores stands what each method cost: multiply-adds that routing and experts add to\n"
    "a token, encoder's and decoder's alike, their share of those of the base's weights, and the\n"
    "weights that some token met. The same settings make the same bytes, so what a clock says is\n"
    "in files of its own: OUTPUT/timings/METHOD/TASK.json and timings.csv, with tokens a second\n"
    "and the seconds that opening the router took. `tables_by` splits the tables by a label.\n"
    "Tables go to stdout and to table.txt, .md, .tex, .csv and .json in OUTPUT; behind a score\n"
    "stands half of its 95 % interval, and a method is marked as best where it beats each other\n"
    "one that sees no labels on the same items (skein compare tells more).\n"
    "\n" EVAL_FILE_HELP;

static Status finish_eval(const Axes *axes, const Evaluation *e, Error *err) {
  (void)axes;
  EvalTable table;
  Status status = eval_table_make(&table, e, err);
  if (status == STATUS_OK) status = eval_table_write(&table, err);
  if (status == STATUS_OK) status = eval_table_text(&table, stdout, err);
  eval_table_free(&table);
  return status;
}

static int run_eval(int argc, char **argv, Error *err) {
  return eval_command(argc, argv, false, finish_eval, err);
}

const Command command_eval = {
    .name = "eval",
    .summary = "score methods of routing on tasks, with tables",
    .usage = usage,
    .run = run_eval,
    .arguments = &eval_arguments,
    .settings = eval_command_settings,
};
