/* skein plot: figures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autograd/ground/nearest.h"
#include "tools/cmd/commands.h"
#include "tools/plot/plot.h"
#include "tools/plot/plot_ablation.h"
#include "tools/plot/plot_instructions.h"
#include "tools/plot/plot_pool.h"
#include "tools/plot/plot_routing.h"
#include "tools/pool/pool_tool.h"
#include "tools/shell/arguments.h"

enum { ABLATION, INSTRUCTIONS, PARETO, POOL, RESULTS, ROUTING, TRACE, TRAINING, FIGURES };
static const char *const figures[FIGURES] = {"ablation", "instructions", "pareto", "pool",
                                             "results",  "routing",      "trace",  "training"};
static const char *const operand[FIGURES] = {"a figure|a folder",      "a figure|a file",
                                             "a figure|an evaluation", "a figure|a pool",
                                             "a figure|an evaluation", "a figure|a folder or file",
                                             "a figure|a trace",       "a figure|a run directory"};
/* Whether the figures stand, unless -o says otherwise, in the folder that they are drawn of. */
static const bool stays[FIGURES] = {
    [ABLATION] = true, [PARETO] = true, [RESULTS] = true, [TRAINING] = true};

static Status find_figure(const char *name, int *figure, Error *err) {
  for (*figure = 0; *figure < FIGURES; ++*figure)
    if (strcmp(figures[*figure], name) == 0) return STATUS_OK;
  return error_set(
      err, STATUS_USAGE,
      "plot: unknown figure '%s'; it is ablation, instructions, pareto, pool, results, "
      "routing, trace or training%s",
      name, nearest_hint(name, figures, FIGURES).text);
}

typedef struct PlotArguments {
  RoutingRequest routing;
  InstructionsRequest instructions;
  const char *base, *out;
  int top, cost;
  bool force;
} PlotArguments;

static Status parse_statistic(void *field, const char *text, Error *err) {
  return statistic_parse(text, field, err);
}

static Status parse_top(void *field, const char *text, Error *err) {
  char *end;
  long value = strtol(text, &end, 10);
  *(int *)field = (int)value;
  if (end != text && !*end && value >= 1 && value <= 1000) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "plot: --top: got '%s', want a number from 1 to 1000", text);
}

#define AT(field)  offsetof(PlotArguments, field)
#define OF(figure) (1u << (figure))

static const Argument ROWS[] = {
    {"statistic", 0, ARGUMENT_OTHER, AT(routing.what), .forms = OF(ROUTING),
     .parse = parse_statistic, .value = "weight|share|top1"},
    {"figure", 0, ARGUMENT_TEXT, AT(routing.only_figure), .forms = OF(ROUTING),
     .value = "modules|experts|entropy|tasks|difference"},
    {"task", 0, ARGUMENT_TEXT, AT(routing.only_task), .forms = OF(ROUTING), .value = "NAME"},
    {"method", 0, ARGUMENT_TEXT, AT(routing.only_method), .forms = OF(ROUTING), .value = "NAME"},
    {"compare", 0, ARGUMENT_TEXT, AT(routing.compare), .forms = OF(ROUTING), .value = "A,B"},
    {"embedder", 0, ARGUMENT_TEXT, AT(instructions.embedder), .forms = OF(INSTRUCTIONS),
     .value = "lexical|encoder|endpoint|DIR"},
    {"prompt", 0, ARGUMENT_TEXT, AT(instructions.embed.sentence.prompt), .forms = OF(INSTRUCTIONS),
     .value = "NAME"},
    {"prefix", 0, ARGUMENT_TEXT, AT(instructions.embed.sentence.prefix), .forms = OF(INSTRUCTIONS),
     .value = "TEXT"},
    {"dimensions", 0, ARGUMENT_COUNT, AT(instructions.embed.sentence.dimensions),
     .forms = OF(INSTRUCTIONS), .most = 1000000, .value = "N"},
    {"endpoint", 0, ARGUMENT_TEXT, AT(instructions.embed.endpoint.url), .forms = OF(INSTRUCTIONS),
     .value = "URL"},
    {"model", 0, ARGUMENT_TEXT, AT(instructions.embed.endpoint.model), .forms = OF(INSTRUCTIONS),
     .value = "NAME"},
    {"key-env", 0, ARGUMENT_TEXT, AT(instructions.embed.endpoint.key_env),
     .forms = OF(INSTRUCTIONS), .value = "VARIABLE"},
    {"base", 0, ARGUMENT_TEXT, AT(base), .forms = OF(POOL) | OF(INSTRUCTIONS), .value = "DIR"},
    {"cost", 0, ARGUMENT_OTHER, AT(cost), .forms = OF(PARETO), .parse = pareto_cost_parse,
     .value = "multiply-adds|tokens/s|bytes|seconds"},
    {"top", 0, ARGUMENT_OTHER, AT(top), .forms = OF(TRACE), .parse = parse_top, .value = "N"},
    {"output", 'o', ARGUMENT_TEXT, .offset = AT(out), .value = "DIR"},
    {"force", .type = ARGUMENT_SWITCH, .offset = AT(force)},
};
static const ArgumentTable ARGUMENTS = {ROWS, sizeof ROWS / sizeof *ROWS};

