#include "tools/predict/predict_options.h"

#include <stdlib.h>
#include <string.h>

#include "data/file/output.h"
#include "infer/route/router_options.h"

enum {
  ANSWERS = PREDICT_SCORE | PREDICT_GENERATE,
  SAMPLES = PREDICT_SUGGEST | PREDICT_CALIBRATE,
  ROUTES = ANSWERS | PREDICT_TRACE | PREDICT_CALIBRATE,
  CHOOSES = PREDICT_SCORE | PREDICT_TRACE | SAMPLES,
  GENERATES = PREDICT_GENERATE | PREDICT_TRACE,
  ALL = ROUTES | PREDICT_SUGGEST,
  COUNT_MOST = 1 << 30
};

const PredictOptions predict_defaults = {.max_input = 512,
                                         .max_target = 512,
                                         .max_output = 64,
                                         .beams = 1,
                                         .length_penalty = 1,
                                         .batch_tokens = 4096,
                                         .threads = 2,
                                         .limit = 100,
                                         .seed = 42};

#define AT(field) offsetof(PredictOptions, field)

static const Argument ROWS[] = {
    {"base", 0, ARGUMENT_TEXT, AT(base), ALL, "DIR",
     .help = "Hugging Face T5 directory; with --pool what the pool names"},
    {"pool", 0, ARGUMENT_TEXT, AT(pool), ROUTES, "DIR",
     .help = "pool of experts; without it the plain base answers"},
    {"no-verify", 0, ARGUMENT_SWITCH, AT(no_verify), ALL, NULL,
     .help = "take the pool's files as they are, without comparing them with pool.yaml"},
    {"router", 0, ARGUMENT_TEXT, AT(router), ROUTES, "NAME",
     .help = "method of routing: short for -s router=NAME"},
    {"embedder", 0, ARGUMENT_TEXT, AT(embedder), ALL, "KIND|DIR",
     .help =
         "what compares instructions, as of skein embed: lexical, encoder, precomputed, endpoint, "
         "or the directory of an encoder of sentences [-s embedder, else lexical]"},
    {"input", 0, ARGUMENT_TEXT, AT(input), ALL, "FILE",
     .help = "items, JSONL or JSONL.zst; - is standard input, and a pipe may be given"},
    {"output", 'o', ARGUMENT_TEXT, AT(output), ANSWERS | PREDICT_CALIBRATE, "FILE",
     .help =
         "where the lines go, whole or not at all; ended early, the same command goes on [stdout]"},
    {"force", 0, ARGUMENT_SWITCH, AT(force), ROUTES, NULL,
     .help = "replace outputs that are there"},
    {"stats", 0, ARGUMENT_TEXT, AT(stats), ANSWERS, "FILE",
     .help = "write which experts the tokens went to (skein plot routing); needs --pool"},
    {"trace", 0, ARGUMENT_TEXT, AT(trace), ANSWERS, "FILE",
     .help = "write the experts of each token of the first item (skein plot trace); needs --pool"},
    {"instruction", 0, ARGUMENT_PROSE, AT(instruction), ALL, "TEXT",
     .help = "compared with the experts' instructions, for lines without one"},
    {"task", 0, ARGUMENT_TEXT, AT(task), ALL, "NAME",
     .help = "key in precomputed embeddings, for lines without \"task\""},
    {"bbh", 0, ARGUMENT_SWITCH, AT(bbh), ALL, NULL,
     .help = "--input is a BIG-bench Hard JSON file"},
    {"input-key", 0, ARGUMENT_TEXT, AT(keys.input), ALL, "KEY",
     .help = "JSON key of the input text [input]"},
    {"instruction-key", 0, ARGUMENT_TEXT, AT(keys.instruction), ALL, "KEY",
     .help = "of the instruction [instruction]"},
    {"choices-key", 0, ARGUMENT_TEXT, AT(keys.choices), CHOOSES, "KEY",
     .help = "of the choices [choices]"},
    {"target-key", 0, ARGUMENT_TEXT, AT(keys.target), CHOOSES, "KEY",
     .help = "of the target [target]"},
    {"label-key", 0, ARGUMENT_TEXT, AT(keys.label), PREDICT_SCORE | PREDICT_SUGGEST, "KEY",
     .help = "of the right choice's index [label]"},
    {"choices-from-targets", 0, ARGUMENT_SWITCH, AT(keys.choices_from_targets), CHOOSES, NULL,
     .help = "lines without choices have the targets of their \"template\" in the file"},
    {"strict", 0, ARGUMENT_SWITCH, AT(keys.strict), PREDICT_SCORE, NULL,
     .help = "refuse a file with an item that has no choices, instead of leaving it out"},
    {"max-input", 0, ARGUMENT_COUNT, AT(max_input), ALL, "N",
     .help = "input tokens kept, EOS included", .most = COUNT_MOST},
    {"max-target", 0, ARGUMENT_COUNT, AT(max_target), CHOOSES, "N",
     .help = "tokens of a choice kept, EOS included", .most = COUNT_MOST},
    {"max-output", 0, ARGUMENT_COUNT, AT(max_output), GENERATES, "N",
     .help = "tokens generated at most, EOS included", .most = COUNT_MOST},
    {"beams", 0, ARGUMENT_COUNT, AT(beams), PREDICT_GENERATE, "N",
     .help = "beams of the search; 1: greedy", .most = COUNT_MOST},
    {"length-penalty", 0, ARGUMENT_NUMBER, AT(length_penalty), PREDICT_GENERATE, "P",
     .help = "beams are ranked by log-likelihood / length^P"},
    {"no-generation-config", 0, ARGUMENT_SWITCH, AT(no_generation_config), GENERATES, NULL,
     .help = "pass over the base's generation_config.json"},
    {"batch-tokens", 0, ARGUMENT_COUNT, AT(batch_tokens), ANSWERS | SAMPLES, "N",
     .help = "tokens computed together; memory and speed, not results", .most = COUNT_MOST},
    {"bf16", 0, ARGUMENT_SWITCH, AT(bf16), ALL, NULL,
     .help = "products with weights in bf16: faster, on a processor that has it"},
    {"require-provenance", 0, ARGUMENT_SWITCH, AT(require_provenance), ALL, NULL,
     .help = "refuse gates that do not say which base and expert they are of"},
    {"item", 0, ARGUMENT_TEXT, AT(item), PREDICT_TRACE, "ID",
     .help = "the item that is looked at: its \"id\", else its number from 0 [the first]"},
    {"module", 0, ARGUMENT_TEXT, AT(module), PREDICT_TRACE, "NAME",
     .help = "the module that is looked at [all of them]"},
    {"token", 0, ARGUMENT_TEXT, AT(token), PREDICT_TRACE, "N",
     .help = "the token that is looked at, from 0 [all of them]"},
    {"html", 0, ARGUMENT_TEXT, AT(html), PREDICT_TRACE, "FILE",
     .help = "write all of it as a page to look around in, which needs no network"},
    {"limit", 0, ARGUMENT_COUNT, AT(limit), SAMPLES, "N",
     .help = "items that are asked, drawn from the file by --seed", .most = COUNT_MOST},
    {"seed", 0, ARGUMENT_COUNT, AT(seed), SAMPLES, "N",
     .help = "of the draw of items and of the intervals", .most = COUNT_MOST},
    {"by", 0, ARGUMENT_TEXT, AT(by), PREDICT_SUGGEST, "LIST",
     .help = "what experts are ranked by: some of likelihood, gates, instructions, arrow, norm, "
             "joined with commas [the first three, and the others where gates are missing]"},
    {"json", 0, ARGUMENT_SWITCH, AT(json), PREDICT_TRACE | PREDICT_SUGGEST, NULL,
     .help = "print JSON"},
    {"threads", 0, ARGUMENT_COUNT, AT(threads), ALL, "N", .help = "threads", .most = COUNT_MOST},
    {"set", 's', ARGUMENT_TEXTS, AT(assignment), ALL, "KEY=VALUE",
     .help = "one setting of the router"},
};
const ArgumentTable predict_arguments = {ROWS, sizeof ROWS / sizeof *ROWS};

