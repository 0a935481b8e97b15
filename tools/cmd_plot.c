/* skein plot: figures. */
#include <stdio.h>
#include <string.h>

#include "data/options.h"
#include "tools/command.h"
#include "tools/plot.h"

static const char *const figures[] = {"training"};
enum { FIGURES = sizeof figures / sizeof *figures };

static Status check_figure(const char *name, Error *err) {
  for (int i = 0; i < FIGURES; i++) {
    if (strcmp(figures[i], name) == 0) return STATUS_OK;
  }
  const char *near = options_nearest(name, figures, FIGURES);
  return error_set(err, STATUS_USAGE, "plot: unknown figure '%s'; want %s", name,
                   near ? near : "training");
}

static int run(int argc, char **argv, Error *err) {
  static const struct option longs[] = {{"output", required_argument, NULL, 'o'}, {0}};
  const char *out = NULL;
  for (int option; (option = command_option(argc, argv, "o:", longs, err)) != -1;) {
    if (option == '?') return err->status;
    out = optarg;
  }
  TRY(command_operands(argc, argv, 2, argc, "a figure and a run directory", err));
  TRY(check_figure(argv[optind], err));
  return plot_training(argv + optind + 1, argc - optind - 1, out, err);
}

const Command command_plot = {
    .name = "plot",
    .summary = "draw figures: training curves",
    .usage =
        "Examples:\n"
        "  skein plot training runs/boolq                     into runs/boolq\n"
        "  skein plot training runs/seed1 runs/seed2 -o figs  two runs over each other\n"
        "\n"
        "Usage: skein plot training RUN_DIR... [-o DIR]\n"
        "\n"
        "Draws loss, learning rate and, for one gate run, how open its gates are and how long\n"
        "their vectors, from RUN_DIR/metrics.jsonl. Writes training.png and training.svg, and\n"
        "beside them the data (training.tsv) and the gnuplot script (training.gp), which can\n"
        "be edited and run again. Without gnuplot only these two are written.\n"
        "\n"
        "  -o, --output DIR   where the files go (default: the first RUN_DIR)\n",
    .run = run,
};
