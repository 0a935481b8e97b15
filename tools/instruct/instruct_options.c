#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/instruct/instruct_tool.h"
#include "tools/shell/command.h"

#define AT(field) offsetof(InstructOptions, field)

static Status parse_seed(void *field, const char *text, Error *err) {
  char *end;
  long long seed = strtoll(text, &end, 10);
  if (*text >= '0' && *text <= '9' && !*end && seed <= 1000000000) {
    *(int64_t *)field = seed;
    return STATUS_OK;
  }
  return error_set(err, STATUS_USAGE,
                   "instruct: --seed: is '%s', want a number from 0 to 1000000000", text);
}

static Status parse_temperature(void *field, const char *text, Error *err) {
  char *end;
  double x = strtod(text, &end);
  if (*text >= '0' && *text <= '9' && !*end && x <= 2) {
    *(double *)field = x;
    return STATUS_OK;
  }
  return error_set(err, STATUS_USAGE, "instruct: --temperature: is '%s', want a number from 0 to 2",
                   text);
}

static const Argument ROWS[] = {
    {"endpoint", .type = ARGUMENT_TEXT, .offset = AT(endpoint), .value = "URL",
     .help = "what /chat/completions is put behind: http://127.0.0.1:8080/v1"},
    {"model", .type = ARGUMENT_TEXT, .offset = AT(model), .value = "NAME",
     .help = "the language model, as the endpoint calls it"},
    {"key-env", .type = ARGUMENT_TEXT, .offset = AT(key_env), .value = "VARIABLE",
     .help = "the variable of the environment that holds the endpoint's key"},
    {"input", .type = ARGUMENT_TEXTS, .offset = AT(input), .value = "NAME=FILE",
     .help = "an expert or task and its data, JSONL or .zst; again for each"},
    {"input-key", .type = ARGUMENT_TEXT, .offset = AT(input_key), .value = "KEY",
     .help = "JSON key of the input (input)"},
    {"target-key", .type = ARGUMENT_TEXT, .offset = AT(target_key), .value = "KEY",
     .help = "JSON key of the target (target); without one the right choice is the output"},
    {"bbh", .type = ARGUMENT_SWITCH, .offset = AT(bbh),
     .help = "the files are BIG-bench Hard JSON"},
    {"output", 'o', ARGUMENT_TEXT, AT(output), .value = "FILE",
     .help = "the instructions, JSONL; FILE.cache keeps every answer at once"},
    {"pool", .type = ARGUMENT_TEXT, .offset = AT(pool), .value = "POOL",
     .help = "also the instructions of this pool's experts"},
    {"force", .type = ARGUMENT_SWITCH, .offset = AT(force),
     .help = "replace FILE where it holds anything but answers to these questions"},
    {"replace", .type = ARGUMENT_SWITCH, .offset = AT(replace),
     .help = "instructions that the pool's experts have give way"},
    {"examples", .type = ARGUMENT_COUNT, .offset = AT(examples), .value = "N", .most = 100,
     .help = "examples that a prompt shows"},
    {"seed", .type = ARGUMENT_OTHER, .offset = AT(way.seed), .parse = parse_seed, .value = "N",
     .help = "draws the examples, and is sent (0)"},
    {"repeat", .type = ARGUMENT_COUNT, .offset = AT(repeat), .value = "R", .most = 100,
     .help = "samples of examples, with a report of how far their instructions are apart"},
    {"embedder", .type = ARGUMENT_TEXT, .offset = AT(embedder), .value = "KIND|DIR",
     .help = "of the report: lexical (default), encoder, endpoint, or an encoder of sentences"},
    {"embed-model", .type = ARGUMENT_TEXT, .offset = AT(embed_model), .value = "NAME",
     .help = "the model that it is, at the same endpoint"},
    {"embed-prompt", .type = ARGUMENT_TEXT, .offset = AT(embed.sentence.prompt), .value = "NAME",
     .help = "the prompt of that encoder of sentences that is put before every instruction"},
    {"embed-prefix", .type = ARGUMENT_TEXT, .offset = AT(embed.sentence.prefix), .value = "TEXT",
     .help = "the text that is put there"},
    {"embed-dimensions", .type = ARGUMENT_COUNT, .offset = AT(embed.sentence.dimensions),
     .most = 1000000, .value = "N", .help = "leading numbers of its vectors that are kept"},
    {"base", .type = ARGUMENT_TEXT, .offset = AT(base), .value = "DIR",
     .help = "the T5 whose encoder it is"},
    {"template", .type = ARGUMENT_TEXT, .offset = AT(pattern), .value = "FILE",
     .help = "another prompt; {examples} stands where they go, a line of JSON each"},
    {"longest", .type = ARGUMENT_COUNT, .offset = AT(longest), .value = "BYTES", .most = 1000000,
     .help = "of an input or output that is shown; more is cut"},
    {"temperature", .type = ARGUMENT_OTHER, .offset = AT(way.temperature),
     .parse = parse_temperature, .value = "X", .help = "sent where it is given"},
    {"max-tokens", .type = ARGUMENT_COUNT, .offset = AT(way.max_tokens), .value = "N",
     .most = 100000, .help = "sent where it is given (not 0)"},
    {"timeout", .type = ARGUMENT_COUNT, .offset = AT(timeout), .value = "SECONDS", .most = 86400,
     .help = "for an answer"},
    {"tries", .type = ARGUMENT_COUNT, .offset = AT(tries), .value = "N", .most = 20,
     .help = "of a question, where what failed may pass"},
    {"share-examples", .type = ARGUMENT_SWITCH, .offset = AT(share_examples),
     .help = "let the examples leave this machine; each is shown before it is sent"},
    {"dry-run", .type = ARGUMENT_SWITCH, .offset = AT(dry_run),
     .help = "show what would be sent, and to whom; nothing is sent or written"},
    {"json", .type = ARGUMENT_SWITCH, .offset = AT(json), .help = "the report as a JSON object"},
};
const ArgumentTable instruct_arguments = {ROWS, sizeof ROWS / sizeof *ROWS};

