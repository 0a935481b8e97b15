/* skein ablate: an evaluation over settings of the routers. */
#include <stdio.h>

#include "tools/cmd/commands.h"
#include "tools/cmd/eval_command.h"
#include "tools/plot/plot_ablation.h"

static const char usage[] =
    "skein ablate: score methods of routing over their settings\n"
    "\n"
    "Examples:\n"
    "  skein ablate -c ablate.yaml\n"
    "  skein ablate -c ablate.yaml -s limit=50 -s output=runs/quick\n"
    "\n"
    "Usage: skein ablate -c FILE [-s KEY=VALUE]... [--embedder KIND|DIR] [--force | --dry-run]\n"
    "       [--strict]\n"
    "\n" EVAL_ARGUMENTS
    "\n"
    "The file is that of skein eval, with the axes beside:\n"
    "\n"
    "  methods: [{name: glider, router: glider}, base]\n"
    "  axes:\n"
    "    global.scale: [0, 1, 3, 10, 30, 100]\n"
    "    top_k: [1, 2, 4]\n"
    "    only: [[boolq, rte], [boolq, rte, copa]]   # parts of the pool\n"
    "  grid: true       # every combination; false: one axis at a time\n"
    "\n"
    "Any setting of a router can be an axis. Methods are called NAME+key=value+... after what\n"
    "differs from how they are declared; a method that reads none of the axes is evaluated once.\n"
    "Cells are those of skein eval (see there), shared with it in the same output. Besides its\n"
    "tables, OUTPUT gets ablation.csv (a column an axis; rows of the task `mean` are the means of\n"
    "groups) and per axis the figure ablation-AXIS (.png, .svg, .tsv, .gp), as skein plot\n"
    "ablation draws it. The interval of a mean takes its tasks as independent.\n"
    "\n" EVAL_FILE_HELP;

static Status show_curves(const Evaluation *e, Error *err) {
  const char *dir = e->spec->settings.output;
  Ablation a;
  Status status = ablation_read(&a, dir, err);
  for (int i = 0; i < a.axes && status == STATUS_OK; i++) {
    Curves curves;
    status = curves_make(&curves, &a, i, err);
    if (status == STATUS_OK) status = curves_print(&curves, &a, stdout, err);
    curves_free(&curves);
  }
  Figures made = {.dir = dir, .force = true}; /* anew, like the tables of its directory */
  if (status == STATUS_OK) status = plot_curves(&a, &made, err);
  if (status == STATUS_OK) figures_say(&made);
  ablation_free(&a);
  return status;
}

static Status finish_ablate(const Axes *axes, const Evaluation *e, Error *err) {
  EvalTable table;
  Status status = eval_table_make(&table, e, err);
  if (status == STATUS_OK) status = eval_table_write(&table, err);
  eval_table_free(&table);
  TRY(status);
  TRY(axes_write(axes, e, err));
  return show_curves(e, err);
}

static int run_ablate(int argc, char **argv, Error *err) {
  return eval_command(argc, argv, true, finish_ablate, err);
}

const Command command_ablate = {
    .name = "ablate",
    .summary = "score methods of routing over their settings, with curves",
    .usage = usage,
    .run = run_ablate,
    .arguments = &eval_arguments,
    .settings = eval_command_settings,
};