static const CommandVerb VERBS[FIGURES + 1] = {
    [ABLATION] = {.name = "ablation", .form = OF(ABLATION)},
    [INSTRUCTIONS] = {.name = "instructions", .form = OF(INSTRUCTIONS)},
    [PARETO] = {.name = "pareto", .form = OF(PARETO)},
    [POOL] = {.name = "pool", .form = OF(POOL)},
    [RESULTS] = {.name = "results", .form = OF(RESULTS)},
    [ROUTING] = {.name = "routing", .form = OF(ROUTING)},
    [TRACE] = {.name = "trace", .form = OF(TRACE)},
    [TRAINING] = {.name = "training", .form = OF(TRAINING)},
};

/* The figure, which is the first operand, and that no option is of another: it would be ignored in
 * silence. */
static Status parse_arguments(PlotArguments *a, int *figure, int argc, char **argv, Error *err) {
  uint64_t given;
  TRY(arguments_read(&ARGUMENTS, 0, a, &given, argc, argv, err));
  TRY(command_operands(argc, argv, 1, argc, "a figure", err));
  TRY(find_figure(argv[optind], figure, err));
  bool many = *figure == ROUTING || *figure == TRAINING;
  TRY(command_operands(argc, argv, 2, many ? argc : 2, operand[*figure], err));
  const Argument *stranger = arguments_stranger(&ARGUMENTS, OF(*figure), given);
  if (!stranger) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "plot: %s takes no --%s", figures[*figure], stranger->name);
}

static Status draw_pool(const PlotArguments *a, const char *dir, Figures *made, Error *err) {
  PoolOnBase p;
  TRY(pool_on_base_open(&p, dir, a->base, NULL, err));
  Status status = plot_pool(p.pool, made, err);
  pool_on_base_close(&p);
  return status;
}

static Status draw(PlotArguments *a, int figure, Figures *made, Error *err) {
  const char *first = a->routing.input[0];
  switch (figure) {
    case ABLATION:
      return plot_ablation(first, made, err);
    case INSTRUCTIONS:
      a->instructions.file = first;
      a->instructions.base = a->base;
      return plot_instructions(&a->instructions, made, err);
    case PARETO:
      return plot_pareto(first, a->cost, made, err);
    case POOL:
      return draw_pool(a, first, made, err);
    case RESULTS:
      return plot_results(first, made, err);
    case ROUTING:
      return plot_routing(&a->routing, made, err);
    case TRACE:
      return plot_trace(first, made, a->top, err);
    default:
      return plot_training(a->routing.input, a->routing.inputs, made, err);
  }
}

static int run_plot(int argc, char **argv, Error *err) {
  PlotArguments a = {.top = 12};
  int figure;
  TRY(parse_arguments(&a, &figure, argc, argv, err));
  a.routing.input = argv + optind + 1;
  a.routing.inputs = argc - optind - 1;
  if (!a.out && stays[figure]) a.out = a.routing.input[0];
  if (!a.out) return error_set(err, STATUS_USAGE, "plot: -o DIR is missing");
  Figures made = {.dir = a.out, .force = a.force};
  TRY(draw(&a, figure, &made, err));
  figures_say(&made);
  return STATUS_OK;
}