/* output_check; and what the router makes has another name, though it is not there yet. */
static Status check_output(const char *output, const OutputRule *rule, Error *err) {
  TRY(output_check(output, rule, err));
  for (int i = 0; i < rule->inputs; i++) {
    if (rule->input[i] && output_same(output, rule->input[i]))
      return error_set(err, STATUS_USAGE, "%s: is read, too; name another output", output);
  }
  return STATUS_OK;
}

Status predict_check_outputs(const PredictOptions *o, const PredictInputs *read, Error *err) {
  const char *const output[] = {o->output, o->stats, o->trace, o->html};
  const size_t most = 3 + (read->router ? read->router->count : 0);
  const char **input = calloc(most, sizeof *input);
  if (!input) return error_set(err, STATUS_RUN, "out of memory: what is read");
  input[0] = o->input, input[1] = o->pool, input[2] = read->base;
  const int files = read->router ? options_files(read->router, input + 3) : 0;
  const OutputRule rule = {o->force, input, 3 + files};
  Status status = STATUS_OK;
  for (int i = 0; i < 4 && status == STATUS_OK; i++)
    if (output[i]) status = check_output(output[i], &rule, err);
  free(input);
  return status;
}

/* Of two outputs in one file the second would replace the first. */
static Status check_outputs(const PredictOptions *o, Error *err) {
  const struct {
    const char *name, *path;
  } output[] = {{"output", o->output}, {"stats", o->stats}, {"trace", o->trace}};
  for (int i = 1; i < 3; i++) {
    for (int k = 0; k < i; k++) {
      if (!output[i].path || !output[k].path || !output_same(output[i].path, output[k].path))
        continue;
      return error_set(err, STATUS_USAGE, "--%s: is the same file as --%s", output[i].name,
                       output[k].name);
    }
  }
  return predict_check_outputs(o, &(PredictInputs){o->base, NULL}, err);
}

