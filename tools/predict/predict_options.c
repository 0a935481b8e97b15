#include "tools/predict/predict_options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/shell/command.h"

typedef enum FlagKind {
  FLAG_TEXT,
  FLAG_COUNT,  /* 1 or more */
  FLAG_NUMBER, /* finite */
  FLAG_SWITCH,
} FlagKind;

typedef struct Flag {
  const char *name;
  FlagKind kind;
  int commands; /* PredictCommands that have it, or-ed */
  size_t offset;
  const char *argument, *help;
} Flag;

enum { BOTH = PREDICT_SCORE | PREDICT_GENERATE, FLAGS_MOST = 32, COUNT_MOST = 1 << 30 };

#define AT(field) offsetof(PredictOptions, field)

static const Flag FLAGS[] = {
    {"base", FLAG_TEXT, BOTH, AT(base), "DIR",
     "Hugging Face T5 directory; with --pool what the pool names"},
    {"pool", FLAG_TEXT, BOTH, AT(pool), "DIR",
     "pool of experts; without it the plain base answers"},
    {"router", FLAG_TEXT, BOTH, AT(router), "NAME", "method of routing: short for -s router=NAME"},
    {"input", FLAG_TEXT, BOTH, AT(input), "FILE", "items, JSONL or JSONL.zst"},
    {"output", FLAG_TEXT, BOTH, AT(output), "FILE",
     "where the lines go, whole or not at all [stdout]"},
    {"stats", FLAG_TEXT, BOTH, AT(stats), "FILE",
     "write which experts the tokens went to (skein plot routing); needs --pool"},
    {"trace", FLAG_TEXT, BOTH, AT(trace), "FILE",
     "write the experts of each token of the first item (skein plot trace); needs --pool"},
    {"instruction", FLAG_TEXT, BOTH, AT(instruction), "TEXT",
     "compared with the experts' instructions, for lines without one"},
    {"task", FLAG_TEXT, BOTH, AT(task), "NAME",
     "key in precomputed embeddings, for lines without \"task\""},
    {"bbh", FLAG_SWITCH, BOTH, AT(bbh), NULL, "--input is a BIG-bench Hard JSON file"},
    {"input-key", FLAG_TEXT, BOTH, AT(keys.input), "KEY", "JSON key of the input text [input]"},
    {"instruction-key", FLAG_TEXT, BOTH, AT(keys.instruction), "KEY",
     "of the instruction [instruction]"},
    {"choices-key", FLAG_TEXT, PREDICT_SCORE, AT(keys.choices), "KEY", "of the choices [choices]"},
    {"target-key", FLAG_TEXT, PREDICT_SCORE, AT(keys.target), "KEY", "of the target [target]"},
    {"choices-from-targets", FLAG_SWITCH, PREDICT_SCORE, AT(keys.choices_from_targets), NULL,
     "lines without choices have the targets of their \"template\" in the file"},
    {"max-input", FLAG_COUNT, BOTH, AT(max_input), "N", "input tokens kept, EOS included [512]"},
    {"max-target", FLAG_COUNT, PREDICT_SCORE, AT(max_target), "N",
     "tokens of a choice kept, EOS included [512]"},
    {"max-output", FLAG_COUNT, PREDICT_GENERATE, AT(max_output), "N",
     "tokens generated at most, EOS included [64]"},
    {"beams", FLAG_COUNT, PREDICT_GENERATE, AT(beams), "N", "beams of the search; 1: greedy [1]"},
    {"length-penalty", FLAG_NUMBER, PREDICT_GENERATE, AT(length_penalty), "P",
     "beams are ranked by log-likelihood / length^P [1]"},
    {"batch-tokens", FLAG_COUNT, BOTH, AT(batch_tokens), "N",
     "tokens computed together; memory and speed, not results [4096]"},
    {"bf16", FLAG_SWITCH, BOTH, AT(bf16), NULL,
     "products with weights in bf16: faster, on a processor that has it"},
    {"threads", FLAG_COUNT, BOTH, AT(threads), "N", "threads [2]"},
};
enum { FLAGS_COUNT = sizeof FLAGS / sizeof *FLAGS };

static const struct option SET_OPTION = {"set", required_argument, NULL, 's'};

/* The long options of the command; flag i has the value FLAG_VALUE + i. */
enum { FLAG_VALUE = 256 };

static void long_options(PredictCommand command, struct option *out) {
  *out++ = SET_OPTION;
  for (int i = 0; i < FLAGS_COUNT; i++) {
    if (!(FLAGS[i].commands & (int)command)) continue;
    int argument = FLAGS[i].kind == FLAG_SWITCH ? no_argument : required_argument;
    *out++ = (struct option){FLAGS[i].name, argument, NULL, FLAG_VALUE + i};
  }
  *out = (struct option){0};
}

