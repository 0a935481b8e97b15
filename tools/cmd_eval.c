/* skein eval: tasks by methods, into cells and tables. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/eval_command.h"

static const char usage[] =
    "skein eval: score methods of routing on tasks\n"
    "\n"
    "Examples:\n"
    "  skein eval -c eval.yaml\n"
    "  skein eval -c eval.yaml -s limit=50 -s output=runs/quick\n"
    "  skein eval -c eval.yaml --dry-run\n"
    "\n"
    "Usage: skein eval -c FILE [-s KEY=VALUE]... [--force | --dry-run]\n"
    "\n" EVAL_ARGUMENTS
    "\n"
    "Every task and method is a cell, OUTPUT/cells/METHOD/TASK.json, with its predictions in\n"
    "TASK.jsonl and its routing statistics in TASK.routing.json beside it. Finished cells are\n"
    "taken over when everything they depend on is as it was: start an interrupted evaluation\n"
    "again and it continues. A cell that fails is listed, never scored, and tried again by the\n"
    "next run; the exit code is then 6. Ctrl-C drops the cell it is in and exits with 130.\n"
    "Tables go to stdout and to table.txt, .md, .tex, .csv and .json in OUTPUT.\n"
    "\n" EVAL_FILE_HELP;

static int run(int argc, char **argv, Error *err) {
  EvalArguments a = {0};
  EvalSpec spec = {0};
  Evaluation e = {0};
  Status status = eval_arguments(&a, argc, argv, err);
  if (status == STATUS_OK)
    status = eval_spec_read(&spec, a.config, a.assignment, a.assignments, false, err);
  if (status == STATUS_OK) status = evaluation_open(&e, &spec, a.force, err);
  if (status == STATUS_OK) status = a.dry_run ? eval_plan(&e) : eval_compute(&e, err);
  if (!a.dry_run && (status == STATUS_OK || status == STATUS_PARTIAL)) {
    Status wrote = eval_table_write(&e, err);
    if (wrote == STATUS_OK) wrote = eval_table_text(&e, stdout, err);
    if (wrote != STATUS_OK) status = wrote;
  }
  if (status == STATUS_PARTIAL) eval_list_failures(&e);
  evaluation_close(&e);
  eval_spec_free(&spec);
  free(a.assignment);
  return (int)status;
}

static void help(int argc, char **argv) {
  (void)argc;
  (void)argv;
  eval_tables_help();
}

const Command command_eval = {
    .name = "eval",
    .summary = "score methods of routing on tasks, with tables",
    .usage = usage,
    .run = run,
    .help = help,
};