const Command command_plot = {
    .name = "plot",
    .summary = "draw figures of results, training, routing, pools, instructions and ablations",
    .usage =
        "Examples:\n"
        "  skein plot results runs/eval                       into runs/eval\n"
        "  skein plot pareto runs/eval                        score against cost\n"
        "  skein plot training runs/boolq                     into runs/boolq\n"
        "  skein plot training runs/seed1 runs/seed2 -o figs  two runs over each other\n"
        "  skein plot routing runs/eval -o figs               every figure of an evaluation\n"
        "  skein plot routing runs/eval -o figs --statistic share --figure difference\n"
        "  skein plot routing rte.json --figure modules -o figs\n"
        "  skein plot pool pools/t0 -o figs                   expert x expert similarity\n"
        "  skein plot instructions instructions.jsonl -o figs --embedder all-MiniLM-L6-v2/\n"
        "  skein score --pool pools/t0 --router glider --input one.jsonl --trace one.json\n"
        "  skein plot trace one.json -o figs                  the experts of every token\n"
        "\n"
        "Usage: skein plot results EVAL_DIR [-o DIR]\n"
        "       skein plot pareto EVAL_DIR [-o DIR] [--cost WHAT]\n"
        "       skein plot training RUN_DIR... [-o DIR]\n"
        "       skein plot routing EVAL_DIR|FILE... -o DIR [options]\n"
        "       skein plot pool POOL -o DIR [--base DIR]\n"
        "       skein plot instructions FILE -o DIR [--embedder KIND|DIR] [options]\n"
        "       skein plot trace FILE -o DIR [--top N]\n"
        "       skein plot ablation ABLATION_DIR [-o DIR]\n"
        "\n"
        "results draws results.png and results.svg: the mean of every method over the tasks of a\n"
        "group with its 95 % interval, a panel a group, from EVAL_DIR/table.json.\n"
        "\n"
        "pareto draws pareto.png and pareto.svg: the same means against what methods cost, and a\n"
        "line through those that no other method is both cheaper and better than; rules that see\n"
        "labels are grey and on no line.\n"
        "\n"
        "training draws loss, learning rate and, for one gate run, how open its gates are and\n"
        "how long their vectors, from RUN_DIR/metrics.jsonl, as training.png and training.svg.\n"
        "A loss that falls to a tenth is on a logarithmic axis; a circle is the step whose\n"
        "parameters are the result.\n"
        "\n"
        "routing draws where the tokens of a routed run went, from what skein eval leaves in\n"
        "EVAL_DIR/cells/METHOD/TASK.routing.json and skein score --stats in FILE:\n"
        "  modules-METHOD-TASK   module x expert\n"
        "  experts-METHOD-TASK   a bar an expert, mean and deviation over modules, and 1/E\n"
        "  entropy-METHOD-TASK   entropy against depth, and log2 E\n"
        "  tasks-METHOD          task x expert, mean over modules; groups and tasks stand as in\n"
        "                        EVAL_DIR/table.json, with a frame around the task's own expert\n"
        "                        and a dashed one around the expert that an oracle chose; of "
        "FILEs\n"
        "                        the own expert is that of the task's name\n"
        "  difference-A-B        the same of two methods, and A minus B\n"
        "One scale serves all of them, whatever part of the input is asked for; its colours go by\n"
        "the square root. Cells that have room for it say their number.\n"
        "\n"
        "pool draws pool.png and pool.svg, expert x expert: the cosine of their gates, and of\n"
        "their dense updates BA, means over the modules that both cover.\n"
        "\n"
        "instructions draws instructions.png and instructions.svg, name x name, from a file of\n"
        "skein instruct: the mean cosine of their instructions, on the diagonal that of a name's\n"
        "own, which skein instruct --repeat has written. A frame in a row is around the name that\n"
        "the row's cannot be told from: as queries its instructions are nearer to that one's\n"
        "first, or are as far apart among themselves.\n"
        "\n"
        "trace draws trace.png and trace.svg from what skein score or generate --trace leaves:\n"
        "tokens down the side, experts across, means over modules of the planned weights. A\n"
        "token of the decoder is the one that its row predicts. More tokens than a page has room\n"
        "for go on in trace-2 and so on.\n"
        "\n"
        "ablation draws ablation-AXIS for every axis of ABLATION_DIR/ablation.csv: score against\n"
        "value, a panel a group of tasks, a line a method and setting of the other axes (the best\n"
        "seven), intervals as bars; methods that do not read the axis are dashed.\n"
        "\n"
        "  -o, --output DIR   where the files go (results, pareto, training, ablation: by default\n"
        "                     the first folder)\n"
        "  --force            replace figures of the same names\n"
        "  --statistic NAME   weight: mean softmax before selection (default)\n"
        "                     share: share of (token, chosen expert) pairs\n"
        "                     top1: share of tokens whose largest weight the expert has\n"
        "  --figure NAME      only modules, experts, entropy, tasks or difference\n"
        "  --task NAME        only this task; without --figure and --compare no tasks or "
        "difference\n"
        "  --method NAME      only this method\n"
        "  --compare A,B      the methods of `difference` (default: glider,phatgoose where there\n"
        "                     are both, else the only two)\n"
        "  --cost WHAT        multiply-adds: a token, beside the base's (default)\n"
        "                     tokens/s, seconds (to open the router): by the clock, from\n"
        "                     EVAL_DIR/timings.csv\n"
        "                     bytes: of the vectors and updates that some token met\n"
        "  --top N            the experts of a trace with the largest weights [12]\n"
        "  --base DIR         the base of the pool (default: the folder that it names); of\n"
        "                     instructions, the T5 that --embedder encoder is of\n"
        "  --embedder KIND    what embeds instructions: lexical (default), encoder, endpoint with\n"
        "                     --endpoint, --model and --key-env, or the directory of an encoder\n"
        "                     of sentences with --prompt, --prefix and --dimensions, all as for\n"
        "                     skein embed\n"
        "\n"
        "Beside each NAME.png and NAME.svg are the data (NAME.tsv) and the gnuplot script\n"
        "(NAME.gp), which can be edited and run again. Without gnuplot only these two are\n"
        "written.\n",
    .run = run_plot,
    .arguments = &ARGUMENTS,
    .verbs = VERBS,
};
