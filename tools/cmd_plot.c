/* skein plot: figures. */
#include <stdio.h>
#include <string.h>

#include "data/options.h"
#include "tools/command.h"
#include "tools/plot.h"
#include "tools/plot_routing.h"

static const char *const figures[] = {"routing", "training"};
enum { ROUTING, TRAINING, FIGURES };

static Status find_figure(const char *name, int *figure, Error *err) {
  for (*figure = 0; *figure < FIGURES; ++*figure)
    if (strcmp(figures[*figure], name) == 0) return STATUS_OK;
  const char *near = options_nearest(name, figures, FIGURES);
  return error_set(err, STATUS_USAGE, "plot: unknown figure '%s'; want %s", name,
                   near ? near : "routing or training");
}

enum { STATISTIC = 1000, FIGURE, TASK, METHOD, COMPARE };

static Status set_option(RoutingRequest *r, int option, const char *value, Error *err) {
  switch (option) {
    case 'o':
      r->out = value;
      break;
    case STATISTIC:
      return statistic_parse(value, &r->what, err);
    case FIGURE:
      r->only_figure = value;
      break;
    case TASK:
      r->only_task = value;
      break;
    case METHOD:
      r->only_method = value;
      break;
    case COMPARE:
      r->compare = value;
      break;
  }
  return STATUS_OK;
}

/* Options of routing that stand before `training` would be ignored in silence. */
static Status check_training(const char *given, Error *err) {
  return given ? error_set(err, STATUS_USAGE, "plot: training takes no --%s", given) : STATUS_OK;
}

static int run(int argc, char **argv, Error *err) {
  static const struct option longs[] = {{"output", required_argument, NULL, 'o'},
                                        {"statistic", required_argument, NULL, STATISTIC},
                                        {"figure", required_argument, NULL, FIGURE},
                                        {"task", required_argument, NULL, TASK},
                                        {"method", required_argument, NULL, METHOD},
                                        {"compare", required_argument, NULL, COMPARE},
                                        {0}};
  RoutingRequest request = {0};
  const char *given = NULL;
  int figure;
  for (int option; (option = command_option(argc, argv, "o:", longs, err)) != -1;) {
    if (option == '?') return err->status;
    if (option != 'o') given = longs[option - STATISTIC + 1].name;
    TRY(set_option(&request, option, optarg, err));
  }
  TRY(command_operands(argc, argv, 1, argc, "a figure", err));
  TRY(find_figure(argv[optind], &figure, err));
  TRY(command_operands(argc, argv, 2, argc,
                       figure == ROUTING ? "a folder or file" : "a run directory", err));
  request.input = argv + optind + 1;
  request.inputs = argc - optind - 1;
  if (figure == ROUTING) return plot_routing(&request, err);
  TRY(check_training(given, err));
  return plot_training(request.input, request.inputs, request.out, err);
}

const Command command_plot = {
    .name = "plot",
    .summary = "draw figures: training curves, where tokens were routed",
    .usage =
        "Examples:\n"
        "  skein plot training runs/boolq                     into runs/boolq\n"
        "  skein plot training runs/seed1 runs/seed2 -o figs  two runs over each other\n"
        "  skein plot routing runs/eval -o figs               every figure of an evaluation\n"
        "  skein plot routing runs/eval -o figs --statistic share --figure difference\n"
        "  skein plot routing rte.json --figure modules -o figs\n"
        "\n"
        "Usage: skein plot training RUN_DIR... [-o DIR]\n"
        "       skein plot routing EVAL_DIR|FILE... -o DIR [options]\n"
        "\n"
        "training draws loss, learning rate and, for one gate run, how open its gates are and\n"
        "how long their vectors, from RUN_DIR/metrics.jsonl, as training.png and training.svg.\n"
        "\n"
        "routing draws where the tokens of a routed run went, from what skein eval leaves in\n"
        "EVAL_DIR/cells/METHOD/TASK.routing.json and skein score --stats in FILE:\n"
        "  modules-METHOD-TASK   module x expert\n"
        "  experts-METHOD-TASK   a bar an expert, mean and deviation over modules, and 1/E\n"
        "  entropy-METHOD-TASK   entropy against depth, and log2 E\n"
        "  tasks-METHOD          task x expert, mean over modules; tasks that have an expert of\n"
        "                        their name come first, in its order, with a frame\n"
        "  difference-A-B        the same of two methods, and A minus B\n"
        "\n"
        "  -o, --output DIR   where the files go (training: by default the first RUN_DIR)\n"
        "  --statistic NAME   weight: mean softmax before selection (default)\n"
        "                     share: share of (token, chosen expert) pairs\n"
        "                     top1: share of tokens whose largest weight the expert has\n"
        "  --figure NAME      only modules, experts, entropy, tasks or difference\n"
        "  --task NAME        only this task\n"
        "  --method NAME      only this method\n"
        "  --compare A,B      the methods of `difference` (default: glider,phatgoose where there\n"
        "                     are both, else the only two)\n"
        "\n"
        "Beside each NAME.png and NAME.svg are the data (NAME.tsv) and the gnuplot script\n"
        "(NAME.gp), which can be edited and run again. Without gnuplot only these two are\n"
        "written.\n",
    .run = run,
};