static Status parse_count(const Flag *flag, const char *text, int64_t *value, Error *err) {
  char *end;
  long long parsed = strtoll(text, &end, 10);
  if (end == text || *end || parsed < 1 || parsed > COUNT_MOST) {
    return error_set(err, STATUS_USAGE, "--%s: '%s' is not a count from 1 to %d", flag->name, text,
                     COUNT_MOST);
  }
  *value = parsed;
  return STATUS_OK;
}

static Status parse_number(const Flag *flag, const char *text, double *value, Error *err) {
  char *end;
  *value = strtod(text, &end);
  if (end != text && !*end && isfinite(*value)) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "--%s: '%s' is not a number", flag->name, text);
}

static Status read_flag(PredictOptions *o, const Flag *flag, const char *text, Error *err) {
  char *field = (char *)o + flag->offset;
  switch (flag->kind) {
    case FLAG_TEXT:
      *(const char **)field = text;
      return STATUS_OK;
    case FLAG_COUNT:
      return parse_count(flag, text, (int64_t *)field, err);
    case FLAG_NUMBER:
      return parse_number(flag, text, (double *)field, err);
    case FLAG_SWITCH:
      *(bool *)field = true;
      return STATUS_OK;
  }
  return STATUS_OK;
}

static Status check_options(const PredictOptions *o, Error *err) {
  if (!o->input) return error_set(err, STATUS_USAGE, "--input: is required (the items)");
  if (!o->base && !o->pool) {
    return error_set(err, STATUS_USAGE, "--base: is required (or --pool, which names its base)");
  }
  if (!o->pool && (o->router || o->assignments > 0 || o->stats || o->trace)) {
    return error_set(err, STATUS_USAGE, "%s: needs --pool; the plain base routes nothing",
                     o->router  ? "--router"
                     : o->stats ? "--stats"
                     : o->trace ? "--trace"
                                : "-s");
  }
  if (o->stats && o->output && strcmp(o->stats, o->output) == 0) {
    return error_set(err, STATUS_USAGE, "--stats: is the same file as --output");
  }
  return STATUS_OK;
}

Status predict_options_read(PredictOptions *o, PredictCommand command, int argc, char **argv,
                            Error *err) {
  struct option longs[FLAGS_MOST];
  _Static_assert(FLAGS_COUNT + 2 <= FLAGS_MOST, "every flag, --set and the end fit");
  *o = (PredictOptions){.max_input = 512,
                        .max_target = 512,
                        .max_output = 64,
                        .beams = 1,
                        .length_penalty = 1,
                        .batch_tokens = 4096,
                        .threads = 2};
  o->keys.need_choices = command == PREDICT_SCORE;
  o->assignment = calloc((size_t)argc + 1, sizeof *o->assignment);
  if (!o->assignment) return error_set(err, STATUS_RUN, "out of memory: the arguments");
  long_options(command, longs);
  for (int option; (option = command_option(argc, argv, "s:o:", longs, err)) != -1;) {
    if (option == '?') return err->status;
    if (option == 's') {
      o->assignment[o->assignments++] = optarg;
    } else if (option == 'o') {
      o->output = optarg;
    } else {
      TRY(read_flag(o, &FLAGS[option - FLAG_VALUE], optarg, err));
    }
  }
  TRY(command_operands(argc, argv, 0, 0, "nothing but options", err));
  return check_options(o, err);
}

void predict_options_free(PredictOptions *o) {
  free(o->assignment);
  *o = (PredictOptions){0};
}

PredictSettings predict_options_settings(const PredictOptions *o) {
  return (PredictSettings){.threads = (int)o->threads,
                           .precision = o->bf16 ? PRECISION_BF16 : PRECISION_F32,
                           .max_input = o->max_input,
                           .max_target = o->max_target,
                           .max_output = o->max_output,
                           .max_tokens = o->batch_tokens,
                           .beams = (int)o->beams,
                           .length_penalty = o->length_penalty};
}

void predict_options_help(PredictCommand command) {
  for (int i = 0; i < FLAGS_COUNT; i++) {
    const Flag *flag = &FLAGS[i];
    if (!(flag->commands & (int)command)) continue;
    char name[40];
    snprintf(name, sizeof name, "--%s%s%s", flag->name, flag->argument ? " " : "",
             flag->argument ? flag->argument : "");
    printf("  %s  %-24s %s\n", strcmp(flag->name, "output") == 0 ? "-o," : "   ", name, flag->help);
  }
  printf("  -s,  %-24s %s\n", "--set KEY=VALUE", "one setting of the router");
  RouterSettings settings;
  OptionSet set = {0};
  if (router_settings_init(&set, &settings, NULL) == STATUS_OK) {
    printf("\nSettings of the router:\n");
    options_print_help(&set, stdout);
  }
  options_free(&set);
}