static Status check_options(const PredictOptions *o, PredictCommand command, Error *err) {
  if (!o->input) return error_set(err, STATUS_USAGE, "--input: is required (the items)");
  if (!o->pool && command & (PREDICT_TRACE | PREDICT_CALIBRATE))
    return error_set(err, STATUS_USAGE, "--pool: is required (the experts that tokens go to)");
  if (!o->output && command == PREDICT_CALIBRATE)
    return error_set(err, STATUS_USAGE, "--output: is required (the file that is made)");
  if (!o->base && !o->pool) {
    return error_set(err, STATUS_USAGE, "--base: is required (or --pool, which names its base)");
  }
  if (!o->pool && (o->router || o->embedder || o->assignment.count > 0 || o->stats || o->trace ||
                   o->no_verify)) {
    return error_set(err, STATUS_USAGE, "%s: needs --pool; the plain base routes nothing",
                     o->router      ? "--router"
                     : o->embedder  ? "--embedder"
                     : o->stats     ? "--stats"
                     : o->trace     ? "--trace"
                     : o->no_verify ? "--no-verify"
                                    : "-s");
  }
  return check_outputs(o, err);
}

static bool is_given(uint64_t given, const char *name) {
  int row = 0;
  while (strcmp(ROWS[row].name, name) != 0) row++;
  return given >> row & 1;
}

Status predict_options_read(PredictOptions *o, PredictCommand command, int argc, char **argv,
                            Error *err) {
  uint64_t given;
  *o = predict_defaults;
  o->keys.use = command & SAMPLES ? ITEMS_CHOSEN : command & CHOOSES ? ITEMS_RANKED : ITEMS_ASKED;
  o->keys.partial = command & (PREDICT_TRACE | SAMPLES);
  o->generates = command & GENERATES;
  o->compared = command == PREDICT_SUGGEST;
  TRY(arguments_read(&predict_arguments, command, o, &given, argc, argv, err));
  /* What is printed is answered as it comes. A file is gone on with, if its items are the same to the
   * last; and label sets are made of all of them. */
  bool whole = !(command & ANSWERS) || o->output || o->bbh || o->keys.choices_from_targets;
  o->keys.source = whole ? ITEMS_TAKEN : ITEMS_FOLLOWED;
  o->given = (PredictGiven){.max_output = is_given(given, "max-output"),
                            .beams = is_given(given, "beams") || command == PREDICT_TRACE,
                            .length_penalty = is_given(given, "length-penalty")};
  bool operand = command == PREDICT_SUGGEST;
  TRY(command_operands(argc, argv, operand, operand, operand ? "the pool" : "nothing but options",
                       err));
  if (operand) o->pool = argv[optind];
  return check_options(o, command, err);
}

void predict_options_free(PredictOptions *o) {
  free(o->assignment.text);
  *o = (PredictOptions){0};
}

PredictSettings predict_options_settings(const PredictOptions *o) {
  return (PredictSettings){.threads = (int)o->threads,
                           .precision = o->bf16 ? PRECISION_BF16 : PRECISION_F32,
                           .max_input = o->max_input,
                           .max_target = o->max_target,
                           .max_output = o->max_output,
                           .batch_tokens = o->batch_tokens,
                           .beams = (int)o->beams,
                           .length_penalty = o->length_penalty};
}

void predict_settings(const char *verb, SettingsSeen *seen, void *arg) {
  (void)verb;
  RouterSettings settings;
  OptionSet set = {0};
  if (router_settings_init(&set, &settings, NULL) == STATUS_OK)
    seen(arg, "Settings of the router", &set);
  options_free(&set);
}