const InstructOptions instruct_defaults = {.examples = 3,
                                           .repeat = 1,
                                           .longest = 2000,
                                           .timeout = 300,
                                           .tries = 4,
                                           .way = {.temperature = -1},
                                           .embed = {.kind = EMBEDDER_LEXICAL}};

/* What is said of the embedder fits it. */
static const char *wrong_embedder(const InstructOptions *o) {
  const SentenceSettings *s = &o->embed.sentence;
  const EmbedderKind kind = o->embed.kind;
  if (kind == EMBEDDER_PRECOMPUTED) return "--embedder precomputed has no vectors of new texts";
  if (o->base && kind != EMBEDDER_ENCODER) return "--base is of --embedder encoder";
  if (kind == EMBEDDER_ENCODER && !o->base) return "--embedder encoder wants --base DIR";
  if ((kind == EMBEDDER_ENDPOINT) != (o->embed_model != NULL))
    return "--embedder endpoint goes with --embed-model NAME";
  if (kind != EMBEDDER_SENTENCE && (s->prompt || s->prefix || s->dimensions))
    return "--embed-prompt, --embed-prefix and --embed-dimensions are of --embedder DIR";
  return o->embedder && o->repeat < 2 ? "--embedder is of --repeat 2 or more" : NULL;
}

static Status check(InstructOptions *o, Error *err) {
  if (o->embedder)
    TRY(embedder_named(o->embedder, "instruct: --embedder", &o->embed.kind, &o->embed.sentence.dir,
                       err));
  const char *wrong = wrong_embedder(o);
  if (o->replace && !o->pool) wrong = "--replace is of --pool";
  if (o->json && o->repeat < 2) wrong = "--json is of the report of --repeat 2 or more";
  if (!o->output) wrong = "--output FILE is missing";
  if (o->input.count == 0) wrong = "--input NAME=FILE is missing";
  if (!o->model) wrong = "--model NAME is missing";
  if (!o->endpoint) wrong = "--endpoint URL is missing";
  if (!wrong) return STATUS_OK;
  return error_set(err, STATUS_USAGE, "instruct: %s; see skein instruct --help", wrong);
}

Status instruct_options_read(InstructOptions *o, int argc, char **argv, Error *err) {
  *o = instruct_defaults;
  TRY(arguments_read(&instruct_arguments, 0, o, NULL, argc, argv, err));
  TRY(command_operands(argc, argv, 0, 0, "", err));
  return check(o, err);
}
