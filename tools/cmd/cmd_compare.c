/* skein compare: methods of finished evaluations, on the items that they share. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/output.h"
#include "data/file/path.h"
#include "infer/eval/eval_compare.h"
#include "tools/cmd/commands.h"
#include "tools/shell/arguments.h"

static const char usage[] =
    "skein compare: whether methods differ, on the items that they were all asked\n"
    "\n"
    "Examples:\n"
    "  skein compare runs/eval                                 every method with every other\n"
    "  skein compare runs/eval:phatgoose,glider-100            two methods, task by task\n"
    "  skein compare runs/eval --against phatgoose --format markdown\n"
    "  skein compare runs/before:phatgoose runs/after:phatgoose --items\n"
    "\n"
    "Usage: skein compare RUN[:METHOD,...]... [--against METHOD] [--group NAME] [--task NAME]\n"
    "                     [--tasks] [--items] [--by-id] [--samples N] [--seed N]\n"
    "                     [--format text|markdown|latex|csv|json] [-o FILE [--force]]\n"
    "\n"
    "RUN is the output of a skein eval or ablate that has finished; without METHOD, all methods\n"
    "of its tables. Of several runs methods are called RUN:METHOD.\n"
    "\n"
    "Scores are of the tasks' first metrics, on the items that both methods of a pair answered.\n"
    "A difference has a 95 % paired bootstrap interval (Koehn 2004) and a two-sided p: how often\n"
    "it is as large when the two are swapped at random, item by item; of few items all swaps are\n"
    "tried. p (Holm) is corrected for the pairs that are shown (Holm 1979). A mean is tested over\n"
    "the items of its tasks, and once more over the tasks, which says how much other tasks would\n"
    "change. The same seed gives the same numbers. Of more than two methods, two matrices come\n"
    "first: the differences, and p (Holm).\n"
    "\n";

typedef enum Format { TEXT, MARKDOWN, LATEX, CSV, JSON, FORMATS } Format;

static Status (*const WRITE[FORMATS])(const EvalComparison *c, FILE *out, Error *err) = {
    eval_comparison_text, eval_comparison_markdown, eval_comparison_latex, eval_comparison_csv,
    eval_comparison_json};

typedef struct CompareArguments {
  CompareSettings settings;
  Format format;
  const char *output;
  bool force;
} CompareArguments;

static Status parse_format(void *field, const char *text, Error *err) {
  static const char *const NAME[FORMATS] = {"text", "markdown", "latex", "csv", "json"};
  for (int i = 0; i < FORMATS; i++) {
    if (strcmp(text, NAME[i]) == 0) {
      *(Format *)field = (Format)i;
      return STATUS_OK;
    }
  }
  return error_set(err, STATUS_USAGE,
                   "--format: '%.40s' is none of text, markdown, latex, csv and json", text);
}

#define AT(field) offsetof(CompareArguments, field)

enum { SAMPLES_MOST = 10000000 };

static const CompareArguments DEFAULTS = {.settings = {.samples = 10000, .seed = 1}};

static const Argument ROWS[] = {
    {"against", 0, ARGUMENT_TEXT, AT(settings.against), 0, "METHOD",
     .help = "compare with this one alone, not all pairs"},
    {"group", 0, ARGUMENT_TEXT, AT(settings.group), 0, "NAME", .help = "the tasks of one group"},
    {"task", 0, ARGUMENT_TEXT, AT(settings.task), 0, "NAME", .help = "one task"},
    {"tasks", 0, ARGUMENT_SWITCH, AT(settings.each_task), 0, NULL,
     .help = "of more than two methods, single tasks, too (CSV and JSON have them)"},
    {"items", 0, ARGUMENT_SWITCH, AT(settings.items), 0, NULL,
     .help = "list the items on which they differ: who won, who lost"},
    {"by-id", 0, ARGUMENT_SWITCH, AT(settings.by_id), 0, NULL,
     .help = "pair items by their ids though the files of a task differ"},
    {"samples", 0, ARGUMENT_COUNT, AT(settings.samples), 0, "N",
     .help = "resamples, and random swaps", .most = SAMPLES_MOST},
    {"seed", 0, ARGUMENT_COUNT, AT(settings.seed), 0, "N", .help = "of both",
     .most = INT64_C(1) << 53},
    {"format", 0, ARGUMENT_OTHER, AT(format), 0, "text|markdown|latex|csv|json",
     .help = "of what is printed [text]", .parse = parse_format},
    {"output", 'o', ARGUMENT_TEXT, AT(output), 0, "FILE",
     .help = "where it goes, whole or not at all [stdout]"},
    {"force", 0, ARGUMENT_SWITCH, AT(force), 0, NULL, .help = "replace an output that is there"},
};
static const ArgumentTable ARGUMENTS = {ROWS, sizeof ROWS / sizeof *ROWS};

/* What is there is replaced with --force alone, and never what is of a run. */
static Status check_output(const Compared *c, const CompareArguments *a, Error *err) {
  char **input = calloc((size_t)c->runs + 1, sizeof *input);
  bool whole = input != NULL;
  for (int i = 0; i < c->runs && whole; i++)
    whole = (input[i] = path_parent(c->run[i].path)) != NULL;
  const OutputRule rule = {a->force, (const char *const *)input, c->runs};
  Status status = whole ? output_check(a->output, &rule, err)
                        : error_set(err, STATUS_RUN, "out of memory: the runs");
  for (int i = 0; input && i < c->runs; i++) free(input[i]);
  free(input);
  return status;
}

static Status write_file(const EvalComparison *c, const CompareArguments *a, Error *err) {
  AtomicFile file = {0};
  Status status = atomic_open(&file, a->output, err);
  if (status == STATUS_OK) status = WRITE[a->format](c, file.stream, err);
  if (status == STATUS_OK) status = atomic_commit(&file, err);
  atomic_abort(&file);
  return status;
}

static Status compare_runs(CompareArguments *a, const char *const *run, int runs, Error *err) {
  Compared compared;
  EvalComparison c = {0};
  Status status = compared_read(&compared, run, runs, err);
  if (status == STATUS_OK && a->output) status = check_output(&compared, a, err);
  a->settings.each_task |= compared.methods == 2 || a->format == CSV || a->format == JSON;
  if (status == STATUS_OK) status = eval_comparison_make(&c, &compared, &a->settings, err);
  if (status == STATUS_OK)
    status = a->output ? write_file(&c, a, err) : WRITE[a->format](&c, stdout, err);
  eval_comparison_free(&c);
  compared_free(&compared);
  return status;
}

static int run_compare(int argc, char **argv, Error *err) {
  CompareArguments a = DEFAULTS;
  TRY(arguments_read(&ARGUMENTS, 0, &a, NULL, argc, argv, err));
  TRY(command_operands(argc, argv, 1, argc, "a RUN or several", err));
  return (int)compare_runs(&a, (const char *const *)argv + optind, argc - optind, err);
}

const Command command_compare = {
    .name = "compare",
    .summary = "whether methods differ, on the same items",
    .usage = usage,
    .run = run_compare,
    .arguments = &ARGUMENTS,
    .defaults = &DEFAULTS,
};
